"""What is compared, and what counts as equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hearken.errors import ModelError
from hearken.export.check import MAX_DELTA, SEGMENT_SHARES, TEXTS, Parity, compare, probe_sounds, require

RATE_HZ = 8_000


class Side:
    """Vectors that depend on the input; `wrong` is added where `where` says so."""

    def __init__(self, wrong: float = 0.0, where: str = "") -> None:
        self.wrong, self.where = wrong, where

    def encode_audio(self, sounds: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
        assert sample_rate == RATE_HZ
        off = [self.wrong * (self.where == "long" and len(sound) > 2 * RATE_HZ) for sound in sounds]
        return np.array([[np.abs(sound).mean() + bad, len(sound)] for sound, bad in zip(sounds, off, strict=True)], np.float32)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text) + self.wrong * (self.where == "text" and "é" in text)] for text in texts], np.float64)


def test_sounds_are_of_all_lengths_and_always_the_same() -> None:
    sounds = probe_sounds(RATE_HZ, 2.0)
    assert [len(sound) / RATE_HZ / 2.0 for sound in sounds] == pytest.approx(SEGMENT_SHARES)
    assert min(SEGMENT_SHARES) < 1 < 2.2 < max(SEGMENT_SHARES)
    assert all((one == other).all() for one, other in zip(sounds, probe_sounds(RATE_HZ, 2.0), strict=True))
    assert all(0.01 < sound.std() < 1 and np.abs(sound).max() < 1 for sound in sounds)


def test_equal_sides_have_no_delta() -> None:
    parity = compare(Side(), Side(), rate_hz=RATE_HZ, segment_s=1.0)
    assert parity == Parity(0.0, 0.0, len(SEGMENT_SHARES), len(TEXTS))
    require(parity)


@pytest.mark.parametrize("where", ["long", "text"])
def test_one_wrong_vector_is_found(where: str) -> None:
    parity = compare(Side(), Side(3e-4, where), rate_hz=RATE_HZ, segment_s=1.0)
    assert max(parity.audio, parity.text) == pytest.approx(3e-4, rel=0.01)
    with pytest.raises(ModelError, match="Nothing was kept"):
        require(parity)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.01 * MAX_DELTA])
def test_what_is_no_number_is_not_equal(value: float) -> None:
    assert not Parity(value, 0.0, 4, 5).ok
    assert not Parity(0.0, value, 4, 5).ok
