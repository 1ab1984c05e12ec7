"""Where the sounds of a notebook are now: their files in a library, whatever happened to it since they were noted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hearken.library.notebook import Notebook
from hearken.library.notebook_records import Annotation, SoundKey
from hearken.library.records import FileRecord
from hearken.library.store import SqliteStore
from hearken.types import Span


def find_files(store: SqliteStore, keys: Sequence[SoundKey]) -> dict[SoundKey, FileRecord]:
    """Return the file of each sound, those that the library does not hold left out. Raises StoreError.

    A sound is found by its content, wherever it moved; of several copies the one at the known path, or else the oldest entry. One whose
    content is gone is found by its path: the file there is an edited version of it.
    """
    by_content: dict[str, list[FileRecord]] = {}
    for each in store.files(sorted(store.browser.with_content({key.content_hash for key in keys}))):
        by_content.setdefault(each.content_hash, []).append(each)
    found: dict[SoundKey, FileRecord] = {}
    for key in keys:
        copies = by_content.get(key.content_hash, [])
        here = next((copy for copy in copies if copy.path == key.path), copies[0] if copies else None)
        record = _edited(store, key) if here is None else here
        if record is not None:
            found[key] = record
    return found


def contents_here(store: SqliteStore, content_hashes: Sequence[str]) -> set[str]:
    """Return those of some content hashes that files of the library have. Raises StoreError."""
    return store.browser.contents(set(content_hashes))


def all_files(store: SqliteStore, keys: Collection[SoundKey]) -> frozenset[int]:
    """Return the ids of all files of some sounds, copies included, each found as `find_files` does. Raises StoreError."""
    hashes = {key.content_hash for key in keys}
    here = store.browser.contents(hashes)
    edited = {key.path for key in keys if key.path and key.content_hash not in here}
    return frozenset(store.browser.with_content(here) | store.browser.at_paths(edited))


def marks_of(store: SqliteStore, records: Sequence[FileRecord]) -> dict[int, Annotation]:
    """Return what the notebook of the library says of some of its files, by id, those that were edited in place included; files of
    which it says nothing are left out. Raises StoreError.
    """
    keys = {record.id: SoundKey(record.content_hash, record.path) for record in records}
    with Notebook(store.folder) as notebook:
        found = notebook.annotations(list(keys.values()), lambda hashes: contents_here(store, hashes))
    return {file_id: found[key] for file_id, key in keys.items() if key in found}


def bounds_in(span: Span | None, duration_s: float) -> Span:
    """Return the stretch that is meant in a file of this length: all of it without a `span`, and where an edited one ends before."""
    if span is None or span.start_s >= duration_s:
        return Span(0.0, duration_s)
    return Span(span.start_s, min(span.end_s, duration_s))


def _edited(store: SqliteStore, key: SoundKey) -> FileRecord | None:
    file_id = store.find(key.path) if key.path else None
    return None if file_id is None else next(iter(store.files([file_id])), None)
