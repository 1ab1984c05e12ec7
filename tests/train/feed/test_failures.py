from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hearken.data.clip import Clip
from hearken.errors import AudioFormatError, DataError
from hearken.train.feed.failures import Failures

ERROR = AudioFormatError("a.wav is no sound.", "Remove it.")


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_clip_is_named_once(tmp_path: Path) -> None:
    failures = Failures(tmp_path / "failed.jsonl")
    failures.failed("a", "a.wav", ERROR)
    failures.failed("a", "a.wav", ERROR)
    expected = {
        "id": "a",
        "path": "a.wav",
        "stage": "read",
        "error": "AudioFormatError",
        "message": "a.wav is no sound.",
        "hint": "Remove it.",
    }
    assert lines(tmp_path / "failed.jsonl") == [expected]
    assert failures.has("a.wav")
    assert not failures.has("b.wav")


def test_a_resumed_run_knows_what_failed_and_not_what_was_left_out(tmp_path: Path) -> None:
    first = Failures(tmp_path / "failed.jsonl")
    first.failed("a", "a.wav", ERROR)
    first.left_out("my.csv", Clip("b", "train", "b.wav"), None)
    first.left_out("my.csv", Clip("c", "train", "c.wav"), "c.wav")
    again = Failures(tmp_path / "failed.jsonl")
    assert (again.has("a.wav"), again.has("b.wav"), again.num_failed) == (True, False, 1)
    again.left_out("my.csv", Clip("b", "train", "b.wav"), None)
    assert [line["error"] for line in lines(tmp_path / "failed.jsonl")] == ["AudioFormatError", "MissingDataError", "DataError"]


def test_half_a_line_of_a_killed_run_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "failed.jsonl"
    path.write_text('{"id": "a", "path"', encoding="utf-8")
    Failures(path).failed("b", "b.wav", ERROR)
    assert path.read_text(encoding="utf-8").startswith('{"id": "a", "path"\n{"id": "b"')
    assert Failures(path).num_failed == 1


def test_more_than_a_tenth_ends_the_run(tmp_path: Path) -> None:
    failures = Failures(tmp_path / "failed.jsonl")
    failures.num_clips = 20
    failures.failed("a", "a.wav", ERROR)
    failures.failed("b", "b.wav", ERROR)
    with pytest.raises(DataError, match=r"3 of 20 clips cannot be read: more than a tenth\. The last: a\.wav is no sound\."):
        failures.failed("c", "c.wav", ERROR)
    few = Failures(None)
    few.num_clips = 3
    few.failed("a", "a.wav", ERROR)  # one may always fail


def test_a_run_goes_on_where_there_is_no_room_for_a_line(tmp_path: Path) -> None:
    failures = Failures(tmp_path / "nowhere" / "failed.jsonl")
    failures.failed("a", "a.wav", ERROR)
    assert failures.has("a.wav")
    with pytest.raises(DataError, match="cannot be written"):
        failures.left_out("my.csv", Clip("b", "train", "b.wav"), None)


def test_a_line_that_a_full_disk_cut_does_not_take_the_next_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures, write = Failures(tmp_path / "failed.jsonl"), os.write
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:20]))
    failures.failed("a", "a.wav", ERROR)
    monkeypatch.undo()
    failures.failed("b", "b.wav", ERROR)
    failures.failed("c", "c.wav", ERROR)
    again = Failures(tmp_path / "failed.jsonl")
    assert [again.has(f"{name}.wav") for name in "abc"] == [False, True, True]


def test_a_ledger_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "failed.jsonl").mkdir()
    assert Failures(tmp_path / "failed.jsonl").num_failed == 0  # a folder is no ledger; writing says so


def test_only_one_process_names_what_was_left_out(tmp_path: Path) -> None:
    Failures(tmp_path / "failed.jsonl", writes_left_out=False).left_out("my.csv", Clip("b", "train", "b.wav"), None)
    assert not (tmp_path / "failed.jsonl").exists()
