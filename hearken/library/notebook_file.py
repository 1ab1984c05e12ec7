"""The file of a notebook: its tables and version, how it is made whole or not at all, and its errors in our words.

Unlike everything else beside a library, it cannot be made again from the sounds; so no message here tells to delete it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hearken.errors import DamagedError, DiskFullError, FormatVersionError, LockedError, StoreError, show
from hearken.library.database import Database
from hearken.library.notebook_records import FAVOURITES_ID, FAVOURITES_NAME

NOTEBOOK_NAME = "notebook.sqlite"
APPLICATION_ID = 0x484B_4E42  # "HKNB"
FORMAT_VERSION = 1
_LOCK_WAIT_S = 10.0
KEPT = "Collections, notes, labels and saved searches are in it, and searching works without it."
BACKUP = (
    f"{KEPT} `hearken doctor --repair` saves what can still be read and keeps the damaged file; or move it away and put back a copy "
    "from a backup."
)

TABLES = {
    # what the rest hangs on; AUTOINCREMENT: an id means one thing for ever
    "sounds": """CREATE TABLE sounds (
        id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash BLOB NOT NULL UNIQUE, path BLOB NOT NULL)""",
    "collections": """CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, made_s REAL NOT NULL)""",
    # start_s and end_s are -1 for all of a sound: NULLs would not be UNIQUE
    "items": """CREATE TABLE items (
        id INTEGER PRIMARY KEY AUTOINCREMENT, collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        sound_id INTEGER NOT NULL REFERENCES sounds (id), start_s REAL NOT NULL, end_s REAL NOT NULL, added_s REAL NOT NULL,
        UNIQUE (collection_id, sound_id, start_s, end_s))""",
    "notes": "CREATE TABLE notes (sound_id INTEGER PRIMARY KEY REFERENCES sounds (id), text TEXT NOT NULL, changed_s REAL NOT NULL)",
    "labels": """CREATE TABLE labels (
        sound_id INTEGER NOT NULL REFERENCES sounds (id), source TEXT NOT NULL, label TEXT NOT NULL,
        start_s REAL NOT NULL, end_s REAL NOT NULL, score REAL NOT NULL,
        PRIMARY KEY (sound_id, source, label, start_s, end_s)) WITHOUT ROWID""",
    "searches": """CREATE TABLE searches (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, query TEXT NOT NULL, made_s REAL NOT NULL)""",
}
_INDEXES = (
    "CREATE INDEX sounds_by_path ON sounds (path)",
    "CREATE INDEX items_by_sound ON items (sound_id)",
    "CREATE INDEX labels_by_label ON labels (label COLLATE NOCASE)",
)


class NotebookDatabase(Database):
    """A connection to a notebook: `Database`, with messages that fit what cannot be made again."""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with super()._translated():
                yield
        except DamagedError as error:
            raise damaged(self.path, _reason(error)) from error
        except DiskFullError as error:
            raise DiskFullError(
                f"No space is left (or a quota is reached) where the notebook {show(self.path)} lives; nothing that it held is lost.",
                "Make room and try again.",
            ) from error
        except StoreError as error:
            raise StoreError(
                f"The notebook {show(self.path)} cannot be used ({_reason(error)}).",
                f"Check the disk and the permissions of its folder. {KEPT}",
            ) from error


def damaged(path: str, what: str) -> DamagedError:
    """Return the error for a notebook that does not hold what was written."""
    return DamagedError(f"The notebook {show(path)} is damaged ({what}).", BACKUP)


def open_notebook(path: str, *, writable: bool) -> NotebookDatabase:
    """Open the notebook at `path`, which must exist and hold something. Raises DamagedError, FormatVersionError, StoreError."""
    database = NotebookDatabase(path, writable=writable)
    try:
        check_version(database)
    except BaseException:
        database.close()
        raise
    return database


def make_notebook(path: str) -> None:
    """Make an empty notebook at `path`, whole or not at all, unless there is one.

    Several processes may try at a time. Raises LockedError, DiskFullError, StoreError where the folder cannot be written.
    """
    with making(path):
        if not is_there(path):
            _create(path)


@contextmanager
def making(path: str) -> Iterator[None]:
    """Be the only one who makes or replaces the notebook at `path` while inside. Raises LockedError, StoreError."""
    lock = FileLock(path + ".lock", timeout=_LOCK_WAIT_S, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(f"Another process has been making the notebook {show(path)} for {_LOCK_WAIT_S:g} s.", "Try again.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"The notebook {show(path)} cannot be written: {reason}.", "Check the permissions of the library's folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_there(path: str) -> bool:
    """Return whether a notebook was made at `path`: an empty file is one whose making was cut short. Raises DamagedError, StoreError."""
    try:
        if not os.path.getsize(path):
            return False
    except OSError:
        return False
    database = NotebookDatabase(path, writable=False)
    try:
        return bool(database.rows("SELECT 1 FROM sqlite_master LIMIT 1"))
    finally:
        database.close()


def check_version(database: Database) -> None:
    """Raise FormatVersionError for the format of a newer Hearken, DamagedError for a file that is no notebook."""
    (application_id,), (version,) = database.rows("PRAGMA application_id")[0], database.rows("PRAGMA user_version")[0]
    if application_id != APPLICATION_ID:
        raise damaged(database.path, "it is no notebook of Hearken")
    if version > FORMAT_VERSION:
        raise FormatVersionError(
            f"The notebook {show(database.path)} has format {version}; this Hearken knows formats up to {FORMAT_VERSION}.",
            "Update Hearken.",
        )
    if version < 1:
        raise damaged(database.path, "its format version makes no sense")


def fill(database: Database) -> None:
    """Make the tables of an empty notebook, all of them or none."""
    with database.transaction():
        for sql in (*TABLES.values(), *_INDEXES):
            database.run(sql)
        database.run("INSERT INTO collections VALUES (?, ?, ?)", (FAVOURITES_ID, FAVOURITES_NAME, time.time()))
        database.run(f"PRAGMA application_id={APPLICATION_ID}")
        database.run(f"PRAGMA user_version={FORMAT_VERSION}")


def _create(path: str) -> None:
    database = NotebookDatabase(path, writable=True)
    try:
        database.rows("PRAGMA journal_mode=WAL")
        fill(database)
    finally:
        database.close()


def _reason(error: StoreError) -> str:
    """Return what SQLite said, for a message of our own."""
    cause = error.__cause__
    return str(cause) if cause is not None else error.message
