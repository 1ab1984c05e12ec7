from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from hearken.errors import DamagedError, FormatVersionError
from hearken.library.notebook import Notebook
from hearken.library.notebook_check import check_notebook, rescue_notebook
from tests.library.test_notebook import key

PAGE = 4096


@pytest.fixture
def full(tmp_path: Path, template: Path) -> Path:
    """A notebook of a few hundred pages, closed, its log folded in."""
    return Path(shutil.copytree(template, tmp_path / "library"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebook")
    with Notebook(folder) as notebook:
        for number in range(60):
            notebook.put_note(key(f"n{number}"), f"note {number} " + "x" * 3_000)
        notebook.put_all_labels([(key(f"l{number}"), [("Dog", 0.5)]) for number in range(300)])
        notebook.add_item(1, key("a"))
        notebook.create_collection("Doors")
        notebook.put_search("Rain", {"q": "rain"})
    return folder


def test_a_sound_notebook_and_none_are_fine(full: Path, tmp_path: Path) -> None:
    assert check_notebook(full) == []
    assert rescue_notebook(full) == []
    assert check_notebook(tmp_path / "nowhere") == []


def test_a_damaged_page_is_found_and_the_rest_is_saved(full: Path) -> None:
    path = full / "notebook.sqlite"
    data = bytearray(path.read_bytes())
    place = data.index(b"note 30 ") // PAGE * PAGE
    data[place : place + PAGE] = b"\xa5" * PAGE
    path.write_bytes(data)
    assert check_notebook(full)
    told = rescue_notebook(full)
    assert "saved" in told[0]
    assert "notebook.sqlite.damaged-1" in told[1]
    assert (full / "notebook.sqlite.damaged-1").read_bytes() == bytes(data)
    assert check_notebook(full) == []
    with Notebook(full) as notebook:
        notes = [notebook.annotations([key(f"n{number}")]) for number in range(60)]
        assert sum(bool(each) for each in notes) >= 50
        assert notebook.label_counts() == {"Dog": 300}
        assert [each.name for each in notebook.collections()] == ["Favourites", "Doors"]
        assert len(notebook.items(1)) == 1
        assert notebook.searches()[0].query == {"q": "rain"}
        assert notebook.add_item(2, key("b")) is not None
    assert not list(full.glob("*.tmp-*"))


def test_a_file_that_is_no_database_is_set_aside(full: Path) -> None:
    (full / "notebook.sqlite").write_bytes(b"junk" * 5_000)
    assert "damaged" in check_notebook(full)[0]
    rescue_notebook(full)
    assert check_notebook(full) == []
    with Notebook(full) as notebook:
        assert [each.name for each in notebook.collections()] == ["Favourites"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE searches SET query = 'no json'", "cannot be read"),
        ("DELETE FROM collections WHERE id = 1", "items are in no collection"),
        ("DELETE FROM collections", "lacks the collection"),
        ("DELETE FROM sounds", "notes are of no sound"),
        ("UPDATE sounds SET content_hash = x'00' WHERE id = 1", "no proper content hash"),
        ("DROP TABLE labels", "lacks the table labels"),
    ],
)
def test_contradictions_are_told_and_mended(full: Path, sql: str, said: str) -> None:
    with sqlite3.connect(full / "notebook.sqlite") as connection:
        connection.execute(sql)
    connection.close()
    assert any(said in line for line in check_notebook(full))
    rescue_notebook(full)
    assert check_notebook(full) == []


def test_a_newer_notebook_is_never_rescued(full: Path) -> None:
    with sqlite3.connect(full / "notebook.sqlite") as connection:
        connection.execute("PRAGMA user_version=9")
    connection.close()
    assert "format 9" in check_notebook(full)[0]
    with pytest.raises(FormatVersionError):
        rescue_notebook(full)
    assert not list(full.glob("*damaged*"))


def test_who_has_it_open_goes_on_in_the_new_file(full: Path) -> None:
    with Notebook(full) as other:
        assert len(other.items(1)) == 1
        with sqlite3.connect(full / "notebook.sqlite") as connection:
            connection.execute("UPDATE searches SET query = 'no json'")
        connection.close()
        with pytest.raises(DamagedError):
            other.searches()
        rescue_notebook(full)
        assert other.searches() == []
        other.put_search("Wind", {})
    assert check_notebook(full) == []
