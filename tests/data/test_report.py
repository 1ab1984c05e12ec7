"""The report beside a corpus: what counts as complete, and that equal states give equal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.report import FileState, Prepared, SplitState, keep

TRAIN = SplitState("train", 2, 10, 2, 10, 2)
TEST = SplitState("test", 3, 3, 3, 3, 1, ("test/a.wav", "test/b.wav"))
CSV = FileState("x.csv", "text", "fetched", 5, "ab")


def report(folder: Path, *splits: SplitState, files: tuple[FileState, ...] = (CSV,), notes: tuple[str, ...] = ()) -> Prepared:
    return Prepared("tiny", folder, files, splits, notes=notes)


def test_complete_means_that_nothing_is_left_to_do(tmp_path: Path) -> None:
    assert report(tmp_path, TRAIN).is_complete
    assert not report(tmp_path, TRAIN, TEST).is_complete
    assert not report(tmp_path, TRAIN, notes=("x",)).is_complete
    assert not report(tmp_path, replace(TRAIN, captions=9)).is_complete
    assert not report(tmp_path, replace(TRAIN, problem="x")).is_complete


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ("here", True),
        ("fetched", True),
        ("unpacked", True),
        ("not needed", True),
        ("left out", True),
        ("by hand", False),
        ("failed", False),
    ],
)
def test_states_of_files(tmp_path: Path, status: str, done: bool) -> None:
    assert report(tmp_path, TRAIN, files=(replace(CSV, status=status),)).is_complete is done


def test_json_counts_all_and_lists_some(tmp_path: Path) -> None:
    value = report(tmp_path, TRAIN, TEST).to_json(1)
    assert (value["splits"][1]["missing"], value["splits"][1]["num_missing"]) == (["test/a.wav"], 2)
    assert value["complete"] is False
    assert value["report"] == str(tmp_path / "prepared.json")
    assert json.loads(json.dumps(value)) == value | {"splits": json.loads(json.dumps(value["splits"]))}


def test_the_kept_report_is_the_same_whether_files_came_now_or_before(tmp_path: Path) -> None:
    order = ("test", "train")
    keep(report(tmp_path, TRAIN, TEST), order)
    first = (tmp_path / "prepared.json").read_bytes()
    keep(report(tmp_path, TRAIN, TEST, files=(replace(CSV, status="here"),)), order)
    assert (tmp_path / "prepared.json").read_bytes() == first
    assert str(tmp_path).encode() not in first
    kept = json.loads(first)
    assert [split["name"] for split in kept["splits"]] == ["test", "train"]
    assert kept["splits"][0]["missing"] == ["test/a.wav", "test/b.wav"]


def test_what_a_run_left_alone_stays_known(tmp_path: Path) -> None:
    order = ("train", "test")
    keep(report(tmp_path, TRAIN), order)
    keep(report(tmp_path, TEST, files=(replace(CSV, path="y.csv"), replace(CSV, status="left out", sha256=""))), order)
    kept = json.loads((tmp_path / "prepared.json").read_text())
    assert [split["name"] for split in kept["splits"]] == ["train", "test"]
    assert [(file["path"], file["sha256"]) for file in kept["files"]] == [("x.csv", "ab"), ("y.csv", "ab")]


def test_a_report_of_something_else_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "prepared.json").write_text('{"format": 1, "corpus": "other", "splits": [{"name": "train"}]}')
    keep(report(tmp_path, TEST), ("train", "test"))
    assert [split["name"] for split in json.loads((tmp_path / "prepared.json").read_text())["splits"]] == ["test"]
