"""`hearken search`: describe a sound, get the files and the moments that fit best."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

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
from hearken.errors import QueryError, show

if TYPE_CHECKING:
    from hearken.search.library import Library
    from hearken.search.wording import Understood
    from hearken.types import Hit

WEAK_SCORE = 0.25
"""Of models without a calibration: a best hit below this is most likely chance, for those whose scores lie where those of *pocket* do."""
_ALL_WEAK = "Nothing here seems to match; these are only the nearest. Try other words, in English."
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
    as_typed: Annotated[
        bool, typer.Option("--as-typed", help="Take the text as it stands: mend no typing errors, read no 'without'.")
    ] = False,
) -> None:
    """Find sounds by describing them: hearken search "a door slams"."""
    from hearken.search import wording
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
            as_typed=as_typed,
        )
        took_s = time.perf_counter() - started_s
        read = wording.as_typed if as_typed else opened.understand
        understood = [read(each) for each in (query, not_text) if each is not None]
        if not json:
            for told in dict.fromkeys(told for each in understood for told in each.notes):
                output.note(show(told))
        show_hits(query, opened, hits, took_s, as_json=json, understood=understood)
    if not json and nothing_fits(hits):
        output.note(_ALL_WEAK)


def show_hits(
    query: str, library: Library, hits: Sequence[Hit], seconds: float, *, as_json: bool, understood: Sequence[Understood] = ()
) -> None:
    """Print `hits` for `query`: as one JSON object, or as a table with the time it took, or why there are none.

    `understood` is how the text, and that of --not, were read.
    """
    if as_json:
        read = {"understood": understood_json(understood)} if understood else {}
        found = [output.hit_json(hit) for hit in hits]
        output.print_json({"query": query, "library": str(library.path), **read, "hits": found})
        return
    screen = output.console()
    if not hits:
        empty = not library.info().stats.num_files
        reason = "The library is empty. Fill it with `hearken index DIR`." if empty else _NO_HIT
        screen.print(reason)
        return
    output.print_hits(hits, screen)
    output.note(f"{output.plural(len(hits), 'hit')} in {seconds * 1000:.0f} ms")


def nothing_fits(hits: Sequence[Hit]) -> bool:
    """Say whether none of the hits seems to be what was asked for; of a model without a calibration that is said on a terminal alone."""
    if not hits:
        return False
    if all(hit.confidence is None for hit in hits):
        return hits[0].score < WEAK_SCORE and sys.stdout.isatty()
    return all(hit.weak for hit in hits)


def understood_json(understood: Sequence[Understood]) -> dict[str, Any]:
    """Return how the text, and that of --not, were read: what was encoded, in which parts of time, what against, and what was changed."""
    wanted, *unwanted = understood
    against = [text for text in (*(each.text for each in unwanted), wanted.not_text) if text]
    notes = dict.fromkeys(told for each in understood for told in each.notes)
    return {"text": wanted.text, "parts": list(wanted.parts), "not_text": " or ".join(against) or None, "notes": list(notes)}
