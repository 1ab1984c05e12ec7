"""`hearken dedupe`: what is printed for people and for scripts."""

from __future__ import annotations

import csv
import json

import pytest

from tests.cli.little_library import little_library


@pytest.fixture
def library(tmp_path, monkeypatch) -> str:
    return str(little_library(tmp_path, monkeypatch))


def test_table_and_total(cli, library, tmp_path) -> None:
    code, out, err = cli("dedupe", "--library", library, "--out", str(tmp_path / "x.csv"))
    assert code == 0
    rows = [line.split("  ")[0] for line in out.splitlines()]
    assert rows == ["what", "keep", "same bytes"]
    assert err.splitlines()[-1] == "1 recording with 1 extra file: 400 bytes could be saved"
    with (tmp_path / "x.csv").open(newline="") as file:
        assert [row["what"] for row in csv.DictReader(file)] == ["keep", "copy"]
    assert sorted(path.name for path in (tmp_path / "s").rglob("*.wav")) == ["copy of dog.wav", "dog one.wav", "rain two.wav", "thing.wav"]


def test_json(cli, library, tmp_path) -> None:
    made = json.loads(cli("dedupe", "--library", library, "--json").out)
    assert (made["saved_bytes"], made["part_bytes"]) == (400, 0)
    (group,) = made["groups"]
    assert group["kept"] == str(tmp_path / "s" / "dog one.wav"), "the shorter path"
    assert group["extras"] == [{"path": str(tmp_path / "s" / "copy of dog.wav"), "kind": "copy", "similarity": 1.0, "size_bytes": 400}]


def test_paths_for_scripts(cli, library, tmp_path) -> None:
    extra = str(tmp_path / "s" / "copy of dog.wav")
    assert cli("dedupe", "--library", library, "--extras").out == f"{extra}\n"
    assert cli("dedupe", "--library", library, "--extras", "--null").out == f"{extra}\0"


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_no_copy_may_go_for_a_file_that_is_not_as_it_was(cli, library, tmp_path, change: str) -> None:
    kept = tmp_path / "s" / "dog one.wav"
    if change == "gone":
        kept.unlink()
    else:
        kept.write_bytes(b"other")
    found = cli("dedupe", "--library", library, "--extras")
    assert (found.code, found.out) == (0, "")
    assert "1 file changed or gone since indexed is left out" in found.err


def test_wrong_use(cli, library, tmp_path) -> None:
    assert cli("dedupe", "--library", library, "--out", str(tmp_path / "x.ods")).code == 1
    assert cli("dedupe", "--library", library, "--out", str(tmp_path / "absent" / "x.csv")).code == 1
    assert cli("dedupe", "--library", library, "--null").code == 1
    assert cli("dedupe", "--library", library, "--extras", "--json").code == 1
    assert cli("dedupe", "--library", library, "--min-similarity", "0.5").code == 2
