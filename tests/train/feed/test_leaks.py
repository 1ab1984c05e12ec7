from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.locate import locate
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.recipe import Recipe
from hearken.errors import LeakError
from hearken.train.feed.corpora import Opened, open_corpus
from hearken.train.feed.leaks import guard
from tests.train.feed.sounding import RATE_HZ, write_corpus, write_table


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


def test_a_pack_that_was_made_elsewhere_is_known_by_ids_and_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "a", 4)
    corpus = load("a/train.jsonl")
    pack(make_plan(corpus, Recipe(rate_hz=RATE_HZ)), locate(corpus), tmp_path / "pack")
    rows = [{"file": f"{number}.wav", "captions": [caption]} for number, caption in ((1, "1.0"), (2, "other words"))]
    held_out = write_table(tmp_path / "a" / "val.jsonl", rows)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # where a/train.jsonl, of which the pack is, means nothing
    training = open_corpus(str(tmp_path / "pack"))
    left, record = guard(training, [open_corpus(str(held_out))], (), "drop")
    assert [each.id for each in left.clips] == ["0.wav", "2.wav", "3.wav"]
    assert record[0]["counts"]["file"] == 1
    mirrored, _ = guard(open_corpus(str(held_out)), [training], (), "drop")
    assert [each.id for each in mirrored.clips] == ["2.wav"]
    with pytest.raises(LeakError, match=r"1\.wav \(file: the same id and captions\)"):
        guard(training, [open_corpus(str(held_out))], (), "refuse")


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
