"""`hearken search`: describe a sound, get the files and the moments that fit best."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

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
from hearken.errors import QueryError

if TYPE_CHECKING:
    from hearken.search.library import Library
    from hearken.types import Hit

WEAK_SCORE = 0.25
"""A best hit below this is most likely chance: what fits a description scores about 0.35 and more with *pocket*, which knows English only."""
_NO_HIT = "Nothing in the library passes these filters. `hearken info` shows what it holds."


def search(
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="The sound in plain words.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    k: CountOption = 10,
    json: JsonOption = False,
    not_text: Annotated[str | None, typer.Option("--not", metavar="TEXT", help="What it should not sound like.")] = None,
    min_duration: MinDurationOption = None,
    max_duration: MaxDurationOption = None,
    path: PathOption = None,
    format: FormatOption = None,  # noqa: A002  Typer shows this name to nobody, but keeps it in order with the option
    moments: MomentsOption = False,
    no_fold: NoFoldOption = False,
    sound_only: Annotated[bool, typer.Option("--sound-only", help="Go by the sound alone; ignore names, tags and captions.")] = False,
    no_captions: Annotated[bool, typer.Option("--no-captions", help="Ignore captions that a machine made.")] = False,
) -> None:
    """Find sounds by describing them: hearken search "a door slams"."""
    from hearken.search.library import Library

    query = " ".join(text)
    if not_text is not None and not not_text.strip():
        raise QueryError("The text of --not is empty.", "Say what the sound should not be like, or leave --not out.")
    with Library(library, model=ready_model(model)) as opened:
        started_s = time.perf_counter()
        hits = opened.search(
            query,
            k=k,
            not_text=not_text,
            min_duration_s=min_duration,
            max_duration_s=max_duration,
            path_glob=path,
            formats=tuple(format or ()),
            moments=moments,
            fold=not no_fold,
            names=not sound_only,
            captions=not (sound_only or no_captions),
        )
        show_hits(query, opened, hits, time.perf_counter() - started_s, as_json=json)
    if hits and hits[0].score < WEAK_SCORE and not json and sys.stdout.isatty():
        output.note("Nothing fits well; try other words, in English.")


def show_hits(query: str, library: Library, hits: Sequence[Hit], seconds: float, *, as_json: bool) -> None:
    """Print `hits` for `query`: as one JSON object, or as a table with the time it took, or why there are none."""
    if as_json:
        output.print_json({"query": query, "library": str(library.path), "hits": [output.hit_json(hit) for hit in hits]})
        return
    screen = output.console()
    if not hits:
        empty = not library.info().stats.num_files
        reason = "The library is empty. Fill it with `hearken index DIR`." if empty else _NO_HIT
        screen.print(reason)
        return
    output.print_hits(hits, screen)
    output.note(f"{output.plural(len(hits), 'hit')} in {seconds * 1000:.0f} ms")
