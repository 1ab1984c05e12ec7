"""How sure a figure is: intervals of 95 % by the jackknife and by the bootstrap.

The queries are seen as drawn from many that might have been asked. Captions of one clip rise and fall together: where a system cannot
hear the clip, it fails on all five. So it is clips that are drawn, each with all its captions (`clusters`); with captions drawn singly, intervals
come out too narrow. The model itself is taken as given: another seed of training is another model.

Legend: `Q` values, one of each query; `C` clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearken.errors import InputError

Statistic = Literal["mean", "median", "median_rank"]
"""What a figure is of its values: the mean, the median, or the median rounded down, as the public code rounds medR."""

_NORMAL_95 = 1.959963984540054
_TAILS_PERCENT = (2.5, 97.5)
_BLOCK_DRAWN = 1 << 22  # 32 MB


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval from `low` to `high`; `method` is "jackknife", "bootstrap" or "wilson", "" where there is none (low = high = value)."""

    value: float
    low: float
    high: float
    method: str = ""


def jackknife(values: ArrayLike, clusters: ArrayLike | None = None) -> Interval:
    """Return the mean of `values` (Q,) with the interval mean ± 1.95996 · standard error, as DCASE's scorer and task paper (Xie et al. 2022) do.

    The standard error comes from leaving out one value at a time; of a mean that is s / √Q, s with Q - 1 as divisor. With `clusters` (Q,),
    whole clusters are left out. The interval may reach beyond what the figure can be: it is not cut off. One value (one
    cluster) tells nothing of its spread: there is no interval then. Raises InputError for no values, and for what is not finite.
    """
    wide, numbers = checked(values, clusters)
    mean = float(wide.mean())
    sums, sizes = cluster_sums(wide, numbers)
    if len(sums) < 2:
        return Interval(mean, mean, mean)
    without = (sums.sum() - sums) / (len(wide) - sizes)
    error = float(np.sqrt((len(sums) - 1) / len(sums) * np.square(without - without.mean()).sum()))
    return Interval(mean, mean - _NORMAL_95 * error, mean + _NORMAL_95 * error, "jackknife")


def bootstrap(
    values: ArrayLike, clusters: ArrayLike | None = None, *, statistic: Statistic = "mean", seed: int = 0, draws: int = 2000
) -> Interval:
    """Return the `statistic` of `values` (Q,) with the interval between the 2.5th and the 97.5th percentile of it in `draws` drawings.

    Each draws as many clusters as there are, with replacement, every one with all its values; without `clusters` (Q,) every
    value is one. The same seed gives the same interval. One cluster tells nothing: there is no interval then. Raises InputError for no
    values, for what is not finite, and for less than one drawing.
    """
    wide, numbers = checked(values, clusters)
    if draws < 1:
        raise InputError(f"There must be at least one drawing, not {draws}.")
    num_clusters = int(numbers.max()) + 1
    value = float(wide.mean() if statistic == "mean" else np.median(wide))
    found = np.array([value])
    if num_clusters > 1:
        drawn = _drawn_means if statistic == "mean" else _drawn_medians
        block = _block(num_clusters) if statistic == "mean" else min(_block(num_clusters), _block(len(wide)))
        weights = _drawn_weights(num_clusters, draws, seed)
        found = np.concatenate([drawn(part[i : i + block], wide, numbers) for part in weights for i in range(0, len(part), block)])
    low, high = np.percentile(found, _TAILS_PERCENT).tolist()
    if statistic == "median_rank":
        value, low, high = float(np.floor(value)), float(np.floor(low)), float(np.floor(high))
    return Interval(value, low, high, "bootstrap" if num_clusters > 1 else "")


def checked(values: ArrayLike, clusters: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return `values` as float64 and the number of the cluster of each, from 0 without gaps. Raises InputError for what cannot be used."""
    wide = np.asarray(values, np.float64)
    if wide.ndim != 1 or not len(wide):
        raise InputError(f"An interval needs a row of at least one value, not the shape {wide.shape}.")
    if not np.isfinite(wide).all():
        raise InputError(f"Values must be finite, and number {int(np.argmin(np.isfinite(wide)))} is not.")
    if clusters is None:
        return wide, np.arange(len(wide))
    named = np.asarray(clusters)
    if named.shape != wide.shape:
        raise InputError(f"Every value belongs to a cluster: {len(wide)} values, clusters of shape {named.shape}.")
    return wide, np.unique(named, return_inverse=True)[1].astype(np.int64)


def cluster_sums(values: NDArray[np.float64], numbers: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sum of the values of each cluster (C,), and how many they are."""
    return np.asarray(np.bincount(numbers, weights=values), np.float64), np.bincount(numbers).astype(np.int64)


def _drawn_weights(num_clusters: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each cluster is drawn (draws, C), as many draws at a time as make a small block.

    All figures of a system are drawn from the same clips, so what is small enough is kept for the next one.
    """
    if draws <= _block(num_clusters):
        yield _kept_weights(num_clusters, draws, seed)
        return
    random = np.random.default_rng(seed)
    block = _block(num_clusters)
    for start in range(0, draws, block):
        yield _draw(num_clusters, min(block, draws - start), random)


@lru_cache(maxsize=2)
def _kept_weights(num_clusters: int, draws: int, seed: int) -> NDArray[np.float64]:
    weights = _draw(num_clusters, draws, np.random.default_rng(seed))
    weights.flags.writeable = False
    return weights


def _block(columns: int) -> int:
    return max(1, _BLOCK_DRAWN // columns)


def _draw(num_clusters: int, draws: int, random: np.random.Generator) -> NDArray[np.float64]:
    drawn = random.integers(num_clusters, size=(draws, num_clusters))
    drawn += num_clusters * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * num_clusters).reshape(draws, num_clusters).astype(np.float64)


def _drawn_means(weights: NDArray[np.float64], values: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    sums, sizes = cluster_sums(values, numbers)
    return np.asarray((weights @ sums) / (weights @ sizes.astype(np.float64)))


def _drawn_medians(weights: NDArray[np.float64], values: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """The two middle values' mean, of values that count as often as their cluster was drawn.

    The median of a drawing hardly ever lies more than five standard errors, 0.5 / √C of all values each, from the middle: it is looked for
    there, and everywhere only if that failed.
    """
    order = np.argsort(values, kind="stable")
    reach = int(np.ceil(2.5 / np.sqrt(weights.shape[1]) * len(values))) + 1
    first, last = max(0, len(values) // 2 - reach), min(len(values), len(values) // 2 + reach)
    for start, stop in ((first, last), (0, len(values))):
        before = weights @ np.bincount(numbers[order[:start]], minlength=weights.shape[1]).astype(np.float64)
        half = weights @ np.bincount(numbers, minlength=weights.shape[1]) / 2
        counted = before[:, None] + np.cumsum(weights[:, numbers[order[start:stop]]], axis=1)
        if stop - start == len(values) or ((before < half) & (counted[:, -1] > half)).all():
            break
    lower, upper = np.argmax(counted >= half[:, None], axis=1), np.argmax(counted > half[:, None], axis=1)
    return np.asarray((values[order][start:][lower] + values[order][start:][upper]) / 2)
