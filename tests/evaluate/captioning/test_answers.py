from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.captioning.answers import matched, own_task
from hearken.evaluate.captioning.table import CaptionTable
from hearken.evaluate.captioning.task import CaptionTask
from tests.evaluate.captioning.captions_made import CLIPS, small_task


def table(*clips: str, references: tuple[tuple[str, ...], ...] = ()) -> CaptionTable:
    return CaptionTable(Path("t.csv"), clips, tuple(f"caption of {clip}" for clip in clips), tuple(range(2, 2 + len(clips))), references)


def test_captions_are_put_in_the_order_of_the_clips() -> None:
    found, record = matched(table("c.wav", "a.wav", "b.wav"), small_task())
    assert found == ("caption of a.wav", "caption of b.wav", "caption of c.wav")
    assert record == {}


def test_a_clip_is_known_by_the_end_of_its_name() -> None:
    task = CaptionTask("t", ("x/a.wav", "x/b.wav", "y/b.wav"), (("r",),) * 3)
    found, _ = matched(table("somewhere/a.flac", "x/b.wav", "y/b.wav"), task)
    assert found == ("caption of somewhere/a.flac", "caption of x/b.wav", "caption of y/b.wav")
    with pytest.raises(EvaluationError, match=r"1 clip that t does not have: b\.wav"):
        matched(table("a.wav", "b.wav"), task)  # two clips end so


def test_only_endings_of_sounds_are_endings() -> None:
    task = CaptionTask("t", ("door v1.2", "Rain.WAV"), (("r",),) * 2)
    with pytest.raises(EvaluationError, match=r"1 clip that t does not have: door v1\.3") as caught:
        matched(table("door v1.3", "rain"), CaptionTask("t", ("door v1.2", "rain.wav"), (("r",),) * 2))
    assert "door v1.2" in caught.value.hint
    assert matched(table("door v1.2.flac", "x/Rain"), task)[0] == ("caption of door v1.2.flac", "caption of x/Rain")


def test_unknown_clips_are_counted_with_the_nearest_name() -> None:
    with pytest.raises(EvaluationError, match=r"2 clips that mine\.csv does not have: bb\.wav, zzz") as told:
        matched(table("a.wav", "bb.wav", "zzz"), small_task())
    assert "Did you mean b.wav by bb.wav?" in told.value.hint


def test_clips_that_come_twice() -> None:
    with pytest.raises(EvaluationError, match=r"more than one caption for 1 clip: a\.wav \(the first on lines 2, 4\)"):
        matched(table("a.wav", "b.wav", "a.wav", "c.wav"), small_task())
    with pytest.raises(EvaluationError, match="more than one caption for 1 clip"):
        matched(table("a.wav", "a.flac", "b.wav", "c.wav"), small_task())
    with pytest.raises(EvaluationError, match="more than one caption for 1 clip: x"):
        own_task(table("x", "x", references=(("r",), ("r",))))


def test_missing_clips_are_an_error_or_empty_captions() -> None:
    with pytest.raises(EvaluationError, match=r"no caption for 2 clips of the 3 of mine\.csv: a\.wav, c\.wav") as told:
        matched(table("b.wav"), small_task())
    assert "--lenient" in told.value.hint
    found, record = matched(table("b.wav"), small_task(), lenient=True)
    assert found == ("", "caption of b.wav", "")
    assert record == {"captions_missing": 2, "first_missing": ["a.wav", "c.wav"]}


def test_lenient_leaves_out_captions_of_other_clips() -> None:
    found, record = matched(table("b.wav", "zzz", "a.wav", "c.wav"), small_task(), lenient=True)
    assert found == ("caption of a.wav", "caption of b.wav", "caption of c.wav")
    assert record == {"captions_of_others": 1, "first_of_others": ["zzz"]}
    with pytest.raises(EvaluationError, match=r"more than one caption for 1 clip: b\.wav \(the first on lines 3, 4\)"):
        matched(table("zzz", "b.wav", "b.wav"), small_task(), lenient=True)
    with pytest.raises(EvaluationError, match="captions for 2 clips that") as told:
        matched(table("y", "z"), small_task(), lenient=True)  # another corpus, and not a few clips too many
    assert "--lenient" not in told.value.hint
    with pytest.raises(EvaluationError, match="captions for 1 clip that") as told:
        matched(table("a.wav", "z"), small_task())
    assert told.value.hint.endswith("--lenient leaves them out.")


def test_stretches_are_on_record() -> None:
    assert matched(replace(table(*CLIPS), num_stretches=4), small_task())[1] == {"captions_of_stretches": 4}


def test_a_table_that_names_no_clips() -> None:
    with pytest.raises(EvaluationError, match="does not say which clip"):
        matched(table("", ""), small_task())
    own = own_task(table("", "", references=(("r",), ("s", "t"))))
    assert (own.name, own.clips, own.references) == ("t.csv", ("1", "2"), (("r",), ("s", "t")))


def test_a_table_with_its_own_clips_and_without_references() -> None:
    assert own_task(table(*CLIPS, references=(("r",),) * 3)).clips == CLIPS
    with pytest.raises(EvaluationError, match="no references") as told:
        own_task(table(*CLIPS))
    assert "--data" in told.value.hint
