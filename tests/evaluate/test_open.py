from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError, MissingDataError
from hearken.evaluate.open import open_task, restricted
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
    all_of_it = open_task([table], merged=False, need_sounds=False)
    assert len(all_of_it.task.clips) == 3
    with pytest.raises(EvaluationError, match="are not here"):
        all_of_it.listening(8_000, None, jobs=1)


def test_clips_without_captions_have_labels(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,caption,tags\na.wav,,water\n")
    write_corpus(tmp_path)
    with pytest.raises(MissingDataError, match="No caption"):
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
