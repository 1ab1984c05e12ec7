"""`hearken similar`: find what sounds like a given file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_SOME_FAILED
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
from hearken.cli.saving import CollectionOption, LabelOption, SaveOption, check_place, lines_of, note_unknown, save
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
    label: LabelOption = None,
    collection: CollectionOption = None,
    save_to: SaveOption = None,
) -> None:
    """Find sounds that are like a file: hearken similar door.wav."""
    from hearken.search.library import Library
    from hearken.search.saved import find_collection

    if hint := output.folder_hint(file):
        raise AudioReadError(f"{show(file)} is a folder, not a sound file.", hint)
    if save_to is not None:
        check_place(save_to)
    with Library(library, model=ready_model(model)) as opened:
        marks: dict[str, Any] = {"labels": tuple(label)} if label else {}
        note_unknown(opened, label or ())
        if collection is not None:
            marks["collection"] = find_collection(opened.path, collection)
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
            **marks,
        )
        show_hits(os.path.abspath(file), opened, hits, time.perf_counter() - started_s, as_json=json)
        if save_to is not None and not save(lines_of(opened, hits), save_to, title=os.path.basename(file), quiet=json):
            raise typer.Exit(EXIT_SOME_FAILED)
