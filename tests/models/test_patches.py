"""Patches: hand-written numbers for every kind of tail."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import VGGISH_LOGMEL_16K, YAMNET_LOGMEL_16K  # noqa: E402
from hearken.models.patches import cut_patches  # noqa: E402

SILENCE = math.log(0.001)


def firsts(frames: int, *, size: int = 4, hop: int = 2, keep_tail: bool) -> list[list[float]]:
    """The first band of each patch, of frames numbered from 0."""
    mel = torch.arange(frames, dtype=torch.float32)[None, :, None].repeat(1, 1, 3)
    patches = cut_patches(mel, size, hop, YAMNET_LOGMEL_16K, keep_tail=keep_tail)
    assert patches.shape[2:] == (size, 3)
    return [[round(number, 4) for number in patch] for patch in patches[0, :, :, 0].tolist()]


def test_whole_patches() -> None:
    assert firsts(8, keep_tail=True) == firsts(8, keep_tail=False) == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert firsts(8, hop=4, keep_tail=False) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_tail_is_dropped_or_filled_up_with_silence() -> None:
    assert firsts(5, keep_tail=False) == [[0, 1, 2, 3]]
    assert firsts(5, keep_tail=True) == [[0, 1, 2, 3], [2, 3, 4, round(SILENCE, 4)]]


@pytest.mark.parametrize("keep_tail", [True, False])
def test_a_short_sound_is_filled_up(keep_tail: bool) -> None:
    assert firsts(2, keep_tail=keep_tail) == [[0, 1, round(SILENCE, 4), round(SILENCE, 4)]]


def test_silence_is_the_front_ends_floor() -> None:
    patches = cut_patches(torch.zeros(1, 1, 2), 2, 2, VGGISH_LOGMEL_16K, keep_tail=False)
    assert patches[0, 0, 1].tolist() == pytest.approx([math.log(0.01)] * 2)
