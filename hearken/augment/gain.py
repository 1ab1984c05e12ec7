"""Gain: the same sound, louder or softer.

By default it is drawn evenly within 7 dB both ways, PaSST's range (its authors draw whole decibels from -7 to 6 for every clip).
Kim et al. (2023) use none. Nothing is clipped: a front end of floats has no full scale, and clipping would add what was not heard.

Legend: `T` samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.augment.chance import Range, check_probability, check_range, falls, uniform
from hearken.types import FloatArray


@dataclass(frozen=True)
class DrawnGain:
    """A change of level by `gain_db`."""

    gain_db: float


@dataclass(frozen=True)
class Gain:
    """Gain for a sound with `probability`, drawn evenly from the range `gain_db`. Raises InputError for others."""

    probability: float = 0.5
    gain_db: Range = (-7.0, 7.0)

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_range(self.gain_db, "gain_db", -120.0, 120.0)

    def draw(self, generator: np.random.Generator) -> DrawnGain | None:
        """Return the change of one sound; None where the coin says that it stays."""
        drawn = DrawnGain(uniform(self.gain_db, generator))
        return drawn if falls(self.probability, generator) else None


def change_level(samples: FloatArray, level: DrawnGain) -> FloatArray:
    """Return `samples` (T,) float32 times the gain."""
    changed: FloatArray = samples * np.float32(10.0 ** (level.gain_db / 20.0))
    return changed
