"""Intervals: by hand, against plain resampling, and that they cover the truth as often as they say."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics import confidence
from hearken.metrics.confidence import Interval, Statistic, bootstrap, jackknife

SYSTEMS, CLIPS = 1_000, 150


def test_the_jackknife_by_hand() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    half = 1.959963984540054 * statistics.stdev(values) / math.sqrt(4)
    found = jackknife(values)
    assert (found.value, found.low, found.high) == pytest.approx((0.625, 0.625 - half, 0.625 + half))
    assert found.method == "jackknife"


def test_the_jackknife_of_clusters_leaves_out_whole_ones() -> None:
    values, clusters = np.array([1.0, 0.0, 1.0, 1.0, 0.0]), np.array([7, 7, 3, 3, 5])
    without = np.array([np.delete(values, np.flatnonzero(clusters == each)).mean() for each in (3, 5, 7)])
    error = math.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    found = jackknife(values, clusters)
    assert (found.value, found.high - found.low) == pytest.approx((0.6, 2 * 1.959963984540054 * error))


def test_clusters_of_one_are_none() -> None:
    values = np.random.default_rng(1).random(30)
    first, second = jackknife(values, np.arange(30)[::-1]), jackknife(values)
    assert (first.low, first.high) == pytest.approx((second.low, second.high))
    assert bootstrap(values, np.arange(30)) == bootstrap(values)


@pytest.mark.parametrize("made", [jackknife([0.3]), jackknife([0.1, 0.5], [4, 4]), bootstrap([0.3]), bootstrap([0.1, 0.5], [4, 4])])
def test_of_one_there_is_no_interval(made: Interval) -> None:
    assert made == Interval(made.value, made.value, made.value, "")
    assert made.value == pytest.approx(0.3)


def test_where_nothing_varies_the_interval_is_a_point() -> None:
    assert bootstrap(np.full(20, 0.25)) == Interval(0.25, 0.25, 0.25, "bootstrap")
    assert jackknife(np.full(20, 0.25)) == Interval(0.25, 0.25, 0.25, "jackknife")


def resampled(values: np.ndarray, clusters: np.ndarray, statistic: Statistic, seed: int, draws: int) -> tuple[float, float]:
    """The same drawings, one after the other, with lists of values."""
    names = np.unique(clusters)
    drawn = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    figure = np.mean if statistic == "mean" else np.median
    found = [figure(np.concatenate([values[clusters == names[each]] for each in row])) for row in drawn]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


@pytest.mark.parametrize("num_clusters", [2, 3, 40])
@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_bootstrap_is_plain_resampling(statistic: Statistic, num_clusters: int) -> None:
    random = np.random.default_rng(num_clusters)
    clusters = np.concatenate([np.arange(num_clusters), random.integers(num_clusters, size=5 * num_clusters)]) * 10 - 5
    values = np.round(random.random(len(clusters)) + clusters / 100, 1)
    found = bootstrap(values, clusters, statistic=statistic, seed=3, draws=200)
    assert (found.low, found.high) == pytest.approx(resampled(values, clusters, statistic, 3, 200), abs=1e-12)
    assert found.value == pytest.approx(np.mean(values) if statistic == "mean" else np.median(values))


def test_medians_far_from_the_middle_are_found() -> None:
    """One cluster has most of the values: in drawings without it, the median is elsewhere."""
    values, clusters = np.concatenate([np.zeros(90), np.arange(10.0)]), np.concatenate([np.zeros(90, int), np.arange(1, 11)])
    found = bootstrap(values, clusters, statistic="median", draws=300)
    assert (found.low, found.high) == pytest.approx(resampled(values, clusters, "median", 0, 300))
    assert found.high > 0


def test_the_median_rank_is_a_rank() -> None:
    found = bootstrap([1.0, 2.0, 4.0, 9.0], statistic="median_rank")
    assert found.value == 3.0
    assert bootstrap([1.0, 4.0], statistic="median_rank").value == 2.0, "as floor(median) + 1 of ranks from 0"
    assert (found.low % 1, found.high % 1) == (0.0, 0.0)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_size_of_blocks_does_not_matter_but_the_seed_does(monkeypatch: pytest.MonkeyPatch, statistic: Statistic) -> None:
    values, clusters = np.random.default_rng(2).random(60), np.arange(60) // 3
    whole = bootstrap(values, clusters, statistic=statistic, draws=100)
    assert bootstrap(values, clusters, statistic=statistic, draws=100) == whole
    assert bootstrap(values, clusters, statistic=statistic, draws=100, seed=1) != whole
    monkeypatch.setattr(confidence, "_BLOCK_DRAWN", 20 * 2**5)
    again = bootstrap(values, clusters, statistic=statistic, draws=100)
    assert (again.low, again.high) == pytest.approx((whole.low, whole.high), abs=1e-12)


@pytest.mark.parametrize("values", [[], [[0.1, 0.2]], [0.1, np.nan], [np.inf]])
@pytest.mark.parametrize("interval", [jackknife, bootstrap])
def test_values_that_cannot_be_are_refused(interval: object, values: list[float]) -> None:
    with pytest.raises(InputError, match=r"at least one value|must be finite"):
        interval(values)  # type: ignore[operator]


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="belongs to a cluster"):
        bootstrap([1.0, 2.0], [0])
    with pytest.raises(InputError, match="at least one drawing"):
        bootstrap([1.0, 2.0], draws=0)


def systems(correlation: float) -> tuple[np.ndarray, np.ndarray, float]:
    """R@1-like values of simulated systems (SYSTEMS, Q), the clip of each, and the truth.

    Each clip has its own chance of being found, drawn from a beta distribution of mean 0.3, and one to seven captions.
    """
    random = np.random.default_rng(5)
    clusters = np.repeat(np.arange(CLIPS), random.integers(1, 8, CLIPS))
    weight = (1 - correlation) / correlation
    chances = random.beta(0.3 * weight, 0.7 * weight, (SYSTEMS, CLIPS))
    return (random.random((SYSTEMS, len(clusters))) < chances[:, clusters]).astype(float), clusters, 0.3


def covered(intervals: list[Interval], truth: float) -> float:
    return sum(each.low <= truth <= each.high for each in intervals) / len(intervals)


@pytest.mark.parametrize("correlation", [0.02, 0.5])
def test_fault_E6_intervals_over_clips_cover_the_truth(correlation: float) -> None:
    values, clusters, truth = systems(correlation)
    assert 0.93 <= covered([bootstrap(row, clusters, draws=400, seed=number % 4) for number, row in enumerate(values)], truth) <= 0.97
    assert 0.93 <= covered([jackknife(row, clusters) for row in values], truth) <= 0.97


def test_fault_E6_the_jackknife_over_queries_covers_where_they_are_independent() -> None:
    values, _, truth = systems(1e-9)
    assert 0.93 <= covered([jackknife(row) for row in values], truth) <= 0.97


def test_fault_E6_the_jackknife_over_queries_is_too_narrow_where_captions_agree() -> None:
    values, _, truth = systems(0.5)
    assert covered([jackknife(row) for row in values], truth) < 0.85
