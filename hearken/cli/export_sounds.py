"""What `hearken export` does with sounds: those of a search, a saved search or a collection, as a list or cut out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.saving import check_place, lines_of, save
from hearken.errors import QueryError, show

if TYPE_CHECKING:
    from hearken.search.library import Library
    from hearken.search.listing import Line


@dataclass(frozen=True)
class Wanted:
    """Which sounds: one of `search` (a text), `collection` and `saved` (names) is set; at most `k` hits, `pad_s` more around each cut."""

    search: str | None
    collection: str | None
    saved: str | None
    k: int
    pad_s: float


def export_sounds(wanted: Wanted, library: Path | None, out: Path, *, as_json: bool) -> None:
    """Write the sounds to `out`. Exits with 3 where some could not be cut. Raises InputError, StoreError."""
    from hearken.search.library import Library

    form = check_place(out)
    with Library(library) as opened:
        lines, title = _lines(wanted, opened)
        whole = save(lines, out, title=title, quiet=as_json, pad_s=wanted.pad_s)
    if as_json:
        output.print_json({"library": str(opened.path), "out": str(out), "format": form, "num_sounds": len(lines), "complete": whole})
    if not whole:
        raise typer.Exit(EXIT_SOME_FAILED)


def _lines(wanted: Wanted, library: Library) -> tuple[list[Line], str]:
    from hearken.search.saved import answer_saved, find_search

    if wanted.collection is not None:
        return _collected(library, wanted.collection), wanted.collection
    if wanted.saved is not None:
        found = answer_saved(library, find_search(library.path, wanted.saved).query, wanted.k)
        return lines_of(library, found.hits), wanted.saved
    text = wanted.search or ""
    return lines_of(library, library.search(text, k=wanted.k)), text


def _collected(library: Library, name: str) -> list[Line]:
    """Return the items of a collection, those whose sounds are in the library; says how many are not."""
    from hearken.library.notebook import Notebook
    from hearken.library.whereabouts import bounds_in, find_files
    from hearken.search.saved import find_collection
    from hearken.types import Hit

    store = library.parts().store
    collection_id = find_collection(library.path, name)
    with Notebook(library.path) as notebook:
        items = notebook.items(collection_id)
    hits, records = [], find_files(store, [item.sound for item in items])
    for item in items:
        here = records.get(item.sound)
        if here is not None:
            span = bounds_in(item.span, here.duration_s)
            hits.append(Hit(here.path, span.start_s, span.end_s, 0.0, here.duration_s))
    if len(hits) < len(items):
        output.note(f"{output.plural(len(items) - len(hits), 'sound')} of {show(name)!r} are not in the library (any more)")
    if not hits:
        raise QueryError(f"The collection {show(name)!r} holds no sound that is in the library.")
    from dataclasses import replace

    return [replace(line, score=None) for line in lines_of(library, hits)]
