"""How often a system matches two sounds with two texts that differ in order, number or presence alone.

Of each contest there are four scores; text i is true of sound i. A system that hears no difference gives 0.5, as chance does.

Legend: `N` contests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearken.errors import InputError
from hearken.metrics.confidence import Interval, bootstrap


@dataclass(frozen=True)
class Verdict:
    """Shares with 95 % intervals over contests: `text` is how often a sound prefers its own of two texts, `sound` how often a text its own
    of two sounds, `both` the mean of these; `whole` is how often all four choices of a contest are right (chance: 1/6).
    """

    num_contests: int
    text: Interval
    sound: Interval
    both: Interval
    whole: Interval


def judge(scores: ArrayLike) -> Verdict:
    """Return what `scores` (N, 2 sounds, 2 texts) come to; of equal scores, each is half right (Winoground, Thrush et al. 2022, has them wrong).

    The intervals draw whole contests. Raises InputError for another shape, for no contest, and for what is not finite.
    """
    wide = np.asarray(scores, np.float64)
    if wide.ndim != 3 or wide.shape[1:] != (2, 2) or not len(wide):
        raise InputError(f"A contest has two sounds and two texts, and there is at least one: not the shape {wide.shape}.")
    if not np.isfinite(wide).all():
        raise InputError("Scores of contests must be finite.")
    text = np.stack([_won(wide[:, 0, 0], wide[:, 0, 1]), _won(wide[:, 1, 1], wide[:, 1, 0])], axis=1)
    sound = np.stack([_won(wide[:, 0, 0], wide[:, 1, 0]), _won(wide[:, 1, 1], wide[:, 0, 1])], axis=1)
    whole = np.concatenate([text, sound], axis=1).min(axis=1) == 1
    shares = (text.mean(axis=1), sound.mean(axis=1), (text.mean(axis=1) + sound.mean(axis=1)) / 2, whole.astype(np.float64))
    return Verdict(len(wide), *(bootstrap(share) for share in shares))


def _won(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 where `right` is above `wrong`, 0 where below, and 0.5 where they are equal."""
    return (np.sign(right - wrong) + 1) / 2
