"""The vocabulary: durations, and that what is passed around cannot be changed on the way."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from hearken import types


def test_announced_duration() -> None:
    assert types.AudioInfo("wav", "pcm_s16le", 8_000, 2, 12_000).duration_s == 1.5
    assert types.AudioInfo("mp3", "mp3", 8_000, 2, None).duration_s is None


def test_duration_of_samples() -> None:
    assert types.Waveform(np.zeros(4_000, np.float32), 16_000).duration_s == 0.25


def test_hits_are_values() -> None:
    hit = types.Hit("/a.wav", 0.0, 1.0, 0.5, 2.0)
    assert hit == types.Hit("/a.wav", 0.0, 1.0, 0.5, 2.0)
    assert hit.duplicates == ()
    with pytest.raises(FrozenInstanceError, match="score"):
        hit.score = 1.0  # type: ignore[misc]


def test_flags_are_distinct_words() -> None:
    assert len(set(types.FLAGS)) == len(types.FLAGS) == 5
    assert all(flag.replace("_", "").isalpha() and flag.islower() for flag in types.FLAGS)
