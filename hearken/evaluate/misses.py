"""What came instead of the right clip, query by query, and which clips come first where they should not.

All here is computed from scores (a few rows at a time), the task and the ranks; nothing is read or written.

Legend: `Q` queries, `N` clips, `k` places at the top of a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError
from hearken.evaluate.task import Task
from hearken.metrics.ranks import Ranks, best_items
from hearken.metrics.relevance import IntArray
from hearken.metrics.scores import Scores

Order = Literal["worst", "nearest"]
_BLOCK_SCORES = 1 << 24


@dataclass(frozen=True)
class Miss:
    """A query whose right clip is not first: its number and `text`, the right `clip` that stands highest, its `rank` and `score`.

    `instead` are the first clips that do not answer the query, best first, with their scores.
    """

    query: int
    text: str
    clip: int
    rank: int
    instead: tuple[tuple[int, float], ...]
    score: float

    @property
    def gap(self) -> float:
        """How much the right clip's score lacks to be first."""
        return self.instead[0][1] - self.score


@dataclass(frozen=True)
class Hub:
    """A clip that is among the first k of `wrong` queries that it does not answer, the numbers in `queries`, and of `right` that it does."""

    clip: int
    wrong: int
    right: int
    queries: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Hubness:
    """How unevenly clips are found: `counts` (N,) says how often each is among the first `k`, `wrong` (N,) how often without answering.

    `skewness` is the third standardised moment of `counts` (Radovanović, Nanopoulos and Ivanović, "Hubs in space", JMLR 2010): near 0 where
    all clips are found alike, well above 1 where few are found for everything. `never` clips are found for nothing.
    """

    k: int
    counts: IntArray
    wrong: IntArray
    skewness: float
    never: int


def misses(scores: Scores, task: Task, ranks: Ranks, *, count: int | None = None, order: Order = "worst", instead: int = 3) -> list[Miss]:
    """Return the queries whose right clip is not first, `count` at most, with up to `instead` clips that stand before it.

    `worst` puts the highest rank first, then the widest gap; `nearest` the narrowest gap to the first place, then the lower rank: what would
    be right if a little were different. `scores` (Q, N) and `ranks` are those of one system. Raises EvaluationError where they do not fit the task.
    """
    _check(scores, task, ranks)
    if instead < 1:
        raise EvaluationError("At least one clip has come instead; ask for one or more.")
    first = ranks.values[ranks.starts[:-1]]
    right, score, best = _right_and_wrong(scores, task)
    gap = best - score
    missed = np.flatnonzero(first > 1)
    keys = (missed, -gap[missed], -first[missed]) if order == "worst" else (missed, first[missed], gap[missed])
    chosen = missed[np.lexsort(keys)][:count]
    return [
        Miss(
            int(query),
            task.queries[query],
            int(right[query]),
            int(first[query]),
            _instead(scores, task, int(query), instead),
            float(score[query]),
        )
        for query in chosen
    ]


def worst_misses(scores: Scores, task: Task, ranks: Ranks, *, count: int = 10, instead: int = 3) -> list[Miss]:
    """Return the `count` queries whose right clip stands lowest, the lowest first; see `misses`."""
    return misses(scores, task, ranks, count=count, order="worst", instead=instead)


def nearest_misses(scores: Scores, task: Task, ranks: Ranks, *, count: int = 10, instead: int = 3) -> list[Miss]:
    """Return the `count` queries whose right clip all but came first, the narrowest gap first; see `misses`."""
    return misses(scores, task, ranks, count=count, order="nearest", instead=instead)


def hubness(scores: Scores, task: Task, *, k: int = 10) -> Hubness:
    """Return how often each clip is among the first `k`; of equal scores, the clip that comes first in the task.

    Raises InputError unless k is from 1 to N.
    """
    top = best_items(scores, k)[0]
    counts = np.bincount(top.ravel(), minlength=scores.shape[1]).astype(np.int64)
    wrong = np.bincount(top[~_answers(top, task)], minlength=scores.shape[1]).astype(np.int64)
    spread = counts - counts.mean()
    deviation = float(np.sqrt((spread**2).mean()))
    skewness = float((spread**3).mean()) / deviation**3 if deviation > 0.0 else 0.0
    return Hubness(k, counts, wrong, skewness, int(np.count_nonzero(counts == 0)))


def hubs(scores: Scores, task: Task, *, k: int = 1, count: int = 10) -> list[Hub]:
    """Return the `count` clips that are oftenest among the first `k` of queries they do not answer, the most often first; none that never is."""
    top = best_items(scores, k)[0]
    answers = _answers(top, task)
    wrong = np.bincount(top[~answers], minlength=scores.shape[1])
    right = np.bincount(top[answers], minlength=scores.shape[1])
    order = np.argsort(-wrong, kind="stable")[:count]
    queries = np.nonzero(~answers)[0]
    return [
        Hub(int(clip), int(wrong[clip]), int(right[clip]), tuple(queries[top[~answers] == clip].tolist())) for clip in order if wrong[clip]
    ]


def _check(scores: Scores, task: Task, ranks: Ranks) -> None:
    wanted = (len(task.queries), len(task.clips))
    if scores.shape != wanted or ranks.num_queries != wanted[0] or ranks.num_items != wanted[1] or ranks.depth is not None:
        raise EvaluationError(
            f"Scores {scores.shape} and ranks {(ranks.num_queries, ranks.num_items)} are not those of {wanted} of the task."
        )


def _answers(top: IntArray, task: Task) -> NDArray[np.bool_]:
    """Which of the first clips (Q, k) answer their query."""
    num_clips = len(task.clips)
    pairs = np.arange(len(top))[:, None] * num_clips + top
    return np.isin(pairs, task.relevance.queries * num_clips + task.relevance.items)


def _blocks(scores: Scores) -> Iterator[tuple[int, int]]:
    num_queries, num_items = scores.shape
    step = max(1, _BLOCK_SCORES // max(1, num_items))
    for start in range(0, num_queries, step):
        yield start, min(start + step, num_queries)


def _right_and_wrong(scores: Scores, task: Task) -> tuple[IntArray, NDArray[np.float64], NDArray[np.float64]]:
    """Of each query (Q,) the right clip with the highest score, that score, and the highest of a wrong one."""
    right, score, best = np.zeros(len(task.queries), np.int64), np.zeros(len(task.queries)), np.full(len(task.queries), -np.inf)
    for start, stop in _blocks(scores):
        rows, part = np.array(scores.rows(start, stop), np.float64), task.relevance.take(np.arange(start, stop))
        for row, query in zip(rows, range(start, stop), strict=True):
            own = part.of(query - start)
            right[query] = own[row[own].argmax()]
            score[query] = row[right[query]]
            row[own] = -np.inf
            best[query] = row.max(initial=-np.inf)
    return right, score, best


def _instead(scores: Scores, task: Task, query: int, most: int) -> tuple[tuple[int, float], ...]:
    """The clips that do not answer `query` and stand before its right clip, at most `most`."""
    row = np.array(scores.rows(query, query + 1)[0], np.float64)
    own = task.relevance.of(query)
    least = row[own].max()
    row[own] = -np.inf
    order = np.argsort(-row, kind="stable")[:most]
    return tuple((int(clip), float(row[clip])) for clip in order if row[clip] >= least)
