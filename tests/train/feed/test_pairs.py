from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.data.clip import Clip, Corpus
from hearken.errors import MissingDataError
from hearken.train.feed.corpora import Opened
from hearken.train.feed.failures import Failures
from hearken.train.feed.packs import Packed
from hearken.train.feed.pairs import ANY, Clips, make_pairs


def corpus_of(*captions: tuple[str, ...], missing: int = 0) -> Opened:
    clips = tuple(Clip(f"c{number}", "all", f"{number}.wav", texts, duration_s=1_800.0) for number, texts in enumerate(captions))
    return Opened(Corpus("mine", Path(), clips), {clip.id: f"/{clip.audio}" for clip in clips[missing:]}, "mine")


def test_a_pair_for_each_caption_or_for_each_clip() -> None:
    clips = Clips()
    numbers, told = clips.add_corpus(corpus_of(("a", "b"), ("c",), ("d", "e ", " ")), Failures(None), {})
    assert (numbers, told.num_clips, told.num_captions, told.known_s) == (range(3), 3, 5, 5_400.0)
    every = make_pairs(clips, [(numbers, 1)], "all", 8)
    assert (every.clip.tolist(), every.caption.tolist(), every.shard) == ([0, 0, 1, 2, 2], [0, 1, 0, 0, 1], None)
    assert clips.captions[2] == ("d", "e")
    one = make_pairs(clips, [(numbers, 1)], "one", 8)
    assert (one.clip.tolist(), one.caption.tolist()) == ([0, 1, 2], [ANY] * 3)


def test_two_corpora_one_of_them_twice_and_a_file_of_both() -> None:
    clips = Clips()
    first, _ = clips.add_corpus(corpus_of(("a",), ("b",)), Failures(None), {})
    second, _ = clips.add_corpus(corpus_of(("x",), ("y",), ("z",), missing=1), Failures(None), {})  # /1.wav and /2.wav
    pairs = make_pairs(clips, [(first, 1), (second, 2)], "all", 8)
    assert pairs.clip.tolist() == [0, 1, 2, 3, 2, 3]
    assert pairs.sound.tolist() == [0, 1, 1, 3, 1, 3]  # the second corpus' first clip is the file of the first one's second
    assert pairs.clip.dtype == pairs.caption.dtype == np.int32


def test_shards_count_where_there_are_many() -> None:
    class Pack:
        folder = Path("pack")

    pack, clips = Pack(), Clips()
    for number in range(6):
        clips.add(f"{number}", Packed(pack, number // 2, number % 2), ("a", "b"))  # type: ignore[arg-type]
    assert make_pairs(clips, [(range(6), 1)], "one", 3).shard is None
    shard = make_pairs(clips, [(range(6), 2)], "all", 2).shard
    assert shard is not None
    assert shard.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [0] * 4 + [1] * 4 + [2] * 4
    for number in range(300):
        clips.add(f"file {number}", f"{number}.wav", ("a",))
    mixed = make_pairs(clips, [(range(306), 1)], "one", 2).shard
    assert mixed is not None
    assert np.bincount(mixed).tolist() == [2, 2, 2, 256, 44]


def test_variations_go_by_clip_and_caption() -> None:
    clips = Clips()
    _, told = clips.add_corpus(corpus_of(("a", "b"), ("a",)), Failures(None), {("c0", "b"): ("B",), ("c1", "x"): ("X",)})
    assert clips.variations == {(0, 1): ("B",)}
    assert told.num_varied == 1


def test_nothing_left_says_why() -> None:
    with pytest.raises(MissingDataError, match="None of the sounds of mine is here"):
        Clips().add_corpus(corpus_of(("a",), ("b",), missing=2), Failures(None), {})
    with pytest.raises(MissingDataError, match="1 without sound, 1 without caption"):
        Clips().add_corpus(corpus_of(("a",), (), missing=1), Failures(None), {})
    with pytest.raises(MissingDataError, match="Nothing is left of mine"):
        Clips().add_corpus(corpus_of(), Failures(None), {})


def test_the_digest_is_of_ids_paths_and_captions() -> None:
    digests = [Clips().add_corpus(corpus_of((text,)), Failures(None), {})[1].sha256 for text in ("a", "a", "b")]
    assert digests[0] == digests[1] != digests[2]


def test_half_a_million_pairs_take_little_memory() -> None:
    clips = Clips()
    for number in range(1_000):
        clips.add(f"{number}", f"{number}.wav", ("a", "b", "c", "d", "e"))
    pairs = make_pairs(clips, [(range(1_000), 100)], "all", 8)
    assert len(pairs) == 500_000
    assert pairs.clip.nbytes + pairs.caption.nbytes + pairs.sound.nbytes == 6_000_000
