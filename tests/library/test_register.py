"""Names for libraries: kept, forgotten, and what `--library` takes for a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.errors import InputError, StoreError
from hearken.library.register import forget_name, library_path, named_libraries, put_name, register_path


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HEARKEN_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_names_are_kept(tmp_path, monkeypatch) -> None:
    assert named_libraries() == {}
    monkeypatch.chdir(tmp_path)
    assert put_name("field", "lib") == tmp_path / "lib"
    assert put_name("Old tapes", "/media/tapes") == Path("/media/tapes")
    assert named_libraries() == {"Old tapes": Path("/media/tapes"), "field": tmp_path / "lib"}
    assert put_name("field", "/other") == named_libraries()["field"]
    assert forget_name("field") == Path("/other")
    assert list(named_libraries()) == ["Old tapes"]
    with pytest.raises(InputError, match="No library is called 'field'") as error:
        forget_name("field")
    assert "Old tapes" in error.value.hint


def test_a_name_goes_before_a_path_and_a_path_can_be_told(tmp_path) -> None:
    put_name("field", "/media/field")
    assert library_path("field") == Path("/media/field")
    assert library_path(Path("field")) == Path("/media/field")
    assert library_path("./field") == Path("./field")
    assert library_path("/x/field") == Path("/x/field")
    assert library_path("unknown") == Path("unknown")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "-x", " x", "x ", "~", "a\nb", "x" * 70])
def test_names_that_could_be_something_else(name) -> None:
    with pytest.raises(InputError, match="no name"):
        put_name(name, "/x")


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', "\xff", "[" * 100_000])
def test_a_damaged_register_is_told_and_paths_still_work(config, content) -> None:
    config.mkdir()
    register_path().write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreError, match="cannot be read"):
        named_libraries()
    assert library_path("./field") == Path("./field")


def test_a_place_that_cannot_be_written(config) -> None:
    config.write_text("a file")
    with pytest.raises(StoreError, match="cannot be"):
        put_name("field", "/x")


def test_the_users_own_folder_by_default(monkeypatch) -> None:
    monkeypatch.delenv("HEARKEN_CONFIG")
    assert register_path().name == "libraries.json"
    assert "hearken" in register_path().parts[-2]
