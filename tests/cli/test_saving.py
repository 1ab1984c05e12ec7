"""`--save` and saved searches on the command line, over a real little library."""

from __future__ import annotations

import json
import zipfile

import pytest

from hearken.audio import viewing
from hearken.cli.saving import check_place
from hearken.errors import AudioReadError, InputError
from tests.cli.little_library import little_library


@pytest.fixture
def library(tmp_path, monkeypatch) -> str:
    def cut(path, start_s, end_s, format):  # noqa: A002
        if "thing" in path:
            raise AudioReadError(f"{path}: no such file.")
        return f"{start_s} {end_s} {format}".encode()

    monkeypatch.setattr(viewing, "cut", cut)
    return str(little_library(tmp_path, monkeypatch))


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.m3u8", "x.txt", "x.tsv"])
def test_lists(cli, library, tmp_path, name) -> None:
    code, _, err = cli("search", "dog", "--library", library, "--save", str(tmp_path / name), "-k", "2")
    assert code == 0
    assert f"2 lines written to {tmp_path / name}" in err
    assert "dog" in (tmp_path / name).read_text()
    assert ("times are those of several files" in err) == (name == "x.txt")


def test_sounds_cut_out(cli, library, tmp_path) -> None:
    assert cli("search", "dog", "--library", library, "--save", str(tmp_path / "x.zip"), "-k", "1").code == 0
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["001 copy of dog 0.0s.flac", "list.csv"] or archive.namelist()[0].startswith("001 dog one")
    code, _, err = cli("search", "dog", "--library", library, "--save", str(tmp_path / "cuts"))
    assert code == 3
    assert "2 sounds cut out, with list.csv" in err
    assert "thing.wav: no such file." in err


def test_places(tmp_path) -> None:
    assert check_place(tmp_path / "new") == check_place(tmp_path) == "folder"
    assert check_place(tmp_path / "x.CSV") == "csv"
    with pytest.raises(InputError, match="says no format"):
        check_place(tmp_path / "x.xls")
    with pytest.raises(InputError, match="no folder"):
        check_place(tmp_path / "absent" / "x.csv")


def test_searches_are_kept_run_listed_and_forgotten(cli, library, tmp_path) -> None:
    assert cli("search", "dog", "--path", "*one*", "--library", library, "--save-as", "One dog").err.endswith("kept as 'One dog'\n")
    again = json.loads(cli("search", "--saved", "one DOG", "--library", library, "--json").out)
    assert [hit["path"].rpartition("/")[2] for hit in again["hits"]] == ["dog one.wav"]
    wider = json.loads(cli("search", "--saved", "One dog", "--path", "*", "--library", library, "--json").out)
    assert len(wider["hits"]) == 3, "an option changes it for once"
    listed = json.loads(cli("search", "--searches", "--library", library, "--json").out)["searches"]
    assert listed == [{"name": "One dog", "query": {"q": "dog", "folder": "*one*"}}]
    assert "dog, folder *one*" in cli("search", "--searches", "--library", library).out
    assert cli("search", "--forget", "One dog", "--library", library).err == "'One dog' is forgotten\n"
    assert cli("search", "--saved", "One dog", "--library", library).code == 1
    assert "No search was kept" in cli("search", "--searches", "--library", library).err


def test_a_search_for_nothing(cli, library) -> None:
    assert cli("search", "--library", library).code == 2
    assert cli("search", "dog", "--collection", "Nothing", "--library", library).code == 1
