from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from hearken.errors import DamagedError, DiskFullError, StoreError
from hearken.library.database import Database, damaged, named_error


@pytest.fixture
def path(tmp_path: Path) -> str:
    database = Database(str(tmp_path / "x.sqlite"), writable=True)
    database.rows("PRAGMA journal_mode=WAL")
    database.run("CREATE TABLE t (x INTEGER UNIQUE)")
    database.close()
    return str(tmp_path / "x.sqlite")


def values(database: Database) -> list[int]:
    return [row[0] for row in database.rows("SELECT x FROM t ORDER BY x")]


def insert(database: Database, *numbers: int, then: BaseException | None = None) -> None:
    with database.transaction():
        for number in numbers:
            database.run("INSERT INTO t VALUES (?)", (number,))
        if then is not None:
            raise then


def test_a_transaction_is_whole_or_absent(path: str) -> None:
    database = Database(path, writable=True)
    insert(database, 1)
    with pytest.raises(KeyboardInterrupt):
        insert(database, 2, then=KeyboardInterrupt())
    with pytest.raises(StoreError, match="UNIQUE constraint failed"):
        insert(database, 3, 1)
    assert values(database) == [1]
    database.close()


def test_a_snapshot_stands_still_while_others_write(path: str) -> None:
    writer, reader = Database(path, writable=True), Database(path, writable=False)
    writer.run("INSERT INTO t VALUES (1)")
    with reader.snapshot():
        assert values(reader) == [1]
        writer.run("INSERT INTO t VALUES (2)")
        with reader.snapshot():
            assert values(reader) == [1]
        assert values(reader) == [1]
    assert values(reader) == [1, 2]
    with writer.snapshot(), pytest.raises(StoreError, match="within a snapshot"):
        insert(writer, 3)
    for database in (writer, reader):
        database.close()


def test_threads_take_turns(path: str) -> None:
    database = Database(path, writable=True)

    def add(start: int) -> None:
        for number in range(start, start + 50):
            with database.transaction():
                database.run("INSERT INTO t VALUES (?)", (number,))

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values(database)) == 150
    database.close()


def test_a_reader_cannot_write_and_a_closed_one_cannot_read(path: str) -> None:
    reader = Database(path, writable=False)
    with pytest.raises(StoreError, match="cannot be written or opened"):
        reader.run("INSERT INTO t VALUES (1)")
    reader.close()
    with pytest.raises(StoreError, match="is closed"):
        reader.rows("SELECT 1")


def test_no_database_is_named_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"this is not a database" * 100)
    for writable in (True, False):
        with pytest.raises(DamagedError, match=r"x\.sqlite is damaged") as caught:
            Database(str(tmp_path / "x.sqlite"), writable=writable)
        assert "hearken index" in caught.value.hint


def test_strange_folder_names(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a?mode=rw%41 #\xe9")
    folder.mkdir()
    Database(str(folder / "x.sqlite"), writable=True).close()
    assert (folder / "x.sqlite").exists()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError),
        (sqlite3.SQLITE_IOERR_WRITE, DiskFullError),
        (sqlite3.SQLITE_CORRUPT_INDEX, DamagedError),
        (sqlite3.SQLITE_NOTADB, DamagedError),
        (sqlite3.SQLITE_IOERR_READ, StoreError),
        (sqlite3.SQLITE_BUSY, StoreError),
        (None, DamagedError),
    ],
)
def test_named_errors(code: int | None, kind: type[StoreError]) -> None:
    error = sqlite3.OperationalError("said so")
    if code is not None:
        error.sqlite_errorcode = code
    named = named_error(error, "/x\n.sqlite")
    assert type(named) is kind
    assert "/x\\n.sqlite" in named.message
    assert named.hint
    assert "no such luck" in damaged("/x", "no such luck").message


def test_damage_that_sqlite_quotes_is_damage_too(path: str) -> None:
    """Python cannot decode a message of SQLite's that holds what is no text."""
    data = Path(path).read_bytes()
    assert data.count(b"CREATE TABLE t (x INTEGER UNIQUE)") == 1
    Path(path).write_bytes(data.replace(b"CREATE TABLE t (x INTEGER UNIQUE)", b"CREATE \xccABLE t (x INTEGER UNIQUE)"))
    with pytest.raises(DamagedError):
        Database(path, writable=False)
