from __future__ import annotations

from pathlib import Path

import pytest

from hearken.errors import DamagedError, FormatVersionError, LibraryNotFoundError
from hearken.library import schema
from hearken.library.database import Database
from hearken.library.records import ModelRecord

MODEL = ModelRecord("pocket", "abc", 4)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(str(tmp_path / "library.sqlite"), writable=True)
    schema.create(database, MODEL)
    return database


def test_create_then_check(database: Database, tmp_path: Path) -> None:
    model, library_id = schema.check(database)
    assert model == MODEL
    assert len(library_id) == 32
    other = Database(str(tmp_path / "other.sqlite"), writable=True)
    assert schema.is_blank(other)
    with pytest.raises(LibraryNotFoundError, match="is empty"):
        schema.check(other)
    schema.create(other, MODEL)
    assert schema.check(other)[1] != library_id
    other.close()
    database.close()


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        (f"PRAGMA user_version={schema.FORMAT_VERSION + 1}", FormatVersionError, "has format 2; this Hearken knows formats up to 1"),
        ("PRAGMA user_version=0", DamagedError, "format version makes no sense"),
        ("PRAGMA application_id=7", DamagedError, "no Hearken library"),
        ("UPDATE meta SET value = '9' WHERE key = 'format_version'", DamagedError, "format version makes no sense"),
        ("DELETE FROM meta WHERE key = 'model_digest'", DamagedError, "facts about it are missing"),
        ("UPDATE meta SET value = 'x' WHERE key = 'generation'", DamagedError, "facts about it are missing"),
        ("DROP TABLE meta", DamagedError, "no such table: meta"),
    ],
)
def test_check_refuses(database: Database, sql: str, kind: type[Exception], message: str) -> None:
    database.run(sql)
    with pytest.raises(kind, match=message):
        schema.check(database)
    database.close()
