"""One SQLite connection with our settings, and SQLite's errors put in our words. No SQL about sounds is here."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hearken.errors import DamagedError, DiskFullError, StoreError, show

BUSY_TIMEOUT_S = 10.0
"""Readers and the writer do not wait for each other under WAL; only recovery after a crash takes a moment alone."""

_REBUILD = "Your sounds are untouched: delete the files library.sqlite* in {folder} and run `hearken index` again to rebuild the library from them."
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}

_SETTINGS = (
    # A batch of results is committed every two seconds at most, so an fsync for each costs nothing that can be measured,
    # and what was reported as committed survives a power failure too (NORMAL would only keep the file consistent).
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=OFF",  # some builds overwrite deleted rows with zeros: slow, and these are no secrets
    "PRAGMA trusted_schema=OFF",  # a library made by somebody else runs no functions through its schema
    "PRAGMA cell_size_check=ON",
    "PRAGMA journal_size_limit=67108864",  # the log of one huge batch gives its space back
)


def damaged(path: str, what: str) -> DamagedError:
    """Return the error for a file of the library that does not hold what was written."""
    return DamagedError(f"The library file {show(path)} is damaged ({what}).", _REBUILD.format(folder=show(os.path.dirname(path))))


def named_error(error: sqlite3.Error, path: str) -> StoreError:
    """Return the error of our tree for what SQLite said about the file `path`."""
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:  # raised by Python's module: a closed connection, or text that is not UTF-8
        return (
            StoreError(f"The library {show(path)} is closed.") if isinstance(error, sqlite3.ProgrammingError) else damaged(path, str(error))
        )
    primary = extended & 0xFF
    if extended in _FULL or primary == sqlite3.SQLITE_FULL:
        return DiskFullError(
            f"No space is left (or a quota is reached) where the library {show(path)} lives; nothing that it held is lost.",
            "Make room and run the command again: it goes on where it stopped.",
        )
    if primary in _DAMAGED:
        return damaged(path, str(error))
    if primary in _READ_ONLY:
        return StoreError(f"The library {show(path)} cannot be written or opened here ({error}).", "Check the permissions of its folder.")
    return StoreError(f"The library {show(path)} cannot be used: {error}.", "Check the disk; `hearken doctor` examines the library.")


class Database:
    """A connection to the file `path`. One thread at a time works in it; the others wait.

    A reader opens the file read-only. On a read-only folder SQLite cannot set up the shared memory of WAL; then the file
    is read as immutable, which is right as long as no log with newer pages lies beside it, and it is opened anew when
    the file was replaced.
    """

    def __init__(self, path: str, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._lock = threading.RLock()
        self._depth = 0
        self._stamp: tuple[int, ...] | None = None
        self._connection = self._connect()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one statement. Raises StoreError or a subclass."""
        with self._lock, self._translated():
            if not self._depth:
                self._reopen_if_replaced()
            return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement that changes something; return the id of the row it inserted. Raises StoreError or a subclass."""
        with self._lock, self._translated():
            return self._connection.execute(sql, parameters).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes inside whole or absent, whatever is raised inside. Raises StoreError within a snapshot."""
        with self._lock:
            if self._depth:
                raise StoreError("A library cannot be changed within a snapshot of it.")
            self.run("BEGIN IMMEDIATE")
            try:
                yield
                self.run("COMMIT")
            except BaseException:  # also KeyboardInterrupt: the transaction must not stay open
                self._roll_back()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Show one committed state to all reads inside, whatever a writer commits meanwhile. May be nested."""
        with self._lock:
            if not self._depth:
                self._reopen_if_replaced()
                self.run("BEGIN")  # takes its snapshot at the first read
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._roll_back()

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file."""
        with self._lock, self._translated():
            self._connection.close()

    def _roll_back(self) -> None:
        with self._translated():
            if self._connection.in_transaction:  # a full disk may have rolled back by itself
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise named_error(error, self.path) from error
        except UnicodeDecodeError as error:  # a message of SQLite's that quotes damaged text
            raise damaged(self.path, "it holds text that is none") from error

    def _connect(self) -> sqlite3.Connection:
        with self._translated():
            if self.writable:
                return self._open("mode=rwc")
            try:
                return self._open("mode=ro")
            except sqlite3.OperationalError as error:
                if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _READ_ONLY or _size(self.path + "-wal"):
                    raise
            connection = self._open("mode=ro&immutable=1")
            self._stamp = _stamp(self.path)
            return connection

    def _open(self, options: str) -> sqlite3.Connection:
        uri = f"{Path(self.path).absolute().as_uri()}?{options}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now the file is really opened
        except BaseException:
            connection.close()
            raise
        return connection

    def _reopen_if_replaced(self) -> None:
        if self._stamp is not None and self._stamp != _stamp(self.path):
            self._connection.close()
            self._stamp = None
            self._connection = self._connect()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _stamp(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ino
