"""`hearken libraries`: names for libraries."""

from __future__ import annotations

import json

import pytest

from tests.cli.little_library import little_library


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEARKEN_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("HEARKEN_HOME", str(tmp_path / "default"))


def test_names(cli, tmp_path, monkeypatch) -> None:
    library = little_library(tmp_path, monkeypatch)
    assert cli("libraries", "field", str(library)).err == f"field is {library}\n"
    code, out, _ = cli("libraries")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["name", "folder", "files", "model"],
        ["(default)", str(tmp_path / "default"), "not", "there"],
        ["field", str(library), "4", "pocket"],
    ]
    listed = json.loads(cli("libraries", "--json").out)["libraries"]
    assert listed == [
        {"name": None, "path": str(tmp_path / "default"), "num_files": None, "model": None, "problem": "not there"},
        {"name": "field", "path": str(library), "num_files": 4, "model": "pocket", "problem": None},
    ]
    assert cli("libraries", "--forget", "field").err == f"field was {library}\n"
    assert (library / "library.sqlite").is_file()
    assert cli("libraries", "--forget", "field").code == 1


def test_wrong_use(cli) -> None:
    assert cli("libraries", "field").code == 1
    assert cli("libraries", "field", "x", "--forget", "field").code == 1
    assert cli("libraries", "a/b", "x").code == 1
