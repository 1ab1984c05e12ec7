"""`hearken data stats`: tables for people, JSON, CSV and the figure."""

from __future__ import annotations

import csv
import json

import pytest

from hearken.cli.data.stats import _published
from hearken.cli.main import run

TABLE = "file,caption,split,duration\na.wav,A dog barks.,train,10\nb.wav,Rain and a dog.,test,\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def test_for_people(table, capsys) -> None:
    run_ok(["data", "stats", str(table), "--words", "2"])
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert ["dog", "2"] in lines
    (whole,) = [line for line in lines if line[:1] == [str(table)] and line[1] not in ("train", "test")]
    assert whole[1:] == ["0.00", "2", "2", "10.00", "10.00", "4", "3.50"]
    assert ["rain", "1"] not in lines


def test_json_csv_and_figure(table, tmp_path, capsys) -> None:
    pytest.importorskip("matplotlib")
    run_ok(["data", "stats", str(table), "--json", "--csv", str(tmp_path / "s.csv"), "--plot", str(tmp_path / "w.png")])
    found = json.loads(capsys.readouterr().out)
    assert [(row["num_clips"], row["max_words"]) for row in found["corpora"]] == [(1, 3), (1, 4), (2, 4)]
    assert found["words"][0] == {"word": "dog", "count": 2}
    with (tmp_path / "s.csv").open() as file:
        assert [row["num_captions"] for row in csv.DictReader(file)] == ["1", "1", "2"]
    assert (tmp_path / "w.png").stat().st_size > 1_000


def test_descriptions_in_the_place_of_captions(tmp_path, capsys) -> None:
    (tmp_path / "mine.csv").write_text("file,caption,description\na.wav,A dog barks.,Whining and howling\nb.wav,Rain.,\n")
    run_ok(["data", "stats", str(tmp_path / "mine.csv"), "--descriptions", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [(row["num_captions"], row["max_words"], row["num_described"]) for row in found["corpora"]] == [(1, 3, 1)]
    assert [word["word"] for word in found["words"]] == ["howling", "whining"]


def test_what_was_written_and_what_is_not_there_is_told(tmp_path, capsys) -> None:
    (tmp_path / "mine.csv").write_text("file,told\na.wav,A dog barks.\n")
    run_ok(["data", "stats", str(tmp_path / "mine.csv"), "--csv", str(tmp_path / "s.csv")])
    said = capsys.readouterr().err
    assert "mine.csv has no captions; their column is one of captions, caption" in said
    assert f"Written: {tmp_path / 's.csv'}" in said


def test_published_rows_stand_beside_whole_corpora() -> None:
    assert [(row.name, row.num_clips) for row in _published(["clotho", "clotho-evaluation", "x.csv"])] == [("clotho (paper)", 5929)]


def test_hours_of_some_clips_are_told_to_be_so(table, capsys) -> None:
    run_ok(["data", "stats", str(table), "--words", "0"])
    err = capsys.readouterr().err
    assert f"{table}: lengths are known of 1 of 2 clips; hours and seconds are of those alone." in err
    assert "train: lengths" not in err


def test_a_narrow_terminal_breaks_no_name(table, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(table.parent)
    run_ok(["data", "stats", "mine.csv", "--words", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line.split()[0] not in ("max", "corpus")] == ["mine.csv"] * 3


def test_errors(table, capsys) -> None:
    with pytest.raises(SystemExit) as leaving:
        run(["data", "stats", str(table), "clotho", "--folder", "x"])
    assert leaving.value.code == 1
    assert "--folder is of one corpus" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(["data", "stats", "clothos"])
    assert "Did you mean clotho" in capsys.readouterr().err


def run_ok(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        run(arguments)
    assert leaving.value.code == 0
