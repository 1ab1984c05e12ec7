"""From scores to figures with their intervals, in both directions and by a named definition.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.evaluation import WAYS, Direction, Evaluation, Way
from hearken.evaluate.task import Task
from hearken.metrics.confidence import Interval, Statistic, bootstrap, jackknife
from hearken.metrics.definitions import Definition, definition, statistic_of, values_of
from hearken.metrics.graded import ndcg_at
from hearken.metrics.ranks import ranks_of
from hearken.metrics.scores import Scores

METRICS = ("mAP@10", "R@1", "R@5", "R@10", "medR", "meanR")
"""What is computed unless something else is asked for."""
INTERVALS = ("bootstrap", "jackknife")


def measure(
    system: str, task: Task, scores: Scores, *, by: str = "any-of-n", metrics: Sequence[str] = METRICS, ways: Sequence[Way] = WAYS,
    interval: str = "bootstrap", seed: int = 0, facts: Mapping[str, Any] | None = None,
) -> Evaluation:  # fmt: skip
    """Return how well `scores` (Q, N) do `task`, by the definition called `by`.

    Clips without a caption ask for none, and are no queries in that direction. `interval` is "bootstrap" (over clips: the captions
    of one are drawn together) or "jackknife" (over queries, as the DCASE task has it; medians have none). A graded task has nDCG@10
    besides. Raises EvaluationError where scores and task do not fit, InputError for names that do not exist and scores that are not finite.
    """
    if scores.shape != (len(task.queries), len(task.clips)):
        raise EvaluationError(
            f"There are scores of {scores.shape[0]} queries for {scores.shape[1]} clips, and {show(task.name)} has "
            f"{len(task.queries)} queries and {len(task.clips)} clips.",
            "Score every query against every clip, in the order of the task.",
        )
    if interval not in INTERVALS:
        raise EvaluationError(f"There is no interval {show(interval)!r}.", f"One of {', '.join(INTERVALS)}.")
    rule = definition(by)
    directions: dict[Way, Direction] = {}
    for way in ways:
        directions[way] = _direction(way, task, scores, rule, metrics, interval, seed)
    return Evaluation(system, task.name, task.digest, by, directions, dict(facts or {}))


def _direction(way: Way, task: Task, scores: Scores, rule: Definition, metrics: Sequence[str], interval: str, seed: int) -> Direction:
    if way == "t2a":
        ranks = ranks_of(scores, task.relevance)  # refuses queries without an answer, which have no owner
        askers, clusters = np.arange(len(task.queries)), task.owners
    else:
        askers = clusters = task.asked
        ranks = ranks_of(rows_of(scores.transposed(), askers), task.relevance.transposed().take(askers))
    figures: dict[str, Interval] = {}
    values: dict[str, NDArray[np.float64]] = {}
    for metric in metrics:
        each = values_of(ranks, metric, rule)
        statistic = statistic_of(metric)
        if statistic == "mean":
            values[metric] = each
        figures[metric] = interval_of(each, clusters, statistic, interval, seed)
    if task.grades is not None and way == "t2a":
        values["nDCG@10"] = ndcg_at(scores, task.relevance, task.grades, 10)
        figures["nDCG@10"] = interval_of(values["nDCG@10"], clusters, "mean", interval, seed)
    return Direction(figures, values, askers, clusters, ranks)


def interval_of(values: NDArray[np.float64], clusters: NDArray[np.int64], statistic: Statistic, interval: str, seed: int = 0) -> Interval:
    """Return the figure that `values` (Q,) come to, a mean or a median, with its interval; the jackknife has none for a median."""
    if interval == "jackknife" and statistic == "mean":
        return jackknife(values)
    found = bootstrap(values, clusters, statistic=statistic, seed=seed)
    return Interval(found.value, found.value, found.value) if interval == "jackknife" else found


def rows_of(scores: Scores, chosen: NDArray[np.int64]) -> Scores:
    """Return the scores of the rows `chosen` alone."""
    return scores if len(chosen) == scores.shape[0] else _Chosen(scores, chosen)


class _Chosen:
    """Some rows of other scores, in ascending order."""

    def __init__(self, scores: Scores, chosen: NDArray[np.int64]) -> None:
        self._scores, self._chosen = scores, chosen

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows are left, and how many columns there are."""
        return len(self._chosen), self._scores.shape[1]

    def rows(self, start: int, stop: int) -> NDArray[np.floating]:
        """Return some of them; what lies between is asked for as well."""
        wanted = self._chosen[start:stop]
        if not len(wanted):
            return np.zeros((0, self.shape[1]), np.float32)
        between = self._scores.rows(int(wanted[0]), int(wanted[-1]) + 1)
        return np.asarray(between[wanted - wanted[0]])

    def transposed(self) -> Scores:
        """Not needed: whoever chooses rows has turned the scores before. Raises EvaluationError."""
        raise EvaluationError("Chosen rows cannot be turned.")
