"""Two systems on the same queries: how much better is one, and might that be chance?

Legend: `Q` queries, `C` clusters of them (the captions of a clip), see `metrics/confidence.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearken.errors import InputError
from hearken.metrics.confidence import Interval, bootstrap, checked, cluster_sums

_BLOCK_SIGNS = 1 << 22
_INTERVAL_DRAWS = 2000
_ROUNDING = 1e-12  # of values that were added in another order, such as the mean of several runs: these are ties


@dataclass(frozen=True)
class Comparison:
    """Ours minus theirs: `difference` of the means with its interval, and what chance would do.

    `p_value`: how often a difference at least as large (either way) comes out when it is tossed for every cluster which system is which;
    from `draws` tosses, or all there are. `effect`, from -1 to 1: the matched-pairs rank-biserial correlation (Kerby 2014), the share of
    evidence for ours less that for theirs, where clusters weigh by the rank of their difference and those without one do not count.
    `wins`, `ties` and `losses` are of queries.
    """

    difference: Interval
    p_value: float
    effect: float
    wins: int
    ties: int
    losses: int
    draws: int


def paired(ours: ArrayLike, theirs: ArrayLike, clusters: ArrayLike | None = None, *, seed: int = 0, draws: int = 10_000) -> Comparison:
    """Return how `ours` (Q,) compares with `theirs` (Q,), values of the same queries in the same order, higher being better.

    The interval is the bootstrap's over `clusters` (Q,), the p-value that of the sign-flip permutation test over them: all 2^C tosses where
    these are at most `draws`, else (1 + the number of draws that are as far from 0) / (1 + draws) (Phipson & Smyth 2010).
    Raises InputError for rows of different length, none, what is not finite, and less than one draw.
    """
    first, numbers = checked(ours, clusters)
    second, _ = checked(theirs, None)
    if len(first) != len(second):
        raise InputError(f"Two systems are compared on the same queries: there are values of {len(first)} and of {len(second)}.")
    if draws < 1:
        raise InputError(f"There must be at least one draw, not {draws}.")
    difference = first - second
    difference[np.abs(difference) <= _ROUNDING * np.maximum(np.abs(first), np.abs(second))] = 0.0
    sums, sizes = cluster_sums(difference, numbers)
    p_value, tossed = _sign_flips(sums, np.random.default_rng(seed), draws)
    return Comparison(
        difference=bootstrap(difference, numbers, seed=seed, draws=min(draws, _INTERVAL_DRAWS)),
        p_value=p_value,
        effect=_rank_biserial(sums / sizes),
        wins=int((difference > 0).sum()),
        ties=int((difference == 0).sum()),
        losses=int((difference < 0).sum()),
        draws=tossed,
    )


def _sign_flips(sums: NDArray[np.float64], random: np.random.Generator, draws: int) -> tuple[float, int]:
    """The share of tosses of signs whose sum is at least as far from 0 as that of `sums` (C,), and how many tosses there were."""
    moving = sums[sums != 0]
    far = abs(float(moving.sum())) - _ROUNDING * float(np.abs(moving).sum())  # equal sums, added in another order, are as far
    if 2 ** min(len(moving), 62) <= draws:
        tosses = np.arange(2 ** len(moving))[:, None] >> np.arange(len(moving)) & 1
        return float((np.abs((2.0 * tosses - 1) @ moving) >= far).mean()), len(tosses)
    block = max(1, _BLOCK_SIGNS // len(moving))
    as_far = 0
    for start in range(0, draws, block):
        tosses = random.integers(2, size=(min(block, draws - start), len(moving)), dtype=np.int8)
        as_far += int((np.abs((2.0 * tosses - 1) @ moving) >= far).sum())
    return (1 + as_far) / (1 + draws), draws


def _rank_biserial(differences: NDArray[np.float64]) -> float:
    moving = differences[differences != 0]
    if not len(moving):
        return 0.0
    _, of_these, counts = np.unique(np.abs(moving), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[of_these]  # equal sizes share the mean of their ranks
    return float((np.sign(moving) * ranks).sum() / ranks.sum())
