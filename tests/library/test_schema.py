from __future__ import annotations

from pathlib import Path

import pytest

from hearken.errors import DamagedError, FormatVersionError, LibraryNotFoundError, ModelMismatchError
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


def test_the_folder_of_the_model_is_a_hint_that_may_be_absent(database: Database, tmp_path: Path) -> None:
    assert schema.check(database)[0].folder == ""
    schema.put_model_folder(database, "")
    assert not database.rows("SELECT 1 FROM meta WHERE key = 'model_folder'"), "as in libraries of 0.1.0"
    for folder in ("/models/\udcff owl", "/models/owl"):
        schema.put_model_folder(database, folder)
        assert schema.check(database)[0] == ModelRecord("pocket", "abc", 4, folder)
    database.close()


def test_another_model_is_refused_with_commands_that_work() -> None:
    schema.check_model("/lib", MODEL, ModelRecord("renamed", "abc", 4))
    with pytest.raises(ModelMismatchError, match=r"/lib was made by the model pocket \(abc\), not by owl \(def\)") as caught:
        schema.check_model("/lib", MODEL, ModelRecord("owl", "def", 4, "/my models/owl"))
    assert "Leave --model out" in caught.value.hint
    assert "`hearken index DIR --library NEW --model '/my models/owl'`" in caught.value.hint


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
