"""Training batches are a pure function of seed and epoch, and mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from pocket_data import BATCH_SIZES, CROPS, FRAME, Batch, Clip, epoch_batches


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    """Twenty clips of 1 to 40 feature frames; the value of a clip's spectrogram is its number."""
    return [Clip(f"{i}", f"Sound {i}.", "g", "MIT", np.full(((2 * i + 1) * FRAME, 128), i, np.float16)) for i in range(20)]


def flat(steps: list[list[Batch]]) -> list[Batch]:
    return [batch for step in steps for batch in step]


def test_same_seed_and_epoch_give_the_same_bytes(clips: list[Clip]) -> None:
    one, two = (flat(list(epoch_batches(clips, 8, mix=0.5, seed=3, epoch=1))) for _ in range(2))
    assert [batch.mel.tobytes() for batch in one] == [batch.mel.tobytes() for batch in two]
    other = flat(list(epoch_batches(clips, 8, mix=0.5, seed=3, epoch=2)))
    assert [batch.captions for batch in one] != [batch.captions for batch in other]


def test_every_clip_comes_once_an_epoch(clips: list[Clip]) -> None:
    batches = flat(list(epoch_batches(clips, 5, mix=0.0, seed=0, epoch=0)))
    assert sorted(index for batch in batches for (index,) in batch.members) == list(range(20))


def test_batches_have_few_shapes(clips: list[Clip]) -> None:
    batches = flat(list(epoch_batches(clips, 20, mix=0.5, seed=0, epoch=0)))
    assert {len(batch.mel) for batch in batches} <= set(BATCH_SIZES)
    assert {batch.mel.shape[1] // FRAME for batch in batches} <= set(CROPS)
    assert all(len(batch.mel) == len(batch.captions) == len(batch.members) for batch in batches)


def test_a_mix_has_both_captions_and_is_louder_than_either(clips: list[Clip]) -> None:
    batches = flat(list(epoch_batches(clips, 20, mix=1.0, seed=0, epoch=0)))
    mixed = [
        (caption, members) for batch in batches for caption, members in zip(batch.captions, batch.members, strict=True) if len(members) == 2
    ]
    assert len(mixed) == 20
    assert all(caption == f"Sound {one} and sound {two}." for caption, (one, two) in mixed if one != two)
