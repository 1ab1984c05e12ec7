"""Reverberation as a random transform: a room (`reverb.py`) of drawn size and strength for some of the sounds.

Kim et al. (2023), section 4.3, put half of the sounds into a room and give neither its size nor its strength. Here the echo falls by
60 dB within 0.2 to 1 s, from a furnished room to a hall, and is 15 to 0 dB below the sound itself, from near the microphone to a
few metres away. Both are drawn evenly. Nothing is clipped.

Legend: `T` samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.augment.chance import Range, check_probability, check_range, falls, seed_of, uniform
from hearken.augment.reverb import draw_room, reverberate
from hearken.types import FloatArray


@dataclass(frozen=True)
class DrawnEcho:
    """The echo of one sound: how long it takes to fall by 60 dB, its level against the sound, and the `seed` of its room."""

    rt60_s: float
    wet_db: float
    seed: int


@dataclass(frozen=True)
class Reverb:
    """An echo for a sound with `probability`, length and level drawn evenly from the ranges. Raises InputError for others."""

    probability: float = 0.5
    rt60_s: Range = (0.2, 1.0)
    wet_db: Range = (-15.0, 0.0)

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_range(self.rt60_s, "rt60_s", 0.01, 20.0)
        check_range(self.wet_db, "wet_db", -120.0, 40.0)

    def draw(self, generator: np.random.Generator) -> DrawnEcho | None:
        """Return the echo of one sound; None where the coin says that it gets none."""
        drawn = DrawnEcho(uniform(self.rt60_s, generator), uniform(self.wet_db, generator), seed_of(generator))
        return drawn if falls(self.probability, generator) else None


def add_echo(samples: FloatArray, rate_hz: int, echo: DrawnEcho) -> FloatArray:
    """Return `samples` (T,) at `rate_hz` with the echo, cut to T samples."""
    room = draw_room(np.random.default_rng(echo.seed), rate_hz, echo.rt60_s)
    return reverberate(samples, room, echo.wet_db)
