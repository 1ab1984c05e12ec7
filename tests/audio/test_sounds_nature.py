"""Each imitation: finite, of a fitting length, moving, not just an offset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hearken.audio import sounds_nature
from hearken.audio.sounds import SOUNDS
from hearken.audio.synth import RATE_HZ

MINE = [function for function in SOUNDS.values() if function.__module__ == sounds_nature.__name__]


def test_all_of_the_module_are_in_the_table() -> None:
    public = [name for name, value in vars(sounds_nature).items() if getattr(value, "__module__", "") == sounds_nature.__name__]
    assert sorted(public) == sorted(function.__name__ for function in MINE)


@pytest.mark.parametrize("function", MINE, ids=lambda function: function.__name__)
def test_is_a_sound(function: Callable[[np.random.Generator], np.ndarray]) -> None:
    sound = function(np.random.default_rng(5))
    assert np.isfinite(sound).all()
    assert 4.0 <= len(sound) / RATE_HZ <= 12.0
    assert sound.std() > 0.01
    assert abs(sound.mean()) < 0.3 * sound.std()
