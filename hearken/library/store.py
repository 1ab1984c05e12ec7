"""The library on disk: a folder with one SQLite file, a lock for the writer, and caches that can be rebuilt.

`Store` is what the rest of Hearken relies on; `SqliteStore` keeps it in `library.sqlite` (WAL). SQL is here and in this
module's private parts (`schema` tables, `changes` writing, `machine_captions`, `filtering` conditions, `examine` checks), nowhere else. A store is safe to share between threads, which then
take turns; for searches side by side, open one store for each thread.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from hearken.errors import DamagedError, DiskFullError, LibraryNotFoundError, StoreError, show
from hearken.library import changes, machine_captions, rows, schema
from hearken.library.browsing import Browser
from hearken.library.database import Database, damaged
from hearken.library.examine import damaged_files, examine
from hearken.library.filtering import glob_matcher, where
from hearken.library.lock import WriterLock
from hearken.library.protocol import Store
from hearken.library.records import (
    Change,
    FileRecord,
    FileVectors,
    Filters,
    KnownFailure,
    KnownFile,
    LibraryStats,
    MachineCaption,
    ModelIdentity,
    ModelRecord,
    RemoveFile,
)
from hearken.library.words import query_words
from hearken.types import Failure

__all__ = ["CACHE_NAME", "DATABASE_NAME", "SqliteStore", "Store", "open_store", "stored_model"]

DATABASE_NAME = "library.sqlite"
CACHE_NAME = "cache"
_REPAIR = "`hearken doctor --repair` takes such files out of the library; `hearken index` of their folders brings them back."
_IDS_PER_QUERY = 500  # below the 999 parameters that old SQLite builds allow


class SqliteStore:
    """`Store` in the folder `folder`; see `open_store`, which makes these."""

    def __init__(self, folder: str, database: Database, lock: WriterLock | None) -> None:
        self._folder, self._database, self._lock = folder, database, lock
        self._model, self._library_id = schema.check(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def folder(self) -> str:
        """Absolute path of the library."""
        return self._folder

    @property
    def model(self) -> ModelRecord:
        """The model that made the vectors."""
        return self._model

    @property
    def library_id(self) -> str:
        """Random name of this library, new when it is rebuilt."""
        return self._library_id

    @property
    def read_only(self) -> bool:
        """Whether `apply` is refused."""
        return self._lock is None

    @property
    def generation(self) -> int:
        """Grows with every commit that adds, removes or replaces vectors."""
        return int(self._database.rows("SELECT value FROM meta WHERE key = 'generation'")[0][0])

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Enter a state that does not change while inside, and yield its generation. May be nested; other threads wait."""
        with self._database.snapshot():
            yield self.generation

    def file_versions(self) -> dict[int, int]:
        """Return the version of each file id: the id of its sound, which always stands for the same vectors."""
        return dict(self._database.rows("SELECT id, sound_id FROM files"))

    def files(self, file_ids: Iterable[int] | None = None) -> list[FileRecord]:
        """Return the records of `file_ids` in that order, unknown ids left out; of all files by id for None."""
        sql = f"SELECT {rows.FILE_COLUMNS} FROM files JOIN sounds ON sounds.id = sound_id"  # noqa: S608  constants only
        found = self._database.rows(f"{sql} ORDER BY files.id") if file_ids is None else self._by_ids(sql, file_ids)
        return [rows.read_file(row, self._damaged) for row in found]

    def read_vectors(self, file_ids: Iterable[int]) -> Iterator[FileVectors]:
        """Yield the vectors of `file_ids` in that order, unknown ids left out. Raises DamagedError for altered vectors."""
        sql = "SELECT files.id, clip, windows, spans, seal FROM files JOIN vectors USING (sound_id)"
        for row in self._by_ids(sql, file_ids):
            yield rows.read_vectors(row, self._model.dim, self._damaged)

    def match_text(self, words: str) -> dict[int, float]:
        """Return for each file that holds any word of a text the share of its distinct words found, in (0, 1].

        Name, folders, tags and caption count alike; words are stemmed; stop words count only where nothing else is left.
        """
        sql = "SELECT rowid FROM words WHERE words MATCH ?"
        return self._shares(words, lambda word: [row[0] for row in self._database.rows(sql, (f'"{word}"',))])

    def match_captions(self, words: str) -> dict[int, float]:
        """Return the same for machine-made captions, by the version of the files that share one."""
        return self._shares(words, lambda word: machine_captions.matching(self._database, word))

    def caption_generation(self) -> int:
        """Return a number that grows with every commit of machine-made captions; 0 where there never were any."""
        return machine_captions.generation(self._database)

    def captions_since(self, generation: int) -> Iterator[MachineCaption]:
        """Yield the machine-made captions that came after `generation` of captions; damaged ones are left out."""
        return machine_captions.since(self._database, generation, self._model.dim)

    def captions_of(self, versions: Sequence[int]) -> dict[int, str]:
        """Return the machine-made captions of files by their version, where there are any."""
        return machine_captions.texts(self._database, versions, self._model.dim)

    def uncaptioned(self, digest: str) -> list[tuple[int, int]]:
        """Return one file id and the version of each sound that the captioner of `digest` has not captioned."""
        return machine_captions.uncaptioned(self._database, digest)

    def select(self, filters: Filters) -> set[int] | None:
        """Return the ids of the files that pass, or None when the filters let everything through."""
        if filters == Filters():
            return None
        conditions, parameters = where(filters)
        sql = f"SELECT files.id, path FROM files JOIN sounds ON sounds.id = sound_id WHERE {' AND '.join(conditions)}"  # noqa: S608
        found = self._database.rows(sql, parameters)
        if filters.path_glob is None:
            return {row[0] for row in found}
        matches = glob_matcher(filters.path_glob)
        return {row[0] for row in found if matches(os.fsdecode(row[1]))}

    def find(self, path: str) -> int | None:
        """Return the id of the file with this absolute path, or None."""
        found = self._database.rows("SELECT id FROM files WHERE path = ?", (os.fsencode(path),))
        return int(found[0][0]) if found else None

    @property
    def browser(self) -> Browser:
        """Ways to look through the files without searching."""
        return Browser(self._database)

    def failures(self) -> list[Failure]:
        """Return the ledger by path: what failed, and what was skipped (stage `scan`)."""
        return [known.failure for _, known in sorted(self.known_failures().items())]

    def stats(self) -> LibraryStats:
        """Return totals."""
        with self._database.snapshot():
            by_container = """SELECT container, count(*), sum(sounds.num_windows), sum(duration_s)
                FROM files JOIN sounds ON sounds.id = sound_id GROUP BY container ORDER BY 2 DESC, 1"""
            found = self._database.rows(by_container)
            (num_sounds,) = self._database.rows("SELECT count(*) FROM sounds")[0]
            failed, skipped = self._database.rows(
                "SELECT count(*) FILTER (WHERE stage <> 'scan'), count(*) FILTER (WHERE stage = 'scan') FROM failures"
            )[0]
            num_files, num_windows, duration_s = (sum(row[column] for row in found) for column in (1, 2, 3))
            size = sum(os.path.getsize(path) for path in (self._database.path, self._database.path + "-wal") if os.path.exists(path))
            counts = {str(row[0]): int(row[1]) for row in found}
            roots, captioners = tuple(self.roots()), machine_captions.counts(self._database)
            return LibraryStats(num_files, num_sounds, num_windows, float(duration_s), failed, skipped, size, counts, roots, captioners)

    def roots(self) -> list[str]:
        """Return the folders and single files that were indexed."""
        return [os.fsdecode(row[0]) for row in self._database.rows("SELECT path FROM roots ORDER BY path")]

    def known_files(self) -> dict[str, KnownFile]:
        """Return the stamp of every file by path."""
        sql = """SELECT path, files.id, size, mtime_ns, device, inode, caption_stamp, content_hash
            FROM files JOIN sounds ON sounds.id = sound_id"""
        return {os.fsdecode(row[0]): KnownFile(*row[1:]) for row in self._database.rows(sql)}

    def known_failures(self) -> dict[str, KnownFailure]:
        """Return the ledger by path, with the stamps of the files."""
        found = self._database.rows("SELECT path, stage, error, message, hint, size, mtime_ns FROM failures")
        paths = [os.fsdecode(row[0]) for row in found]
        return {path: KnownFailure(Failure(path, *row[1:5]), row[5], row[6]) for path, row in zip(paths, found, strict=True)}

    def known_sounds(self) -> set[bytes]:
        """Return the content hashes whose vectors are stored."""
        return {row[0] for row in self._database.rows("SELECT content_hash FROM sounds")}

    def apply(self, batch: Sequence[Change]) -> None:
        """Commit all changes of a batch in order, or none. Raises DiskFullError and other StoreErrors."""
        self._require_writer()
        changes.apply(self._database, batch)

    def sweep(self) -> None:
        """Drop the vectors of sounds that no file has any more."""
        self._require_writer()
        changes.sweep(self._database)

    def check(self) -> list[str]:
        """Examine everything and return what is wrong, one sentence each; empty for a sound library."""
        return examine(self._database, self._model.dim, writable=not self.read_only)

    def repair(self) -> list[str]:
        """Forget files whose facts or vectors cannot be used, so that the next run embeds them again; return their paths."""
        self._require_writer()
        bad = damaged_files(self._database, self._model.dim)
        self.apply([RemoveFile(file_id) for file_id, _ in bad])
        self.sweep()
        return [os.fsdecode(path) for _, path in bad]

    def check_captions(self) -> list[str]:
        """Examine the machine-made captions and return what is wrong with them, one sentence each."""
        return machine_captions.check(self._database, self._model.dim, writable=not self.read_only)

    def repair_captions(self) -> int:
        """Drop machine-made captions that cannot be used, mend their text index, and return how many were dropped."""
        self._require_writer()
        return machine_captions.repair(self._database, self._model.dim)

    def close(self) -> None:
        """Release the library; harmless when done already."""
        try:
            self._database.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def _shares(self, words: str, holders: Callable[[str], list[int]]) -> dict[int, float]:
        """Return what share of the words of a text each holder has; `holders` tells who has a word: letters and digits, never syntax."""
        wanted = query_words(words)
        counts: Counter[int] = Counter()
        with self._database.snapshot():
            for word in wanted:
                counts.update(holders(word))
        shares = [count / max(len(wanted), 1) for count in range(len(wanted) + 1)]
        return {holder: shares[count] for holder, count in counts.items()}

    def _by_ids(self, sql: str, file_ids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        wanted = list(file_ids)
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            part = wanted[start : start + _IDS_PER_QUERY]
            marks = ", ".join("?" * len(part))
            found = {row[0]: row for row in self._database.rows(f"{sql} WHERE files.id IN ({marks})", part)}
            yield from (found[file_id] for file_id in part if file_id in found)

    def _damaged(self, what: str) -> DamagedError:
        return DamagedError(damaged(self._database.path, what).message, _REPAIR)

    def _require_writer(self) -> None:
        if self.read_only:
            raise StoreError(f"The library {show(self._folder)} was opened for reading only.")


def open_store(
    folder: str | os.PathLike[str], *, create: bool = False, model: ModelIdentity | None = None, read_only: bool = True
) -> SqliteStore:
    """Open the library in `folder`; for writing (`read_only=False`) its lock is taken, for reading never.

    `create` makes the library where there is none, for `model`, which it then must be given. A `model` that differs
    from the one that made the library is refused. Raises LibraryNotFoundError, ModelMismatchError, FormatVersionError,
    DamagedError, LockedError (at once), DiskFullError, or StoreError where the folder cannot be used.
    """
    place = os.path.abspath(os.path.expanduser(folder))
    path = os.path.join(place, DATABASE_NAME)
    if create and not os.path.isfile(path):
        if model is None:
            raise StoreError("A new library needs the model that will make its vectors.")
        _open_writer(place, path, model).close()
    if not os.path.isfile(path):
        raise LibraryNotFoundError(f"There is no library at {show(place)}.", "Make it with `hearken index DIR`.")
    store = _open_reader(place, path) if read_only else _open_writer(place, path, model if create else None)
    try:
        if model is not None:
            schema.check_model(store.folder, store.model, model)
            if not read_only and schema.folder_of(model) != store.model.folder:
                schema.put_model_folder(store._database, schema.folder_of(model))
    except StoreError:
        store.close()
        raise
    return store


def stored_model(folder: str | os.PathLike[str]) -> ModelRecord | None:
    """Return the model of the library in `folder`, or None where there is none yet, or its creation was cut short.

    Raises as `open_store` does for everything else that is wrong with it.
    """
    try:
        with open_store(folder) as store:
            return store.model
    except LibraryNotFoundError:
        return None


def _open_reader(place: str, path: str) -> SqliteStore:
    database = Database(path, writable=False)
    try:
        return SqliteStore(place, database, None)
    except BaseException:
        database.close()
        raise


def _open_writer(place: str, path: str, model: ModelIdentity | None) -> SqliteStore:
    """Open for writing; make the tables for `model`, when given, if there are none yet."""
    _make_folder(place)
    lock = WriterLock(place)
    try:
        database = Database(path, writable=True)
        try:
            if model is not None and schema.is_blank(database):
                schema.create(database, model)
            store = SqliteStore(place, database, lock)
            store.sweep()  # what a killed run left behind
        except BaseException:
            database.close()
            raise
    except BaseException:
        lock.release()
        raise
    return store


def _make_folder(place: str) -> None:
    try:
        os.makedirs(place, exist_ok=True)
    except OSError as error:
        kind = DiskFullError if error.errno in {errno.ENOSPC, errno.EDQUOT} else StoreError
        raise kind(f"The folder {show(place)} cannot be made: {error.strerror}.", "Name another place with --library.") from error
