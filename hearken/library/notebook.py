"""The user's own data beside a library: collections, notes, labels and saved searches, in one SQLite file.

They belong to sounds, known by the hash of their content, with the path where each was last seen as a help (`whereabouts.py` finds the
files). So they outlive everything that happens to the index: files that move or are forgotten, a library that is built anew, another
model. The file is made when something is first written. Any number of processes and threads may read and write at a time; every
change is whole or absent.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from hearken.errors import InputError, LibraryNotFoundError, show
from hearken.library import notebook_sounds as sounds
from hearken.library.notebook_file import NOTEBOOK_NAME, NotebookDatabase, damaged, is_there, make_notebook, open_notebook
from hearken.library.notebook_records import (
    FAVOURITES_ID,
    FAVOURITES_NAME,
    MAX_COLLECTIONS,
    MAX_ITEMS,
    MAX_SEARCHES,
    Annotation,
    Collection,
    Item,
    Label,
    SavedSearch,
    SoundKey,
    checked_span,
    clean_name,
    clean_note,
    query_json,
)
from hearken.types import Span

__all__ = ["Annotation", "Collection", "Item", "Label", "Notebook", "SavedSearch", "SoundKey"]

_COLLECTIONS = "SELECT id, name, (SELECT count(*) FROM items WHERE collection_id = collections.id), made_s FROM collections"
_ITEMS = "SELECT items.id, collection_id, content_hash, path, start_s, end_s, added_s FROM items JOIN sounds ON sounds.id = sound_id"


class Notebook:
    """The notebook of the library in `library_folder`. Methods may raise DamagedError, FormatVersionError (made by a newer Hearken),
    DiskFullError, LockedError and other StoreErrors; InputError for texts, numbers and hashes that make no sense. Ids that are not
    there are no error: methods return None, False or nothing for them.
    """

    def __init__(self, library_folder: str | os.PathLike[str]) -> None:
        self._path = os.path.join(os.path.abspath(os.path.expanduser(library_folder)), NOTEBOOK_NAME)
        self._mutex = threading.RLock()
        self._identity: tuple[int, int] | None = None
        self._reader: NotebookDatabase | None = None
        self._writer: NotebookDatabase | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def path(self) -> str:
        """Where the notebook is, or will be."""
        return self._path

    def collections(self) -> list[Collection]:
        """Return all collections by id; "Favourites", which is always there, comes first."""
        with self._reading() as database:
            if database is None:
                return [Collection(FAVOURITES_ID, FAVOURITES_NAME, 0, 0.0)]
            return [self._collection(row) for row in database.rows(f"{_COLLECTIONS} ORDER BY id")]

    def collection(self, collection_id: int) -> Collection | None:
        """Return one collection, or None."""
        return next((each for each in self.collections() if each.id == collection_id), None)

    def create_collection(self, name: str) -> Collection:
        """Make a collection. Raises InputError for a name that another one has."""
        name = clean_name(name)
        with self._writing() as database:
            _refuse_taken(database, name)
            _refuse_more(database, "collections", MAX_COLLECTIONS)
            made_s = time.time()
            collection_id = database.run("INSERT INTO collections (name, made_s) VALUES (?, ?)", (name, made_s))
        return Collection(collection_id, name, 0, made_s)

    def rename_collection(self, collection_id: int, name: str) -> Collection | None:
        """Give a collection another name. Raises InputError for Favourites, and for a name that another one has."""
        name = clean_name(name)
        _refuse_favourites(collection_id, "renamed")
        with self._writing() as database:
            _refuse_taken(database, name, but=collection_id)
            database.run("UPDATE collections SET name = ? WHERE id = ?", (name, collection_id))
        return self.collection(collection_id)

    def delete_collection(self, collection_id: int) -> bool:
        """Delete a collection, but no sound, and return whether it was there. Raises InputError for Favourites."""
        _refuse_favourites(collection_id, "deleted")
        with self._writing() as database:
            there = bool(database.rows("SELECT 1 FROM collections WHERE id = ?", (collection_id,)))
            database.run("DELETE FROM collections WHERE id = ?", (collection_id,))
            sounds.sweep(database)
        return there

    def items(self, collection_id: int, limit: int | None = None, offset: int = 0) -> list[Item]:
        """Return the items of a collection, newest first: all, or at most `limit` after the first `offset`."""
        with self._reading() as database:
            sql = f"{_ITEMS} WHERE collection_id = ? ORDER BY items.id DESC LIMIT ? OFFSET ?"
            found = [] if database is None else database.rows(sql, (collection_id, -1 if limit is None else limit, offset))
        return [self._item(row) for row in found]

    def add_item(self, collection_id: int, sound: SoundKey, span: Span | None = None) -> Item | None:
        """Put a sound, or a span of it, into a collection, and return the item; the same one a second time changes nothing."""
        start_s, end_s = sounds.span_row(checked_span(span))
        with self._writing() as database:
            if not database.rows("SELECT 1 FROM collections WHERE id = ?", (collection_id,)):
                return None
            _refuse_more(database, "items", MAX_ITEMS)
            sound_id = sounds.enter(database, sound)
            sql = "INSERT OR IGNORE INTO items (collection_id, sound_id, start_s, end_s, added_s) VALUES (?, ?, ?, ?, ?)"
            database.run(sql, (collection_id, sound_id, start_s, end_s, time.time()))
            where = "collection_id = ? AND sound_id = ? AND start_s = ? AND end_s = ?"
            found = database.rows(f"{_ITEMS} WHERE {where}", (collection_id, sound_id, start_s, end_s))
        return self._item(found[0])

    def remove_item(self, collection_id: int, item_id: int) -> int:
        """Take one item out of a collection, and return how many that were."""
        with self._writing() as database:
            return sounds.remove_items(database, "collection_id = ? AND id = ?", (collection_id, item_id))

    def remove_sounds(self, collection_id: int, keys: Iterable[SoundKey], is_here: sounds.IsHere | None = None) -> int:
        """Take all items of some files out of a collection, and return how many that were; `is_here` as of `annotations`."""
        with self._writing() as database:
            ids = sounds.versions_of(database, list(keys), is_here)
            return sum(sounds.remove_items(database, "collection_id = ? AND sound_id = ?", (collection_id, each)) for each in ids)

    def members(self, collection_id: int) -> list[SoundKey]:
        """Return the sounds that are in a collection, whole or in part, each once."""
        sql = "SELECT DISTINCT content_hash, path FROM items JOIN sounds ON sounds.id = sound_id WHERE collection_id = ?"
        return self._keys(sql, (collection_id,))

    def put_note(self, sound: SoundKey, text: str, is_here: sounds.IsHere | None = None) -> str:
        """Write the note of a file in place of the one that it had, and return it as it was kept; "" takes it away. `is_here` as of
        `annotations`."""
        text = clean_note(text)
        with self._writing() as database:
            earlier = sounds.versions_of(database, [sound], is_here)
            sound_id = sounds.enter(database, sound)
            for each in earlier:
                database.run("DELETE FROM notes WHERE sound_id = ?", (each,))
                if each != sound_id:
                    sounds.sweep(database, each)
            if text:
                database.run("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (sound_id, text, time.time()))
            else:
                database.run("DELETE FROM notes WHERE sound_id = ?", (sound_id,))
                sounds.sweep(database, sound_id)
        return text

    def put_labels(self, sound: SoundKey | str, labels: Iterable[Label | tuple[str, float]], *, source: str = "") -> None:
        """Give a sound, by key or content hash, the labels of a `source` in place of those that it had from there; none takes them away."""
        self.put_all_labels([(sound, labels)], source=source)

    def put_all_labels(self, labelled: Iterable[tuple[SoundKey | str, Iterable[Label | tuple[str, float]]]], *, source: str = "") -> None:
        """Do the same for many sounds, all in one commit."""
        source = clean_name(source, "source") if source else ""
        ready = [(SoundKey(key) if isinstance(key, str) else key, sounds.ready_labels(labels, source)) for key, labels in labelled]
        with self._writing() as database:
            for key, labels in ready:
                sounds.put_labels(database, key, labels, source)

    def labels_of(self, content_hashes: Iterable[str]) -> dict[str, list[Label]]:
        """Return the labels of sounds that have any, best first."""
        with self._reading() as database:
            return {} if database is None else sounds.labels_of(database, content_hashes)

    def clear_labels(self, source: str | None = None) -> int:
        """Take away all labels, or those of one source, and return how many that were."""
        which = "source = ?" if source is not None else "source IS NOT ?"
        with self._writing() as database:
            count = int(database.rows(f"SELECT count(*) FROM labels WHERE {which}", (source,))[0][0])  # noqa: S608  constants only
            database.run(f"DELETE FROM labels WHERE {which}", (source,))  # noqa: S608
            sounds.sweep(database)
        return count

    def labelled(self, label: str, min_score: float | None = None) -> list[SoundKey]:
        """Return the sounds that have a label (the case of its letters does not count), whole or in part, by any source; with
        `min_score` those whose score reaches it."""
        sql = "SELECT DISTINCT content_hash, path FROM labels JOIN sounds ON sounds.id = sound_id WHERE label = ? COLLATE NOCASE AND score >= ?"
        return self._keys(sql, (label, -1e300 if min_score is None else min_score))

    def label_counts(self) -> dict[str, int]:
        """Return all labels with the number of sounds that have each, most first."""
        with self._reading() as database:
            sql = "SELECT label, count(DISTINCT sound_id) FROM labels GROUP BY label ORDER BY 2 DESC, 1"
            return {} if database is None else {str(row[0]): int(row[1]) for row in database.rows(sql)}

    def annotations(self, keys: Sequence[SoundKey], is_here: sounds.IsHere | None = None) -> dict[SoundKey, Annotation]:
        """Return what is known of files, given as content and present path; those of which nothing is known are left out.

        A file stands also for what was noted at its path of other contents, as it is an edited version of them, unless `is_here` says
        that they are elsewhere in the library; without `is_here` paths do not count.
        """
        with self._reading() as database:
            return {} if database is None else sounds.annotate(database, keys, is_here)

    def searches(self) -> list[SavedSearch]:
        """Return the saved searches, in the order in which they were first saved. Raises DamagedError for one that cannot be read."""
        with self._reading() as database:
            found = [] if database is None else database.rows("SELECT id, name, query, made_s FROM searches ORDER BY id")
        return [self._search(row) for row in found]

    def put_search(self, name: str, query: Mapping[str, Any]) -> SavedSearch:
        """Keep the parameters of a search under a name, in place of what the name stood for."""
        name, text, made_s = clean_name(name), query_json(query), time.time()
        with self._writing() as database:
            known = database.rows("SELECT id FROM searches WHERE name = ?", (name,))
            if known:
                database.run("UPDATE searches SET query = ?, made_s = ? WHERE id = ?", (text, made_s, known[0][0]))
                return SavedSearch(known[0][0], name, json.loads(text), made_s)
            _refuse_more(database, "searches", MAX_SEARCHES)
            search_id = database.run("INSERT INTO searches (name, query, made_s) VALUES (?, ?, ?)", (name, text, made_s))
        return SavedSearch(search_id, name, json.loads(text), made_s)

    def delete_search(self, search_id: int) -> bool:
        """Forget a saved search, and return whether it was there."""
        with self._writing() as database:
            there = bool(database.rows("SELECT 1 FROM searches WHERE id = ?", (search_id,)))
            database.run("DELETE FROM searches WHERE id = ?", (search_id,))
        return there

    def close(self) -> None:
        """Release the file; the next call opens it again."""
        with self._mutex:
            open_now = [each for each in (self._reader, self._writer) if each is not None]
            self._reader = self._writer = self._identity = None
            for database in open_now:
                database.close()

    def _keys(self, sql: str, parameters: tuple[Any, ...]) -> list[SoundKey]:
        with self._reading() as database:
            found = [] if database is None else database.rows(sql, parameters)
        return [SoundKey(row[0].hex(), os.fsdecode(row[1])) for row in found]

    @contextmanager
    def _reading(self) -> Iterator[NotebookDatabase | None]:
        """Yield the notebook for reading in one state, or None where there is none; other threads wait."""
        with self._mutex:
            self._forget_replaced()
            if self._reader is None:
                if not is_there(self._path):
                    yield None
                    return
                self._reader = open_notebook(self._path, writable=False)
                self._identity = _identity(self._path)
            with self._reader.snapshot():
                yield self._reader

    @contextmanager
    def _writing(self) -> Iterator[NotebookDatabase]:
        """Yield the notebook in a transaction, after making it where there is none; other threads, and writers elsewhere, wait."""
        with self._mutex:
            self._forget_replaced()
            if self._writer is None:
                if not os.path.isdir(os.path.dirname(self._path)):
                    place = show(os.path.dirname(self._path))
                    raise LibraryNotFoundError(f"There is no library at {place}.", "Make it with `hearken index DIR`.")
                make_notebook(self._path)
                self._writer = open_notebook(self._path, writable=True)
                self._identity = _identity(self._path)
            with self._writer.transaction():
                yield self._writer

    def _forget_replaced(self) -> None:
        """Close what is open where the file is another one now, or gone: what is written into a deleted file is lost."""
        if self._identity is not None and self._identity != _identity(self._path):
            self.close()

    def _collection(self, row: tuple[Any, ...]) -> Collection:
        return Collection(int(row[0]), str(row[1]), int(row[2]), float(row[3]))

    def _item(self, row: tuple[Any, ...]) -> Item:
        return Item(row[0], row[1], SoundKey(row[2].hex(), os.fsdecode(row[3])), sounds.read_span(row[4], row[5]), float(row[6]))

    def _search(self, row: tuple[Any, ...]) -> SavedSearch:
        try:
            return SavedSearch(int(row[0]), str(row[1]), dict(json.loads(row[2])), float(row[3]))
        except (ValueError, TypeError) as error:
            raise damaged(self._path, f"the saved search {row[0]} cannot be read") from error


def _refuse_favourites(collection_id: int, what: str) -> None:
    if collection_id == FAVOURITES_ID:
        raise InputError(f"{FAVOURITES_NAME} cannot be {what}.", "Take sounds out of it one by one, or make another collection.")


def _refuse_taken(database: NotebookDatabase, name: str, but: int = 0) -> None:
    if database.rows("SELECT 1 FROM collections WHERE name = ? AND id <> ?", (name, but)):
        raise InputError(f'There is a collection "{name}" already.', "Choose another name.")


def _refuse_more(database: NotebookDatabase, table: str, limit: int) -> None:
    if database.rows(f"SELECT count(*) FROM {table}")[0][0] >= limit:  # noqa: S608  constants only
        raise InputError(f"There are {limit} {table} already; no more can be kept.", "Delete some that are no longer needed.")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
