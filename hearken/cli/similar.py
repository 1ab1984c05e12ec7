"""`hearken similar`: find what sounds like a given file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from hearken.cli import output
from hearken.cli.options import (
    CountOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    MaxDurationOption,
    MinDurationOption,
    ModelOption,
    MomentsOption,
    NoFoldOption,
    PathOption,
    ready_model,
)
from hearken.cli.search import show_hits
from hearken.errors import AudioReadError, show


def similar(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound file; it need not be in the library.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    k: CountOption = 10,
    json: JsonOption = False,
    min_duration: MinDurationOption = None,
    max_duration: MaxDurationOption = None,
    path: PathOption = None,
    format: FormatOption = None,  # noqa: A002  as in search
    moments: MomentsOption = False,
    no_fold: NoFoldOption = False,
) -> None:
    """Find sounds that are like a file: hearken similar door.wav."""
    from hearken.search.library import Library

    if hint := output.folder_hint(file):
        raise AudioReadError(f"{show(file)} is a folder, not a sound file.", hint)
    with Library(library, model=ready_model(model)) as opened:
        started_s = time.perf_counter()
        hits = opened.similar(
            file,
            k=k,
            min_duration_s=min_duration,
            max_duration_s=max_duration,
            path_glob=path,
            formats=tuple(format or ()),
            moments=moments,
            fold=not no_fold,
        )
        show_hits(os.path.abspath(file), opened, hits, time.perf_counter() - started_s, as_json=json)
