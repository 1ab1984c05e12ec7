from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.errors import LeakError
from hearken.train.feed.corpora import Opened
from hearken.train.feed.leaks import guard


def corpus_of(name: str, folder: Path, *clips: Clip) -> Opened:
    return Opened(Corpus(name, folder, clips), {}, name)


def clip(number: int, *origins: str) -> Clip:
    return Clip(f"{number}", "all", f"{number}.wav", (f"caption {number}",), origins=origins)


@pytest.fixture
def training(tmp_path: Path) -> Opened:
    """Four clips, of which the second was cut from the recording 137692."""
    return corpus_of("training", tmp_path, clip(1, "freesound:1"), clip(2, "freesound:137692"), clip(3, "freesound:3"), clip(4))


@pytest.fixture
def held_out(tmp_path: Path) -> Opened:
    return corpus_of("evaluation", tmp_path, replace(clip(9, "freesound:137692"), captions=("Caption 1!",)))


def test_the_same_recording_is_dropped(training: Opened, held_out: Opened) -> None:
    left, record = guard(training, [held_out], (), "drop")
    assert [each.id for each in left.clips] == ["1", "3", "4"]
    assert record[0]["counts"] == {"origin": 1, "caption": 1}  # an equal caption proves nothing
    assert record[0]["clips_without_origin"] == {"training": 1, "held_out": 0}
    assert record[1] == {"policy": "drop", "dropped_clips": 1}
    assert "leaks" not in record[0]


def test_or_kept_or_refused(training: Opened, held_out: Opened) -> None:
    left, record = guard(training, [held_out], (), "allow")
    assert len(left.clips) == 4
    assert (record[0]["leaked_training_clips"], record[1]["dropped_clips"]) == (1, 0)
    with pytest.raises(
        LeakError, match=r"1 of 4 clips of training are in evaluation: 1 by origin.* Such as 2 \(origin: freesound:137692\)"
    ):
        guard(training, [held_out], (), "refuse")
    guard(corpus_of("training", training.corpus.folder, clip(1)), [held_out], (), "refuse")


def test_clips_of_one_corpus_are_known_by_their_ids(training: Opened) -> None:
    packed = replace(corpus_of("pack", training.corpus.folder / "pack", clip(3), clip(7)), identity=training.identity)
    left, record = guard(training, [packed], (), "drop")
    assert [each.id for each in left.clips] == ["1", "2", "4"]
    assert record[0]["counts"]["file"] == 1
    other = replace(packed, identity="something else")
    assert len(guard(training, [other], (), "drop")[0].clips) == 4


def test_blacklists(training: Opened, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("origin\nfreesound:3\nfreesound:99\n", encoding="utf-8")
    left, record = guard(training, [], (str(path),), "drop")
    assert [each.id for each in left.clips] == ["1", "2", "4"]
    assert record[0]["counts"]["blacklist"] == 1
    assert record[0]["blacklist"]["name"] == "mine.csv"
    with pytest.raises(LeakError, match=r"blacklist: freesound:3"):
        guard(training, [], (str(path),), "refuse")


def test_more_leaks_than_can_be_named(tmp_path: Path) -> None:
    many = corpus_of("many", tmp_path, *(clip(number, f"freesound:{number}") for number in range(1, 6)))
    with pytest.raises(LeakError, match="; and 2 more"):
        guard(many, [replace(many, identity="other")], (), "refuse")
