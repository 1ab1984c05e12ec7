from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import DataError, EvaluationError, MissingDataError
from hearken.evaluate.open import open_task, recordings_of, restricted, task_of
from hearken.train.feed.asked import Asked
from tests.evaluate.asking import small_task, write_corpus


def test_a_table_becomes_a_task(tmp_path: Path) -> None:
    asked = open_task([str(write_corpus(tmp_path))], merged=False)
    assert asked.task.clips == ("a.wav", "b.wav", "c.wav")
    assert asked.task.relevance.items.tolist() == [0, 0, 1, 1, 2]
    assert asked.task.labels == (("water",), ("animal",), ("alarm",))
    assert asked.task.grades is None
    assert asked.task.paths == tuple(str(tmp_path / clip) for clip in asked.task.clips)
    lengths = [len(samples) for _, samples in asked.listening(8_000, 0.25, jobs=1).sounds()]
    assert lengths == [2_000] * 3


def test_clips_whose_sound_is_missing(tmp_path: Path) -> None:
    table = str(write_corpus(tmp_path))
    (tmp_path / "b.wav").unlink()
    asked = open_task([table], merged=False)
    assert asked.task.clips == ("a.wav", "c.wav")
    assert (asked.task.record["clips_without_sound"], asked.task.record["queries_without_clip"]) == (1, 2)
    assert asked.task.record["first_without_sound"] == ["b.wav"]
    all_of_it = open_task([table], merged=False, need_sounds=False)
    assert len(all_of_it.task.clips) == 3
    with pytest.raises(EvaluationError, match="are not here"):
        all_of_it.listening(8_000, None, jobs=1)


def test_a_sound_that_is_found_in_another_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = str(write_corpus(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "sounds_elsewhere" not in open_task([table], merged=False).task.record
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.wav").rename(tmp_path / "deep" / "b.wav")
    record = open_task([table], merged=False).task.record
    assert (record["sounds_elsewhere"], record["first_elsewhere"]) == (1, [f"b.wav (at {Path('deep', 'b.wav')})"])


def test_a_path_that_leads_nowhere_is_called_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path)
    monkeypatch.chdir(tmp_path)
    for reference, hint in (
        ("t.jsnol", "Did you mean t.jsonl?"), (f"{tmp_path}/t.jsonk", f"Did you mean {tmp_path}/t.jsonl?"), ("x/y", "Check the path."),
        ("t.jsnol:val", "Did you mean t.jsonl?"), ("zzzz.qqq", "Check the path."),
    ):  # fmt: skip
        with pytest.raises(MissingDataError, match=rf"{reference.removesuffix(':val')} is not there\.") as caught:
            open_task([reference], merged=False)
        assert caught.value.hint == hint
    with pytest.raises(DataError, match="There is no corpus 'cloto'") as no_corpus:
        open_task(["cloto"], merged=False)
    assert "clotho" in no_corpus.value.hint


def test_clips_without_captions_have_labels(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,caption,tags\na.wav,,water\n")
    write_corpus(tmp_path)
    with pytest.raises(MissingDataError, match="caption"):
        open_task([str(tmp_path / "t.csv")], merged=False)
    task = open_task([str(tmp_path / "t.csv")], merged=False, need_queries=False).task
    assert (task.queries, task.labels) == ((), (("water",),))
    assert restricted(task, [0])[0] is task


def test_what_cannot_be_read_goes_with_its_queries() -> None:
    task = small_task(grades=np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    found, queries = restricted(task, [0, 2])
    assert queries.tolist() == [0, 1, 4]
    assert (found.clips, found.queries) == (("a.wav", "c.wav"), ("rain", "heavy rain", "a bell"))
    assert found.relevance.items.tolist() == [0, 0, 1]
    assert found.relevance.starts.tolist() == [0, 1, 2, 3]
    assert found.grades is not None
    assert found.grades.tolist() == [1.0, 2.0, 5.0]
    assert (found.labels, found.paths) == ((("water",), ()), ("/sounds/a.wav", "/sounds/c.wav"))
    assert (found.record["clips_unreadable"], found.record["queries_of_unreadable"]) == (1, 2)
    assert restricted(task, [0, 1, 2])[0] is task


def test_a_clip_does_not_stand_in_its_own_way(tmp_path: Path) -> None:
    table = write_corpus(tmp_path)
    table.write_text(table.read_text().replace('{"file"', '{"split": "one", "file"', 1))
    assert len(open_task([f"{table}:one"], merged=False).task.clips) == 1
    with pytest.raises(EvaluationError, match=r"both have the clip a\.wav"):
        open_task([f"{table}:one", str(table)], merged=False)


def test_clips_of_one_file_are_counted() -> None:
    asked = Asked("x", ("a", "b", "c"), ("s.wav", "t.wav", "s.wav"), ((), (), ()), ("rain",), ({0: 1.0},), 0, {})
    assert task_of(asked).record["clips_of_one_file"] == 2
    assert task_of(replace(asked, places=(None, None, "s.wav"))).record["clips_of_one_file"] == 0


def test_grades_stand_where_their_pairs_stand() -> None:
    asked = Asked("x", ("a", "b", "c"), (None, None, None), ((), (), ()), ("rain", "wind"), ({2: 0.5, 0: 1.0}, {1: 0.2}), 0, {})
    task = task_of(asked)
    assert task.relevance.items.tolist() == [0, 2, 1]
    assert task.grades is not None
    assert task.grades.tolist() == [1.0, 0.5, 0.2]
    assert task_of(replace(asked, grades=({2: 1.0, 0: 1.0}, {1: 1.0}))).grades is None


def test_recordings_are_clips_with_an_origin_in_common() -> None:
    assert recordings_of([]).tolist() == []
    assert recordings_of([(), (), ()]).tolist() == [0, 1, 2]
    assert recordings_of([("x",), (), ("y",), ("x",), ("z", "y"), ("z",)]).tolist() == [0, 1, 2, 0, 2, 2]
    assert recordings_of([("a",), ("b",), ("a", "b")]).tolist() == [0, 0, 0]
    chain = [(str(number), str(number + 1)) for number in range(50)]
    assert set(recordings_of(chain[::2] + chain[1::2]).tolist()) == {0}
