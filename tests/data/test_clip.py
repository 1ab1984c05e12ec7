"""What a corpus is made of: plain facts that do not change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hearken.data.clip import ORIGINS, Clip, Corpus, Query, Variation

CLIPS = (
    Clip("a", "train", "train/a.wav", ("one", "two")),
    Clip("b", "test", "test/b.wav", ("three",)),
    Clip("c", "train", "train/c.wav"),
)
CORPUS = Corpus("x", Path("here"), CLIPS, (Query("q", (("a", 1.0),)),), (Variation("a", "one", ("uno",)),))


def test_a_clip_knows_nothing_that_nobody_said() -> None:
    clip = CLIPS[2]
    assert (clip.captions, clip.title, clip.tags, clip.duration_s, clip.start_s, clip.origins) == ((), "", (), None, None, ())
    with pytest.raises(FrozenInstanceError):
        clip.id = "d"  # type: ignore[misc]


def test_counts_and_splits() -> None:
    assert CORPUS.num_captions == 3
    assert CORPUS.splits == ("train", "test")


def test_only_some_splits() -> None:
    part = CORPUS.only(["test"])
    assert [clip.id for clip in part.clips] == ["b"]
    assert (part.reference, part.folder, part.queries, part.variations) == ("x", Path("here"), CORPUS.queries, CORPUS.variations)
    assert CORPUS.only(()).clips == ()
    assert [clip.id for clip in CORPUS.only(("train", "test")).clips] == ["a", "b", "c"]


def test_origins_are_short_names() -> None:
    assert len(set(ORIGINS)) == len(ORIGINS)
    assert all(name.isalnum() and name.islower() for name in ORIGINS)
