from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from hearken.errors import DamagedError, LockedError, StoreError
from hearken.library import notebook_file
from hearken.library.notebook_file import NotebookDatabase, is_there, make_notebook, making, open_notebook


def test_making_twice_keeps_what_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "notebook.sqlite")
    assert not is_there(path)
    make_notebook(path)
    database = open_notebook(path, writable=True)
    database.run("INSERT INTO collections (name, made_s) VALUES ('mine', 1)")
    make_notebook(path)
    assert is_there(path)
    assert [row[0] for row in database.rows("SELECT name FROM collections ORDER BY id")] == ["Favourites", "mine"]
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    database.close()


def test_many_make_one(tmp_path: Path) -> None:
    path = str(tmp_path / "notebook.sqlite")
    threads = [threading.Thread(target=make_notebook, args=(path,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database = open_notebook(path, writable=False)
    assert database.rows("SELECT id, name FROM collections") == [(1, "Favourites")]
    database.close()


def test_tables_come_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "notebook.sqlite")
    monkeypatch.setattr(notebook_file, "_INDEXES", ("CREATE INDEX wrong ON nothing (x)",))
    with pytest.raises(StoreError):
        make_notebook(path)
    assert not is_there(path)


def test_another_database_is_no_notebook(tmp_path: Path) -> None:
    path = str(tmp_path / "notebook.sqlite")
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(DamagedError, match="no notebook"):
        open_notebook(path, writable=False)


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "notebook.sqlite")
    monkeypatch.setattr(notebook_file, "_LOCK_WAIT_S", 0.05)
    with making(path), pytest.raises(LockedError, match="Another process"):
        make_notebook(path)


def test_a_closed_notebook_says_so_in_its_own_words(tmp_path: Path) -> None:
    path = str(tmp_path / "notebook.sqlite")
    make_notebook(path)
    database = NotebookDatabase(path, writable=False)
    database.close()
    with pytest.raises(StoreError, match=r"The notebook .* cannot be used"):
        database.rows("SELECT 1")
