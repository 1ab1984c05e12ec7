"""Do intervals of 95 % hold the truth in 95 of 100 cases? Simulated systems whose true figure is known.

    python benchmarks/check_intervals.py [--systems 1000] [--clips 300] [--draws 2000]

A system is tried on so many clips with five captions each (with `--uneven` one to nine), drawn anew for each system. How well a caption is
answered depends on its clip and on itself; `correlation` is the share of the clip. R@1 is yes or no, with a chance drawn for each clip; AP@10
and ranks come from a hidden number, the sum of a part for the clip and one for the caption. The truth is computed, or taken from
two million clips. Printed is how often an interval holds it, and how wide intervals are: drawn over clips (bootstrap, jackknife) and, as
the DCASE scorer does, over queries; last, how often `paired` finds a difference (p < 0.05) between systems that have none, and
how often its interval holds a difference that there is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from hearken.metrics.compare import paired
from hearken.metrics.confidence import Interval, Statistic, bootstrap, jackknife

CORRELATIONS = (0.02, 0.3, 0.6)
POPULATION = 2_000_000
Draw = Callable[[np.random.Generator, np.ndarray, float], np.ndarray]


def found_first(random: np.random.Generator, clusters: np.ndarray, correlation: float) -> np.ndarray:
    """Return R@1 of each caption: its clip's chance is beta-distributed with mean 0.3."""
    weight = (1 - correlation) / correlation
    chances = random.beta(0.3 * weight, 0.7 * weight, clusters.max() + 1)
    return np.asarray(random.random(len(clusters)) < chances[clusters], float)


def ranks(random: np.random.Generator, clusters: np.ndarray, correlation: float) -> np.ndarray:
    """Return the rank of the right clip, from 1 to 1 045, log-normal: the median is 8."""
    hidden = np.sqrt(correlation) * random.standard_normal(clusters.max() + 1)[clusters]
    hidden += np.sqrt(1 - correlation) * random.standard_normal(len(clusters))
    return np.minimum(np.ceil(np.exp(np.log(7.5) + 1.5 * hidden)), 1_045)


def precision(random: np.random.Generator, clusters: np.ndarray, correlation: float) -> np.ndarray:
    """Return AP@10 with one right clip: 1 / rank up to rank 10."""
    found = ranks(random, clusters, correlation)
    return np.where(found <= 10, 1 / found, 0.0)


FIGURES: tuple[tuple[str, Draw, Statistic], ...] = (
    ("R@1", found_first, "mean"), ("mAP@10", precision, "mean"), ("meanR", ranks, "mean"), ("medR", ranks, "median_rank"),
)  # fmt: skip


def layout(random: np.random.Generator, clips: int, uneven: bool) -> np.ndarray:
    """Return the clip of each caption."""
    return np.repeat(np.arange(clips), random.integers(1, 10, clips) if uneven else 5)


def truth_of(draw: Draw, correlation: float, statistic: Statistic) -> float:
    """Return the figure of a very large set; one caption a clip will do, for the correlation changes neither mean nor median."""
    values = draw(np.random.default_rng(1), np.arange(POPULATION), correlation)
    return float(values.mean() if statistic == "mean" else np.floor(np.median(values)))


def told(intervals: Sequence[Interval], truth: float) -> str:
    held = np.mean([each.low <= truth <= each.high for each in intervals])
    return f"{100 * held:.1f} % (width {np.mean([each.high - each.low for each in intervals]):.3g})"


def coverage(options: argparse.Namespace) -> None:
    print(
        "| figure | correlation | truth | bootstrap over clips | jackknife over clips | bootstrap over queries | jackknife over queries |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, draw, statistic in FIGURES:
        for correlation in CORRELATIONS:
            truth = truth_of(draw, correlation, statistic)
            found: dict[str, list[Interval]] = {"clips": [], "jackknife clips": [], "queries": [], "jackknife": []}
            for number in range(options.systems):
                random = np.random.default_rng([2, number])
                clusters = layout(random, options.clips, options.uneven)
                values = draw(random, clusters, correlation)
                draws = {"statistic": statistic, "draws": options.draws, "seed": number // 250}  # one set of drawings serves many
                found["clips"].append(bootstrap(values, clusters, **draws))
                found["queries"].append(bootstrap(values, **draws | {"draws": min(options.draws, 400)}))
                if statistic == "mean":
                    found["jackknife clips"].append(jackknife(values, clusters))
                    found["jackknife"].append(jackknife(values))
            cells = [told(each, truth) if each else "" for each in found.values()]
            print(f"| {name} | {correlation:g} | {truth:.4g} | {' | '.join(cells)} |", flush=True)


def comparisons(options: argparse.Namespace) -> None:
    for title, better in (("no difference", 0.0), ("a difference of 0.02", 0.02)):
        p_values, held = [], []
        for number in range(options.systems):
            random = np.random.default_rng([3, number])
            clusters = layout(random, options.clips, options.uneven)
            shared = found_first(random, clusters, 0.6)
            ours, theirs = (0.5 * shared + 0.5 * found_first(random, clusters, 0.6) for _ in range(2))
            compared = paired(ours + better, theirs, clusters, draws=min(options.draws, 1000), seed=number)
            p_values.append(compared.p_value)
            held.append(compared.difference.low <= better <= compared.difference.high)
        found, covers = np.mean(np.array(p_values) < 0.05), np.mean(held)
        print(f"paired, {title}: found (p < 0.05) in {100 * found:.1f} %, the interval holds it in {100 * covers:.1f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=1_000)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--uneven", action="store_true", help="one to nine captions a clip, not five")
    options = parser.parse_args()
    coverage(options)
    comparisons(options)


if __name__ == "__main__":
    main()
