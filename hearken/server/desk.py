"""What an assistant may ask of libraries, and the answers as plain values: hearken/server/mcp.py puts this behind a protocol.

Sounds are named by library and id. Nothing is changed but for excerpts, which are written into the one folder that the user allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import AudioReadError, InputError, QueryError, StoreError, show
from hearken.files import write_whole
from hearken.library.notebook import Annotation, Notebook
from hearken.library.records import FileRecord
from hearken.library.whereabouts import bounds_in, find_files, marks_of
from hearken.search import browse
from hearken.search.answer import Answer, Wish
from hearken.search.excerpts import excerpt_names, unwritable
from hearken.search.library import Library
from hearken.search.listing import Line
from hearken.search.query import SearchRequest, made_filters
from hearken.search.saved import find_collection
from hearken.search.selection import marked_files

MAX_LIMIT = 50
"""Most sounds in one answer: an assistant reads them all."""
_MAX_FOLDERS = 50
_MAX_LABELS = 50
_MAX_CUT_S = 600.0

Values = dict[str, Any]
Cut = Callable[[str, float, float], bytes]
"""Returns the stretch of a file, from one second to another, as FLAC. Raises AudioError."""


@dataclass(frozen=True)
class Narrowing:
    """Which sounds may answer: lengths in seconds, a folder or path pattern, formats, labels of `hearken tag`, the name of a collection."""

    min_duration_s: float | None = None
    max_duration_s: float | None = None
    folder: str | None = None
    formats: Sequence[str] = ()
    labels: Sequence[str] = ()
    collection: str | None = None


class Desk:
    """Answers questions about `libraries` by name; excerpts go into `out`, if given, cut by `cut`. Methods raise HearkenErrors."""

    def __init__(self, libraries: Mapping[str, Library], out: Path | None, cut: Cut) -> None:
        self._libraries, self.out, self._cut = dict(libraries), out, cut

    @property
    def names(self) -> list[str]:
        """The names of the libraries."""
        return list(self._libraries)

    def library(self, name: str | None) -> tuple[str, Library]:
        """Return the library of this name, or the only one. Raises QueryError."""
        if name is None and len(self._libraries) == 1:
            name = next(iter(self._libraries))
        if name not in self._libraries:
            what = "Name a library" if name is None else f"There is no library {show(name)!r}"
            raise QueryError(f"{what}; there are: {', '.join(self._libraries)}.")
        return name, self._libraries[name]

    def describe(self, name: str | None) -> Values:
        """Return what a library holds: counts, length, formats, folders, labels, collections and saved searches, the most frequent of each."""
        name, library = self.library(name)
        info = library.info()
        folders = sorted(browse.folders(library), key=lambda folder: -folder.num_files)
        with Notebook(library.path) as notebook:
            labels, collections = notebook.label_counts(), notebook.collections()
            searches = [each.name for each in notebook.searches()]
        return {
            "library": name,
            "num_files": info.stats.num_files,
            "hours": round(info.stats.duration_s / 3600, 2),
            "model": info.model.name,
            "formats": dict(info.stats.containers),
            "folders": {folder.path: folder.num_files for folder in folders[:_MAX_FOLDERS]},
            "labels": dict(list(labels.items())[:_MAX_LABELS]),
            "collections": {each.name: each.num_items for each in collections},
            "saved_searches": searches,
        }

    def search(self, name: str | None, text: str, without: str | None, limit: int, narrowing: Narrowing) -> Values:
        """Return the best hits for a description."""
        name, library = self.library(name)
        return self._answer(name, library, Wish(text, without), limit, narrowing)

    def similar(self, name: str | None, sound: int, span: tuple[float | None, float | None], limit: int, narrowing: Narrowing) -> Values:
        """Return what sounds like a sound of the library, or like a stretch of it."""
        name, library = self.library(name)
        return self._answer(name, library, Wish(like=sound, span=browse.span_of(*span)), limit, narrowing)

    def details(self, name: str | None, sound: int) -> Values:
        """Return all that is known of one sound."""
        name, library = self.library(name)
        record, store = self._record(library, sound), library.parts().store
        versions = store.browser.versions([record.id])
        caption = store.captions_of([versions[record.id]]).get(versions[record.id], "")
        known = marks_of(store, [record]).get(record.id, Annotation())
        with Notebook(library.path) as notebook:
            names = {each.id: each.name for each in notebook.collections()}
        return {
            "library": name,
            "id": record.id,
            "path": show(record.path),
            "duration_s": round(record.duration_s, 3),
            "size_bytes": record.size,
            "rate_hz": record.rate_hz,
            "num_channels": record.num_channels,
            "container": record.container,
            "codec": record.codec,
            "flags": sorted(record.flags),
            "tags": {show(key): show(value) for key, value in record.tags.items()},
            "machine_caption": caption or None,
            "labels": [label.label for label in known.labels],
            "note": known.note,
            "collections": [names[each] for each in known.collections if each in names],
            "copies": [show(each.path) for each in store.files(store.browser.copies(record.id))],
        }

    def collection(self, name: str | None, collection: str, limit: int) -> Values:
        """Return what a collection holds, newest first; what is not in the library any more is left out."""
        name, library = self.library(name)
        store = library.parts().store
        with Notebook(library.path) as notebook:
            items = notebook.items(find_collection(library.path, collection), _limited(limit))
        records, sounds = find_files(store, [item.sound for item in items]), list[Values]()
        for item in items:
            if item.sound in records:
                record = records[item.sound]
                span = bounds_in(item.span, record.duration_s)
                sounds.append(_told(record, span.start_s, span.end_s))
        return {"library": name, "collection": collection, "sounds": sounds}

    def excerpt(self, name: str | None, sound: int, start_s: float, end_s: float) -> Values:
        """Cut a stretch out as FLAC, into the folder that was allowed, and return where. An excerpt that is there is replaced."""
        if self.out is None:
            raise QueryError("No folder for excerpts was allowed.", "The user starts `hearken mcp --out DIR` to allow one.")
        name, library = self.library(name)
        record = self._record(library, sound)
        if not 0 <= start_s < end_s or start_s >= record.duration_s or end_s - start_s > _MAX_CUT_S:
            raise InputError(
                f"The sound lasts {record.duration_s:.2f} s; it has no stretch from {start_s:g} s to {end_s:g} s of at most {_MAX_CUT_S:.0f} s."
            )
        end_s = min(end_s, record.duration_s)
        content = self._cut(record.path, start_s, end_s)
        stem = re.sub(r"^\d+ ", "", excerpt_names([Line(record.path, start_s, end_s, record.duration_s)], "")[0])
        path = self.out / f"{name} {record.id} {stem} to {end_s:.1f}s.flac"
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except OSError as error:
            raise unwritable(path, error) from error
        return {
            "library": name,
            "id": record.id,
            "start_s": start_s,
            "end_s": round(end_s, 3),
            "file": str(path),
            "size_bytes": len(content),
        }

    def close(self) -> None:
        """Release the libraries."""
        for library in self._libraries.values():
            library.close()

    def _answer(self, name: str, library: Library, wish: Wish, limit: int, narrowing: Narrowing) -> Values:
        filters = made_filters(narrowing.min_duration_s, narrowing.max_duration_s, narrowing.folder, narrowing.formats, (), ())
        collection = None if narrowing.collection is None else find_collection(library.path, narrowing.collection)
        only = marked_files(library.parts().store, narrowing.labels, collection)
        found = library.answer(wish, SearchRequest(_limited(limit), filters=filters, only=only))
        notes = [note for each in found.understood for note in each.notes]
        if found.hits and all(hit.weak for hit in found.hits):
            notes.append("None of these seems to be what was asked for; they are only the nearest.")
        return {"library": name, "notes": notes, "sounds": _hits(found)}

    def _record(self, library: Library, sound: int) -> FileRecord:
        found = library.parts().store.files([sound])
        if not found:
            raise QueryError(f"There is no sound with the id {sound}.", "Search first: every hit has its id.")
        return found[0]


def open_libraries(places: Sequence[tuple[str, Path]], make: Callable[[Path], Library] = Library) -> dict[str, Library]:
    """Return the libraries by name, a number behind a name that comes again. Raises StoreError for one that cannot be opened."""
    found: dict[str, Library] = {}
    for name, path in places:
        library = make(path)
        library.info()  # told now, where a user reads it, and not to an assistant later
        numbers = (f"{name}-{number}" if number > 1 else name for number in range(1, len(places) + 1))
        found[next(each for each in numbers if each not in found)] = library
    if not found:
        raise StoreError("No library was named.")
    return found


def cut_isolated(path: str, start_s: float, end_s: float) -> bytes:
    """Return a stretch as FLAC, decoded in a process of its own. Raises AudioError."""
    from hearken.audio import viewing

    try:
        return viewing.cut(path, start_s, end_s, format="flac")
    except TimeoutError as error:
        raise AudioReadError(f"{show(os.path.basename(path))} could not be read in time.", "Try again, or a shorter stretch.") from error


def _hits(found: Answer) -> list[Values]:
    sounds = []
    for hit, record in zip(found.hits, found.records, strict=True):
        told = _told(record, hit.start_s, hit.end_s) | {"score": round(hit.score, 4)}
        if hit.confidence is not None:
            told |= {"confidence": round(hit.confidence, 3), "weak": hit.weak}
        if hit.machine_caption:
            told["machine_caption"] = hit.machine_caption
        sounds.append(told | ({"copies": [show(path) for path in hit.duplicates]} if hit.duplicates else {}))
    return sounds


def _told(record: FileRecord, start_s: float, end_s: float) -> Values:
    return {
        "id": record.id, "path": show(record.path), "start_s": round(start_s, 3), "end_s": round(min(end_s, record.duration_s), 3),
        "duration_s": round(record.duration_s, 3),
    }  # fmt: skip


def _limited(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"The limit must be from 1 to {MAX_LIMIT}, not {limit}.")
    return limit
