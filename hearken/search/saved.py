"""Saved searches: the parameters of a search under a name, by the names that the HTTP API has for them, so that page and command line share them.

Unknown parameters of a newer version are passed over; those that make no sense are refused where the search is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hearken.errors import QueryError, show
from hearken.library.notebook import Collection, Notebook, SavedSearch
from hearken.search.answer import Answer, Wish
from hearken.search.library import Library
from hearken.search.query import SearchRequest, made_filters
from hearken.search.selection import marked_files
from hearken.types import Span

Named = TypeVar("Named", SavedSearch, Collection)
Number = TypeVar("Number", int, float)


def names(folder: str | os.PathLike[str]) -> list[str]:
    """Return the names of the saved searches of the library in `folder`, in the order in which they were saved. Raises StoreError."""
    with Notebook(folder) as notebook:
        return [each.name for each in notebook.searches()]


def find_search(folder: str | os.PathLike[str], name: str) -> SavedSearch:
    """Return the saved search of this name; the case of letters does not count unless two differ in it alone. Raises QueryError."""
    with Notebook(folder) as notebook:
        searches = notebook.searches()
    return _by_name(searches, name, "saved search", "`hearken search --searches` lists them.")


def find_collection(folder: str | os.PathLike[str], name: str) -> int:
    """Return the id of the collection of this name, as `find_search` does. Raises QueryError."""
    with Notebook(folder) as notebook:
        collections = notebook.collections()
    known = [each.name for each in collections]
    hint = f"There are: {', '.join(map(show, known[:10]))}."
    return _by_name(collections, name, "collection", hint).id


def answer_saved(library: Library, query: Mapping[str, Any], k: int) -> Answer:
    """Return at most `k` hits for the parameters of a saved search. Raises QueryError for parameters that make no sense, StoreError."""
    only = marked_files(library.parts().store, _texts(query, "label"), _number(query, "collection", int))
    filters = made_filters(
        _number(query, "min_duration_s", float), _number(query, "max_duration_s", float), _text(query, "folder"), _texts(query, "format"),
        _numbers(query, "rate_hz"), _numbers(query, "channels"),
    )  # fmt: skip
    request = SearchRequest(k, _flag(query, "moments"), not _flag(query, "no_fold"), filters, only)
    sound_only = _flag(query, "sound_only")
    like, start_s, end_s = _number(query, "like", int), _number(query, "like_start_s", float), _number(query, "like_end_s", float)
    span = Span(start_s, end_s) if start_s is not None and end_s is not None else None
    text = _text(query, "q")
    if text is None and like is None:
        raise QueryError("The saved search seeks nothing: it has neither a text nor a sound.", "Save it again.")
    captions = not (sound_only or _flag(query, "no_captions"))
    return library.answer(Wish(text, _text(query, "not"), like, span, None, not sound_only, captions, _flag(query, "as_typed")), request)


def told(query: Mapping[str, Any]) -> str:
    """Return a saved search in words, for a list: its text, what it should not be like, and its other parameters."""
    parts = [_text(query, "q") or (f"like sound {query['like']}" if query.get("like") else "")]
    if query.get("not"):
        parts.append(f"not {query['not']}")
    parts += [f"{name} {value}" for name, value in query.items() if name not in {"q", "not", "like"} and value not in (None, "", [], False)]
    return ", ".join(part for part in parts if part)


def _by_name(things: Sequence[Named], name: str, what: str, hint: str) -> Named:
    wanted = name.casefold()
    for found in ([thing for thing in things if thing.name == name], [thing for thing in things if thing.name.casefold() == wanted]):
        if len(found) == 1:
            return found[0]
    raise QueryError(f"There is no {what} {show(name)!r}.", hint)


def _text(query: Mapping[str, Any], name: str) -> str | None:
    value = query.get(name)
    return str(value) if value not in (None, "") else None


def _texts(query: Mapping[str, Any], name: str) -> list[str]:
    value = query.get(name) or []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def _numbers(query: Mapping[str, Any], name: str) -> list[int]:
    return [_made(int, each, name) for each in _texts(query, name)]


def _number(query: Mapping[str, Any], name: str, kind: Callable[[Any], Number]) -> Number | None:
    value = query.get(name)
    return None if value in (None, "") else _made(kind, value, name)


def _made(kind: Callable[[Any], Number], value: object, name: str) -> Number:
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise QueryError(f"The saved search has {value!r} for {name}.", "Save it again.") from error


def _flag(query: Mapping[str, Any], name: str) -> bool:
    return str(query.get(name, "")).lower() in {"true", "1"}
