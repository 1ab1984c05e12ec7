"""How the features of many frames become one row: their mean, and where a model asks for it their slope.

The mean forgets the order of what it averages. The *slope* is what it forgets first: the mean of the late frames less the
mean of the early ones, each frame counting as much as it is late, or early. Of a dog and then a car, and of a car and then
a dog, the means are equal and the slopes opposite.

Legend: `K` frames, `C` feature channels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hearken.types import FloatArray

Pool = Callable[[FloatArray], FloatArray]
"""Makes one row of features (K, C)."""


def mean_of(frames: FloatArray) -> FloatArray:
    """Return the mean (C,) of `frames` (K, C), K > 0."""
    mean: FloatArray = frames.mean(axis=0)
    return mean


def mean_and_slope(frames: FloatArray) -> FloatArray:
    """Return mean and slope, one behind the other (2 C,), of `frames` (K, C), K > 0.

    The slope is 2 mean(r f) with r rising from -1 + 1/K to 1 - 1/K: weights of the late frames (1 + r) less weights of the
    early ones (1 - r).
    """
    count = len(frames)
    rise = (2 * np.arange(count, dtype=np.float32) + 1) / count - 1
    return np.concatenate([frames.mean(axis=0), 2 / count * (rise @ frames)]).astype(np.float32)


class Course:
    """`mean_and_slope` of a stream, of which nothing but two sums is held."""

    def __init__(self, num_features: int) -> None:
        self._sum = np.zeros(num_features)
        self._moment = np.zeros(num_features)  # frames times their numbers
        self.num_frames = 0

    def add(self, frames: FloatArray) -> None:
        """Take in the next frames (K, C)."""
        numbers = np.arange(self.num_frames, self.num_frames + len(frames))
        self._sum += frames.sum(axis=0, dtype=np.float64)
        self._moment += numbers @ frames.astype(np.float64)
        self.num_frames += len(frames)

    def value(self) -> FloatArray:
        """Return mean and slope (2 C,) of all frames so far, at least one."""
        count = self.num_frames
        mean = self._sum / count
        slope = 2 * ((2 * self._moment + self._sum) / count**2 - mean)
        return np.concatenate([mean, slope]).astype(np.float32)
