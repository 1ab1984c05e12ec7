"""Sounds in two: by their splits, or whole recordings, and always the same ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.errors import DataError, MissingDataError, RunError
from hearken.train.divide import MOST, divide, recordings, write_table
from hearken.train.feed.corpora import Opened


def clip(number: int, split: str = "all", *origins: str, captions: tuple[str, ...] = ("a dog",)) -> Clip:
    return Clip(f"{number:04d}.wav", split, f"{number:04d}.wav", captions, origins=origins)


def opened(*clips: Clip, here: bool = True) -> Opened:
    corpus = Corpus("mine.csv", Path("/sounds"), clips)
    return Opened(corpus, {each.id: f"/sounds/{each.audio}" for each in clips} if here else {}, "mine.csv")


def ids(clips: tuple[Clip, ...]) -> set[str]:
    return {each.id for each in clips}


def test_splits_are_followed_and_tests_left_alone() -> None:
    splits = ["train"] * 10 + ["Valid"] * 5 + ["test"] * 3 + ["extra"] * 2
    found = divide(opened(*(clip(number, split) for number, split in enumerate(splits))))
    assert [each.split for each in found.training] == ["train"] * 10 + ["extra"] * 2
    assert [each.split for each in found.validation] == ["Valid"] * 5
    assert (found.how, found.num_test) == ("by its splits", 3)


def test_with_other_clips_to_validate_all_but_tests_are_learnt_from() -> None:
    splits = ["train"] * 10 + ["val"] * 5 + ["test"] * 3
    found = divide(opened(*(clip(number, split) for number, split in enumerate(splits))), validate=False)
    assert (len(found.training), found.validation, found.num_test) == (15, (), 3)


def test_a_corpus_of_a_test_split_alone_is_the_users_own_affair() -> None:
    found = divide(opened(*(clip(number, "test") for number in range(30))))
    assert (len(found.training), len(found.validation), found.num_test) == (24, 6, 0)


def test_a_fifth_is_held_out_by_whole_files() -> None:
    clips = [clip(number) for number in range(100)]
    found = divide(opened(*clips))
    assert len(found.validation) == 20
    assert not ids(found.training) & ids(found.validation)
    assert ids(found.training) | ids(found.validation) == ids(tuple(clips))
    assert found.how == "whole files"


def test_no_recording_is_on_both_sides() -> None:
    clips = [clip(number, "all", f"group:{number // 7}") for number in range(105)]
    found = divide(opened(*clips))
    sides = [{origin for each in side for origin in each.origins} for side in (found.training, found.validation)]
    assert not sides[0] & sides[1]
    assert sides[1]
    assert 14 <= len(found.validation) <= 31
    assert found.how == "whole recordings"


def test_the_same_are_held_out_whatever_comes_after() -> None:
    clips = [clip(number, "all", f"freesound:{number}") for number in range(100)]
    held_out = ids(divide(opened(*clips)).validation)
    assert held_out == ids(divide(opened(*reversed(clips))).validation)
    more = ids(divide(opened(*clips, *(clip(number, "all", f"freesound:{number}") for number in range(100, 110)))).validation)
    assert len(held_out - more) <= 4
    assert held_out != ids(divide(opened(*clips), seed=1).validation)


def test_clips_without_sound_or_words_are_counted_and_left_out() -> None:
    clips = [clip(number) for number in range(30)]
    data = opened(*clips[:20], *(replace(each, captions=(" ",)) for each in clips[20:27]))
    data = replace(data, corpus=replace(data.corpus, clips=(*data.corpus.clips, *clips[27:])))
    found = divide(data)
    assert (len(found.training) + len(found.validation), found.num_silent, found.num_wordless) == (20, 3, 7)


def test_recordings_join_over_others_and_over_files() -> None:
    clips = [clip(0, "a", "x:1"), clip(1, "a", "x:2"), clip(2, "a", "x:1", "x:2"), clip(3, "a"), clip(4, "b"), clip(5, "a", "x:3")]
    places = {each.id: f"/s/{each.id}" for each in clips} | {clips[4].id: f"/s/{clips[3].id}"}
    assert sorted(map(sorted, recordings(clips, places))) == [[0, 1, 2], [3, 4], [5]]


def test_a_long_series_stays_on_one_side() -> None:
    clips = [clip(number, "all", "group:long" if number < 80 else f"group:{number}") for number in range(100)]
    found = divide(opened(*clips))
    assert all(each.origins != ("group:long",) for each in found.validation)
    assert len(found.validation) == 20


def test_no_more_are_held_out_than_say_something() -> None:
    assert len(divide(opened(*(clip(number) for number in range(4_000)))).validation) == MOST


def test_what_cannot_be_divided_is_named() -> None:
    with pytest.raises(MissingDataError, match=r"None of the sounds of mine\.csv is here") as caught:
        divide(opened(*(clip(number) for number in range(30)), here=False))
    assert caught.value.hint
    with pytest.raises(DataError, match=r"No clip of mine\.csv has a caption"):
        divide(opened(*(clip(number, captions=()) for number in range(30))))
    with pytest.raises(DataError, match=r"too few clips .* 7 to learn from and 4 to hold out; 8 and 4"):
        divide(opened(*(clip(number) for number in range(11))))
    with pytest.raises(DataError, match="are of one recording") as caught:
        divide(opened(*(clip(number, "all", "group:a") for number in range(30))))
    assert "--validation" in caught.value.hint
    with pytest.raises(DataError, match="too few clips"):
        divide(opened(clip(0)), validate=False)


def test_the_table_is_read_back(tmp_path: Path) -> None:
    clips = (clip(0, "train", "freesound:1", captions=('a "dog"', "ein Hund, naß")), replace(clip(1), licence="CC0", duration_s=2.5))
    path = tmp_path / "data" / "training.jsonl"
    write_table(clips, {each.id: f"/sounds/{each.audio}" for each in clips}, path)
    read = load(path).clips
    assert [each.audio for each in read] == ["/sounds/0000.wav", "/sounds/0001.wav"]
    assert [each.captions for each in read] == [each.captions for each in clips]
    assert [each.origins for each in read] == [("freesound:1",), ()]
    assert (read[0].split, read[1].licence, read[1].duration_s) == ("train", "CC0", 2.5)
    assert len(path.read_text().splitlines()) == 2
    assert json.loads(path.read_text().splitlines()[0])["file"] == "/sounds/0000.wav"


def test_a_table_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file is in the way")
    with pytest.raises(RunError, match="cannot be written"):
        write_table((clip(0),), {"0000.wav": "/sounds/0000.wav"}, tmp_path / "data" / "t.jsonl")
    with pytest.raises(DataError, match="pack") as caught:
        write_table((clip(0),), {"0000.wav": object()}, tmp_path / "t.jsonl")  # type: ignore[dict-item]
    assert "--validation" in caught.value.hint
