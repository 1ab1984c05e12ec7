"""From captions to figures with their intervals.

Most scores of captions are means over clips, and their intervals come from drawing clips again. Two are none: BLEU sums counts before it divides,
and its counts are drawn again; METEOR adds up a corpus in a way of its own, and has the interval of the mean of its clips, moved to the figure. CIDEr-D
weighs words by how rare they are among the references: these weights are those of all clips, and stay as they are in every drawing.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.captioning.scores import BLEU, score, silent_step
from hearken.evaluate.captioning.task import CaptionTask
from hearken.evaluate.measure import INTERVALS
from hearken.evaluate.nearest import did_you_mean
from hearken.metrics.captioning.bleu import BleuCounts, bleu_counts
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.confidence import Interval, bootstrap, jackknife

FloatArray = NDArray[np.float64]
DRAWS = 2000
_NORMAL_95 = 1.959963984540054
_TAILS_PERCENT = (2.5, 97.5)
_BLOCK = 1 << 22
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class CaptionEvaluation:
    """How well the captions of `system` fit: `figures` by metric (shares of 1; CIDEr-D up to 10), and `values` (N,) of each clip.

    `metrics` is what was asked for, in this order; `not_available` says why one has no figure. `facts` say how the captions were made, and
    `scored_by` in them by what a metric was computed, where its name does not say all.
    """

    system: str
    task: CaptionTask
    candidates: tuple[str, ...]
    figures: dict[str, Interval]
    values: dict[str, FloatArray]
    not_available: dict[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    interval: str = "bootstrap"
    seed: int = 0
    metrics: tuple[str, ...] = ()

    @property
    def why_not(self) -> list[str]:
        """Sentences on the metrics that are not available."""
        needs_spice = "SPIDEr" in self.not_available and "SPICE" in self.not_available
        told = self.not_available | ({"SPIDEr": "It needs SPICE."} if needs_spice else {})
        return [f"{name} is not available. {why}" for name, why in told.items()]


def measure(
    system: str, task: CaptionTask, candidates: Sequence[str], *, metrics: Sequence[str], interval: str = "bootstrap", seed: int = 0,
    facts: Mapping[str, Any] | None = None, known: Mapping[str, CaptionScore] | None = None, on_step: Callable[[str], None] = silent_step,
) -> CaptionEvaluation:  # fmt: skip
    """Return how well `candidates` (N) do `task`, by `metrics` of `metrics/captioning/table.py`.

    `interval` is "bootstrap" or "jackknife", over clips. `known` are scores of the same captions that need not be computed again; `on_step` is
    told what comes next. Raises EvaluationError for another number of captions than clips, and an interval that does not exist, InputError
    for an unknown metric.
    """
    if len(candidates) != len(task.clips):
        raise EvaluationError(f"There are {len(candidates)} captions, and {show(task.name)} has {len(task.clips)} clips.")
    check_interval(interval)
    new = score([name for name in metrics if name not in (known or {})], candidates, task.references, on_step=on_step)
    on_step("intervals")
    found: dict[str, CaptionScore | str] = {**new.scores, **(known or {})}
    of_bleu = bleu_figures(bleu_counts(candidates, task.references), interval, seed) if set(BLEU) & set(metrics) else ()
    figures, values, missing = dict[str, Interval](), dict[str, FloatArray](), dict[str, str]()
    for name in metrics:
        one = found[name]
        if isinstance(one, str):
            missing[name] = one
            continue
        values[name] = np.asarray(one.per_item, np.float64)
        figures[name] = of_bleu[BLEU.index(name)] if name in BLEU else _of_items(one, interval, seed)
    told = dict(facts or {})
    told["scored_by"] = {**told.get("scored_by", {}), **new.by}
    return CaptionEvaluation(system, task, tuple(candidates), figures, values, missing, told, interval, seed, tuple(metrics))


def check_interval(interval: str) -> None:
    """Raise EvaluationError for an interval that does not exist."""
    if interval not in INTERVALS:
        raise EvaluationError(
            f"There is no interval {show(interval)!r}.", f"{did_you_mean(interval, INTERVALS)}One of {', '.join(INTERVALS)}."
        )


def _of_items(one: CaptionScore, interval: str, seed: int) -> Interval:
    """The mean of the clips' values; where the figure is another one, the interval of the mean, moved to it, and not below 0."""
    mean = jackknife(one.per_item) if interval == "jackknife" else bootstrap(one.per_item, seed=seed, draws=DRAWS)
    move = one.value - mean.value
    return (
        mean
        if abs(move) <= _SAME * max(1.0, abs(one.value))
        else Interval(one.value, max(0.0, mean.low + move), mean.high + move, mean.method)
    )


def bleu_figures(counts: BleuCounts, interval: str, seed: int = 0) -> tuple[Interval, ...]:
    """Return BLEU-1 to BLEU-4 of all clips; of drawn clips, or without one clip at a time, they are computed from the counts of the clips.

    One clip tells nothing of the spread: there is no interval then.
    """
    values, clips = counts.corpus().tolist(), len(counts.lengths)
    if clips < 2:
        return tuple(Interval(value, value, value) for value in values)
    rows = _left_out(clips) if interval == "jackknife" else _drawn(clips, seed)
    found = np.concatenate([counts.corpus(each) for each in rows])
    if interval == "jackknife":
        errors = _NORMAL_95 * np.sqrt((clips - 1) / clips * np.square(found - found.mean(axis=0)).sum(axis=0))
        return tuple(
            Interval(value, value - error, value + error, "jackknife") for value, error in zip(values, errors.tolist(), strict=True)
        )
    bounds = np.percentile(found, _TAILS_PERCENT, axis=0).T.tolist()
    return tuple(Interval(value, low, high, "bootstrap") for value, (low, high) in zip(values, bounds, strict=True))


def _drawn(clips: int, seed: int) -> Iterator[FloatArray]:
    """How often each clip was drawn (rows, N), some drawings at a time."""
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // clips)
    for start in range(0, DRAWS, block):
        yield random.multinomial(clips, np.full(clips, 1 / clips), size=min(block, DRAWS - start)).astype(np.float64)


def _left_out(clips: int) -> Iterator[FloatArray]:
    """All clips but one (rows, N), some at a time."""
    block = max(1, _BLOCK // clips)
    for start in range(0, clips, block):
        rows = np.ones((min(block, clips - start), clips))
        rows[np.arange(len(rows)), start + np.arange(len(rows))] = 0.0
        yield rows
