"""The table of imitated sounds."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from hearken.audio.sounds import SOUNDS, synthesise, write_sounds


def test_there_are_two_dozen() -> None:
    assert len(SOUNDS) == 26
    assert all(name.isidentifier() and function.__doc__ for name, function in SOUNDS.items())


def test_always_the_same_samples() -> None:
    assert np.array_equal(synthesise("heartbeat"), synthesise("heartbeat"))
    assert not np.array_equal(synthesise("rain")[:32_000], synthesise("steam")[:32_000])


def test_unknown_name() -> None:
    with pytest.raises(KeyError, match="kazoo"):
        synthesise("kazoo")


def test_write_sounds(tmp_path) -> None:
    paths = write_sounds(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [f"{name}.wav" for name in SOUNDS]
    for path in paths:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert 4.0 <= len(samples) / 32_000 <= 12.0
        assert np.abs(samples.astype(int)).max() == round(0.7 * 32_767)
        assert np.std(samples) > 100
