from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import EvaluationError, MissingDataError
from hearken.evaluate.captioning.task import CaptionTask, open_captions
from tests.evaluate.captioning.captions_made import CLIPS, REFERENCES, small_task, write_captioned_corpus


def test_all_captions_of_a_clip_are_its_references(tmp_path: Path) -> None:
    task, asked = open_captions([write_captioned_corpus(tmp_path / "c")], need_sounds=True)
    assert (task.clips, task.references) == (CLIPS, REFERENCES)
    assert task.num_references == 4
    assert (task.record["clips_without_caption"], task.record["clips_without_sound"]) == (1, 0)
    assert asked.task.clips == CLIPS
    assert [Path(str(place)).name for place in asked.places] == list(CLIPS), "the clip without a caption is not heard"


def test_sounds_that_are_not_here_are_left_out_only_where_they_are_needed(tmp_path: Path) -> None:
    corpus = write_captioned_corpus(tmp_path / "c")
    (tmp_path / "c" / "b.wav").unlink()
    assert open_captions([corpus], need_sounds=True)[0].clips == ("a.wav", "c.wav")
    assert open_captions([corpus], need_sounds=False)[0].clips == CLIPS


def test_a_corpus_without_captions(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"file": "a.wav", "captions": []}) + "\n")
    with pytest.raises(MissingDataError, match="has a caption"):
        open_captions([str(path)], need_sounds=False)


def test_the_digest_knows_clips_and_references() -> None:
    task = small_task()
    assert task.digest == small_task("other name").digest
    assert task.digest != CaptionTask("mine.csv", CLIPS, (("a dog barks",), *REFERENCES[1:])).digest
    assert task.digest != CaptionTask("mine.csv", ("x", *CLIPS[1:]), REFERENCES).digest


def test_fewer_clips_are_counted() -> None:
    task = small_task()
    assert task.only([0, 1, 2], "gone") is task
    fewer = task.only([0, 2], "gone")
    assert (fewer.clips, fewer.references, fewer.record["gone"]) == (("a.wav", "c.wav"), (REFERENCES[0], REFERENCES[2]), 1)


def test_no_clip_and_no_reference_are_no_task() -> None:
    with pytest.raises(EvaluationError, match="mine has no clip"):
        CaptionTask("mine", (), ())
    with pytest.raises(EvaluationError, match="b of mine has no reference"):
        CaptionTask("mine", ("a", "b"), (("x",), ()))
