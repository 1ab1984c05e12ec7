"""How long figures take: from stored embeddings, against the public DCASE scorer, and where the scores would not fit into memory.

    python benchmarks/bench_metrics.py [--scorer FOLDER] [--large] [--rounds 7]

Always: 5 225 captions and 1 045 clips of 1 024 dimensions, as many as Clotho's evaluation set has: ranks in both directions, all metrics,
intervals over clips; the limit beside it is the one matrix product in float64.

`--scorer FOLDER`: a checkout of xieh97/dcase2022-audio-retrieval, whose `eval_script.py` needs pandas and astropy. Its functions
and ours get the same lists of file names (`test.output.csv` of that folder), read beforehand; figures and intervals must agree.
They take turns; printed is the ratio of medians, with the scorer's intervals and without.

`--large`: 100 000 captions and as many clips of 64 dimensions, whose scores would be 80 GB: one direction, time and peak memory.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from hearken.metrics.confidence import Interval, bootstrap, jackknife
from hearken.metrics.definitions import definition, statistic_of, values_of
from hearken.metrics.ranks import ranks_of, ranks_of_lists
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import VectorScores

METRICS = ("mAP@10", "mAP", "MRR", "R@1", "R@5", "R@10", "R@50", "medR", "meanR")
CLIPS, CAPTIONS = 1_045, 5
Lists = dict[str, list[str]]


def vectors(num_clips: int, captions: int, width: int) -> tuple[np.ndarray, np.ndarray, Relevance]:
    """Return unit vectors of captions and clips, where captions lie somewhat near their clip, and whose they are."""
    random = np.random.default_rng(0)
    audio = random.standard_normal((num_clips, width), np.float32)
    text = random.standard_normal((num_clips * captions, width), np.float32)
    text += 4 / np.sqrt(width) * np.repeat(audio, captions, axis=0)
    text, audio = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (text, audio))
    return text, audio, Relevance.from_lists([[query // captions] for query in range(len(text))], num_clips)


def figures(text: np.ndarray, audio: np.ndarray, relevance: Relevance) -> dict[str, Interval]:
    """Return all figures of both directions, with intervals over clips."""
    scores = VectorScores(text, audio)
    found = {}
    for way, ranks, clusters in (
        ("t2a", ranks_of(scores, relevance), relevance.items),
        ("a2t", ranks_of(scores.transposed(), relevance.transposed()), np.arange(len(audio))),
    ):
        for metric in METRICS:
            values = values_of(ranks, metric, definition("any-of-n"))
            found[f"{way}_{metric}"] = bootstrap(values, clusters, statistic=statistic_of(metric))
    return found


def seconds(measured: Callable[[], object]) -> float:
    began = time.perf_counter()
    measured()
    return time.perf_counter() - began


def in_turns(rounds: int, **measured: Callable[[], object]) -> dict[str, float]:
    """Return the median time of each, in seconds, taken in turns after one round to warm up."""
    times = [{name: seconds(each) for name, each in measured.items()} for _ in range(rounds + 1)]
    return {name: statistics.median(each[name] for each in times[1:]) for name in measured}


def from_embeddings(rounds: int) -> None:
    text, audio, relevance = vectors(CLIPS, CAPTIONS, 1_024)
    product = (text.astype(np.float64), audio.astype(np.float64))
    took = in_turns(rounds, ours=lambda: figures(text, audio, relevance), product=lambda: product[0] @ product[1].T)
    began = time.process_time()
    count = len(figures(text, audio, relevance))
    busy = time.process_time() - began
    print(
        f"{len(text)} captions x {len(audio)} clips, both directions, {count} figures with intervals over clips: {took['ours']:.3f} s "
        f"({busy:.3f} s of processors); "
        f"the matrix product alone {took['product']:.3f} s ({took['ours'] / took['product']:.2f} times)"
    )


def load_scorer(folder: Path) -> ModuleType:
    """Import the public script, which scores the files beside it at once; what it prints then is dropped."""
    spec = importlib.util.spec_from_file_location("eval_script", folder / "eval_script.py")
    if spec is None or spec.loader is None:
        sys.exit(f"There is no eval_script.py in {folder}.")
    script = importlib.util.module_from_spec(spec)
    before = Path.cwd()
    try:
        os.chdir(folder)
        with contextlib.redirect_stdout(io.StringIO()):
            spec.loader.exec_module(script)
    finally:
        os.chdir(before)
    return script


def ours(truth: dict[str, str], lists: Lists) -> dict[str, Interval]:
    """Return what the public scorer prints, from what it has read."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(truth.values()))}
    relevance = Relevance.from_lists([[numbers[name]] for name in truth.values()], len(numbers))
    ranks = ranks_of_lists([[numbers.get(name, -1) for name in lists[caption]] for caption in truth], relevance, depth=10)
    return {metric: jackknife(values_of(ranks, metric, definition("dcase"))) for metric in ("R@1", "R@5", "R@10", "mAP@10")}


def against_the_scorer(folder: Path, rounds: int) -> None:
    script = load_scorer(folder)
    truth, lists = script.load_clotho_csv(folder / "test.gt.csv"), script.load_output_csv(folder / "test.output.csv")
    script.load_clotho_csv, script.load_output_csv = lambda _: truth, lambda _: lists
    intervals = script.jackknife.jackknife_stats
    theirs: list[tuple[float, float, float]] = []

    def with_intervals() -> None:
        script.jackknife.jackknife_stats = noted
        script.retrieval_metrics("", "")

    def noted(data: np.ndarray, statistic: Callable[[np.ndarray], float], level: float) -> tuple[float, float, float, np.ndarray]:
        found = intervals(data, statistic, level)
        theirs.append((float(found[0]), *map(float, found[3])))
        return found

    def without() -> None:
        script.jackknife.jackknife_stats = lambda data, statistic, _: (statistic(data), 0.0, 0.0, (0.0, 0.0))
        script.retrieval_metrics("", "")

    with contextlib.redirect_stdout(io.StringIO()):
        took = in_turns(rounds, ours=lambda: ours(truth, lists), whole=with_intervals, plain=without)
    found = ours(truth, lists)
    for (metric, each), expected in zip(found.items(), theirs[:4], strict=True):
        print(
            f"  {metric}: {each.value:.4f} [{each.low:.4f}, {each.high:.4f}], the scorer {expected[0]:.4f} [{expected[1]:.4f}, {expected[2]:.4f}]"
        )
        if not np.allclose((each.value, each.low, each.high), expected, rtol=0, atol=1e-9):
            sys.exit("They differ.")
    print(
        f"{len(truth)} lists of 10: ours {1e3 * took['ours']:.1f} ms, the public scorer {1e3 * took['whole']:.0f} ms "
        f"({took['whole'] / took['ours']:.0f} times), without its intervals {1e3 * took['plain']:.0f} ms ({took['plain'] / took['ours']:.0f} times)"
    )


def large(size: int) -> None:
    text, audio, relevance = vectors(size, 1, 64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    ranks = ranks_of(VectorScores(text, audio), relevance)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        f"{size} x {size}, 64 dimensions: {took:.0f} s, peak memory {peak * unit / 1e6:.0f} MB ({(peak - before) * unit / 1e6:.0f} MB more than "
        f"before); the scores would be {8 * size * size / 1e9:.0f} GB; mAP@10 {values_of(ranks, 'mAP@10', definition('dcase')).mean():.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scorer", type=Path, help="a checkout of xieh97/dcase2022-audio-retrieval")
    parser.add_argument("--large", action="store_true", help="100 000 x 100 000 as well")
    parser.add_argument("--size", type=int, default=100_000, help="other than 100 000 for --large")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.large:
        large(options.size)  # first: memory only ever grows
    from_embeddings(options.rounds)
    if options.scorer:
        against_the_scorer(options.scorer.resolve(), options.rounds)


if __name__ == "__main__":
    main()
