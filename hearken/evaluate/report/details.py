"""A closer look at one evaluation: curves over k, how scores lie, and which labels are hard.

Legend: `Q` queries, `N` clips, `K` values of k, `B` bins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import show
from hearken.evaluate.evaluation import WAY_TITLES, Direction, Evaluation
from hearken.evaluate.measure import interval_of
from hearken.evaluate.report.charts import Line
from hearken.evaluate.report.table import Cell, ReportTable, words
from hearken.evaluate.task import Task
from hearken.metrics.confidence import Interval
from hearken.metrics.definitions import Definition, definition, values_of
from hearken.metrics.ranks import best_items
from hearken.metrics.relevance import IntArray, Relevance
from hearken.metrics.scores import Scores

KS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50)
_BINS = 44
_MOST_QUERIES = 2_000
_MOST_SCORES = 1 << 24  # 128 MB
_MOST_LABELS = 15


@dataclass(frozen=True, eq=False)
class Histogram:
    """How the scores lie: the shares `right` and `other` (B,) of the right pairs and of all others between `edges` (B + 1,).

    `right_above` is the share of right pairs whose score is above that of 99 % of the others; `queries` were looked at.
    """

    edges: NDArray[np.float64]
    right: NDArray[np.float64]
    other: NDArray[np.float64]
    right_above: float
    queries: int


def recall_lines(evaluation: Evaluation) -> list[Line]:
    """Return R@k for k from 1 to 50 (as far as the ranking goes) in each direction, with the interval that the figures have."""
    rule = definition(evaluation.definition)
    return [_recall_line(WAY_TITLES[way], direction, rule) for way, direction in evaluation.directions.items()]


def _recall_line(name: str, direction: Direction, rule: Definition) -> Line:
    reach = direction.ranks.num_items if direction.ranks.depth is None else direction.ranks.depth
    ks = [k for k in KS if k <= reach] or [1]
    method = next((figure.method for figure in direction.figures.values() if figure.method), "bootstrap")
    found = [interval_of(values_of(direction.ranks, f"R@{k}", rule), direction.clusters, "mean", method) for k in ks]
    columns = np.array([(figure.value, figure.low, figure.high) for figure in found]).T
    return Line(name, np.array(ks, np.float64), *columns)


def histogram(scores: Scores, relevance: Relevance) -> Histogram:
    """Return how the scores (Q, N) of right pairs and of others lie, of at most 2 000 queries (fewer where there are
    very many clips) in groups that are spread over all."""
    groups = [(start, np.array(scores.rows(start, stop), np.float64)) for start, stop in _groups(*scores.shape)]
    low, high = min(float(rows.min()) for _, rows in groups), max(float(rows.max()) for _, rows in groups)
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    fine = np.linspace(edges[0], edges[-1], 50 * _BINS + 1)
    right, other = np.zeros(len(fine) - 1), np.zeros(len(fine) - 1)
    for start, rows in groups:
        here = relevance.take(np.arange(start, start + len(rows)))
        mine = np.histogram(rows[here.queries, here.items], fine)[0]
        right += mine
        other += np.histogram(rows, fine)[0] - mine
    coarse = [each.reshape(_BINS, -1).sum(axis=1) / max(1.0, each.sum()) for each in (right, other)]
    return Histogram(edges, coarse[0], coarse[1], _above(right, other), sum(len(rows) for _, rows in groups))


def _groups(num_queries: int, num_items: int) -> list[tuple[int, int]]:
    """Bounds of the groups of queries that are looked at: all, or ten that are spread evenly."""
    most = max(10, min(_MOST_QUERIES, _MOST_SCORES // max(1, num_items)))
    if num_queries <= most:
        return [(0, num_queries)]
    size = most // 10
    return [(int(start), int(start) + size) for start in np.linspace(0, num_queries - size, 10)]


def _above(right: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The share of right pairs above 99 % of the others."""
    bin_of = int(np.searchsorted(np.cumsum(other), 0.99 * other.sum()))
    return float(right[bin_of + 1 :].sum() / max(1.0, right.sum()))


def label_table(task: Task, evaluation: Evaluation, scores: Scores) -> ReportTable | None:
    """Return R@10 from text to audio for the commonest labels, hardest first, and what comes first instead; None without labels."""
    direction = evaluation.directions.get("t2a")
    if direction is None or not any(task.labels):
        return None
    rule = definition(evaluation.definition)
    found = values_of(direction.ranks, f"R@{min(10, len(task.clips))}", rule)
    first = best_items(scores, 1)[0][:, 0]
    asked = _queries_of_labels(task, direction)
    common = sorted(asked, key=lambda label: (-len(asked[label]), label))[:_MOST_LABELS]
    common.sort(key=lambda label: float(found[asked[label]].mean()))
    rows = tuple(_label_row(label, asked[label], found, direction, task, first) for label in common)
    which = "All labels" if len(common) == len(asked) else f"The {len(common)} labels with the most queries of {len(asked)}"
    note = f"{which}, hardest first; no interval where all fare alike. A clip may have several labels, or none."
    return ReportTable("Found by label, text to audio", ("label", "queries", "R@10", "came first instead"), rows, (note,))


def _queries_of_labels(task: Task, direction: Direction) -> dict[str, IntArray]:
    asked: dict[str, list[int]] = {}
    for place, clip in enumerate(direction.clusters.tolist()):
        for label in task.labels[clip]:
            asked.setdefault(label, []).append(place)
    return {label: np.array(places, np.int64) for label, places in asked.items()}


def _label_row(
    label: str, places: IntArray, found: NDArray[np.float64], direction: Direction, task: Task, first: IntArray
) -> tuple[Cell, ...]:
    figure = interval_of(found[places], direction.clusters[places], "mean", "bootstrap")
    if figure.low == figure.high:  # all fare alike: drawing them again says nothing of others
        figure = Interval(figure.value, figure.value, figure.value)
    firsts = [task.labels[first[direction.askers[place]]] for place in places.tolist()]
    instead = Counter(other for labels in firsts if label not in labels for other in labels)
    told = ", ".join(f"{show(name)} ({count})" for name, count in instead.most_common(3)) or "-"
    return words(label), Cell(text=str(len(places))), Cell(figure=figure), Cell(text=told)
