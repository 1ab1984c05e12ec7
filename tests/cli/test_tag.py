"""`hearken tag`: labels given, shown, written and taken away."""

from __future__ import annotations

import csv
import json

import pytest

from tests.cli.little_library import little_library


@pytest.fixture
def library(tmp_path, monkeypatch) -> str:
    return str(little_library(tmp_path, monkeypatch))


def test_labels_are_given_shown_and_taken_away(cli, library, tmp_path) -> None:
    code, out, err = cli("tag", "--library", library, "--labels", "dog,rain,siren")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [["label", "sounds"], ["dog", "1"], ["rain", "1"]]
    assert err.splitlines()[-1] == "2 of 3 sounds have labels"
    shown = json.loads(cli("tag", "--library", library, "--show", "--json").out)
    assert [[each["label"] for each in sound["labels"]] for sound in shown["sounds"]] == [["dog"], ["rain"]]
    assert len(shown["sounds"][0]["paths"]) == 2
    assert (shown["num_sounds"], shown["num_labelled"]) == (3, 2), "of all sounds of the library"
    assert json.loads(cli("search", "sound", "--label", "Rain", "--library", library, "--json").out)["hits"][0]["path"].endswith("two.wav")
    assert cli("tag", "--library", library, "--remove").err == "2 labels taken away\n"
    assert json.loads(cli("tag", "--library", library, "--show", "--json").out)["num_labelled"] == 0


def test_files(cli, library, tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("dog\nrain\n")
    table = tmp_path / "x.csv"
    result = cli(
        "tag", "--library", library, "--labels", str(tmp_path / "mine.txt"), "--top", "1", "--out", str(table), "--sidecar", "--json"
    )
    assert result.code == 0
    assert json.loads(result.out)["labels"] == {"dog": 1, "rain": 1}
    with table.open(newline="") as file:
        assert sorted((row["path"].rpartition("/")[2], row["label"]) for row in csv.DictReader(file)) == [
            ("copy of dog.wav", "dog"), ("dog one.wav", "dog"), ("rain two.wav", "rain"),
        ]  # fmt: skip
    assert (tmp_path / "s" / "field" / "rain two.wav.labels.txt").read_text() == "rain\n"


def test_wrong_use(cli, library, tmp_path) -> None:
    assert cli("tag", "--library", library, "--show", "--remove").code == 1
    assert cli("tag", "--library", library, "--labels", ",").code == 1
    assert cli("tag", "--library", library, "--out", str(tmp_path / "tags.xlsx")).err.startswith("Error: The table")
    assert not (tmp_path / "tags.xlsx").exists()


def test_a_list_that_is_not_there_takes_no_labels_away(cli, library) -> None:
    cli("tag", "--library", library, "--labels", "dog,rain")
    refused = cli("tag", "--library", library, "--labels", "lables.txt")
    assert (refused.code, refused.err.splitlines()[0]) == (1, "Error: There is no list of labels lables.txt.")
    assert json.loads(cli("tag", "--library", library, "--show", "--json").out)["num_labelled"] == 2


def test_labels_that_nobody_has_are_told(cli, library) -> None:
    cli("tag", "--library", library, "--labels", "dog,rain")
    found = cli("search", "dog", "--library", library, "--label", "DOG", "--label", "dgo")
    assert "No sound has the label 'dgo'" in found.err
    assert "'DOG'" not in found.err
    assert cli("tag", "--library", library, "--top", "0").code == 2
