"""Gaussian noise at a drawn level: white, as loud as a signal-to-noise ratio says.

Kim et al. (2023), section 4.3, add it to half of the sounds and do not say how loud it is. Here the ratio is drawn evenly in dB
between 5 and 40 dB, what the library audiomentations takes for white noise (`AddGaussianSNR`): from plainly audible to below
the noise of most recordings.

The ratio is that of the mean powers of all of the sound and all of the noise. A sound without power gets none, so silence stays
silence. Nothing is clipped: samples beyond full scale are as good as others to a front end of floats.

Legend: `T` samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.augment.chance import Range, check_probability, check_range, falls, seed_of, uniform
from hearken.types import FloatArray


@dataclass(frozen=True)
class DrawnNoise:
    """Noise of one sound: the ratio `snr_db`, and the `seed` of the noise itself."""

    snr_db: float
    seed: int


@dataclass(frozen=True)
class Noise:
    """Noise for a sound with `probability`, its ratio drawn evenly from the range `snr_db`. Raises InputError for others."""

    probability: float = 0.5
    snr_db: Range = (5.0, 40.0)

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_range(self.snr_db, "snr_db", -120.0, 120.0)

    def draw(self, generator: np.random.Generator) -> DrawnNoise | None:
        """Return the noise of one sound; None where the coin says that it gets none."""
        drawn = DrawnNoise(uniform(self.snr_db, generator), seed_of(generator))
        return drawn if falls(self.probability, generator) else None


def add_noise(samples: FloatArray, noise: DrawnNoise) -> FloatArray:
    """Return `samples` (T,) float32 plus white noise, whose power lies `noise.snr_db` below theirs."""
    if not len(samples):
        return samples
    white = np.random.default_rng(noise.seed).standard_normal(len(samples), np.float32)
    level = _root_mean_square(samples) * 10.0 ** (-noise.snr_db / 20.0)
    noisy: FloatArray = samples + np.float32(level / max(_root_mean_square(white), 1e-12)) * white
    return noisy


def _root_mean_square(samples: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
