"""`hearken search`: describe a sound, get the files and the moments that fit best."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import completing, output
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
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="The sound in plain words.")] = None,
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
    label: LabelOption = None,
    collection: CollectionOption = None,
    save_to: SaveOption = None,
    save_as: Annotated[str | None, typer.Option("--save-as", metavar="NAME", help="Keep this search under a name.")] = None,
    saved: Annotated[
        str | None,
        typer.Option(
            "--saved",
            metavar="NAME",
            autocompletion=completing.saved_searches,
            help="Run a search that was kept; other options change it for once.",
        ),
    ] = None,
    searches: Annotated[bool, typer.Option("--searches", help="List the searches that were kept.")] = False,
    forget: Annotated[
        str | None,
        typer.Option("--forget", metavar="NAME", autocompletion=completing.saved_searches, help="Forget a search that was kept."),
    ] = None,
) -> None:
    """Find sounds by describing them: hearken search "a door slams"."""
    from hearken.search.library import Library

    query = " ".join(text or ())
    if not_text is not None and not not_text.strip():
        raise QueryError("The text of --not is empty.", "Say what the sound should not be like, or leave --not out.")
    if text is None and saved is None and not searches and forget is None:
        raise typer.BadParameter("TEXT is missing: describe a sound, such as 'rain on a tin roof'.")
    if save_to is not None:
        check_place(save_to)  # a wrong name is told before anything is sought
    if save_as is not None:
        from hearken.library.notebook_records import clean_name

        save_as = clean_name(save_as)
    with Library(library, model=ready_model(model)) as opened:
        if searches or forget is not None:
            saved_searches(opened, forget, as_json=json)
            return
        asked = {
            "not": not_text, "min_duration_s": min_duration, "max_duration_s": max_duration, "folder": path,
            "format": list(format or ()), "moments": moments, "no_fold": no_fold, "sound_only": sound_only, "no_captions": no_captions,
            "as_typed": as_typed, "label": list(label or ()), "collection": _collection_id(opened, collection),
        }  # fmt: skip
        asked = {name: value for name, value in asked.items() if value is not None and value is not False and value != []}
        if text is not None:
            asked["q"] = query  # an empty one is refused where it is read
        if saved is not None:
            from hearken.search.saved import find_search

            asked = {**find_search(opened.path, saved).query, **asked}
        note_unknown(opened, label or ())
        _run(opened, asked, k, save_to, as_json=json, is_saved=saved is not None)
        if save_as is not None:
            from hearken.library.notebook import Notebook

            with Notebook(opened.path) as notebook:
                notebook.put_search(save_as, asked)
            output.note(f"kept as {show(save_as)!r}")


def _searched(library: Library, asked: Mapping[str, Any], k: int, *, is_saved: bool) -> tuple[list[Hit], list[Understood]]:
    """Make a search from its parameters; return its hits, and how its texts were read."""
    from hearken.search import saved, wording

    if is_saved:
        found = saved.answer_saved(library, asked, k)
        return found.hits, found.understood
    marks = {name: asked[key] for name, key in (("labels", "label"), ("collection", "collection")) if key in asked}
    sound_only = "sound_only" in asked
    hits = library.search(
        asked["q"],
        k=k,
        not_text=asked.get("not"),
        min_duration_s=asked.get("min_duration_s"),
        max_duration_s=asked.get("max_duration_s"),
        path_glob=asked.get("folder"),
        formats=tuple(asked.get("format", ())),
        moments="moments" in asked,
        fold="no_fold" not in asked,
        names=not sound_only,
        captions=not (sound_only or "no_captions" in asked),
        as_typed="as_typed" in asked,
        **marks,
    )
    read = wording.as_typed if "as_typed" in asked else library.understand
    return hits, [read(asked[name]) for name in ("q", "not") if name in asked]


def _run(library: Library, asked: Mapping[str, Any], k: int, save_to: Path | None, *, as_json: bool, is_saved: bool) -> None:
    """Make a search, print its hits and keep them if a place is named."""
    started_s = time.perf_counter()
    hits, understood = _searched(library, asked, k, is_saved=is_saved)
    took_s = time.perf_counter() - started_s
    if not as_json:
        for told in dict.fromkeys(told for each in understood for told in each.notes):
            output.note(show(told))
    query = str(asked.get("q", ""))
    show_hits(query, library, hits, took_s, as_json=as_json, understood=understood)
    if not as_json and nothing_fits(hits):
        output.note(_ALL_WEAK)
    if save_to is not None and not save(lines_of(library, hits), save_to, title=query, quiet=as_json):
        raise typer.Exit(EXIT_SOME_FAILED)


def _collection_id(library: Library, name: str | None) -> int | None:
    from hearken.search.saved import find_collection

    return None if name is None else find_collection(library.path, name)


def saved_searches(library: Library, forget: str | None, *, as_json: bool) -> None:
    """Forget a search of this name, or list all that were kept."""
    from hearken.library.notebook import Notebook
    from hearken.search.saved import find_search, told

    if forget is not None:
        gone = find_search(library.path, forget)
        with Notebook(library.path) as notebook:
            notebook.delete_search(gone.id)
        if as_json:
            output.print_json({"library": str(library.path), "forgotten": gone.name})
        else:
            output.note(f"{show(gone.name)!r} is forgotten")
        return
    with Notebook(library.path) as notebook:
        kept = notebook.searches()
    if as_json:
        output.print_json({"library": str(library.path), "searches": [{"name": each.name, "query": dict(each.query)} for each in kept]})
    elif kept:
        output.console().print(output.table(("name", "search"), [(each.name, told(each.query)) for each in kept], folding=("search",)))
    else:
        output.note("No search was kept; --save-as NAME keeps one.")


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
