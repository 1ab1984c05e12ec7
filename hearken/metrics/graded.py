"""Normalised discounted cumulative gain, for relevance that was graded, and not only said to be there.

Legend: `Q` queries, `N` items, `M` graded pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.ranks import ranks_and_order
from hearken.metrics.relevance import IntArray, Relevance
from hearken.metrics.scores import Scores


def ndcg_at(scores: Scores, relevance: Relevance, grades: NDArray[np.floating], k: int, *, block: int | None = None) -> NDArray[np.float64]:
    """Return nDCG@k (Q,): Σ grade / log2(1 + rank) over the first k, divided by the most that the grades of the query allow there.

    `grades` (M,) belong to the pairs of `relevance` in its order, and are at least 0; what has no grade has grade 0. The gain is the grade
    itself (Järvelin & Kekäläinen 2002, trec_eval), for grades up to 100 (Xie et al. 2023) make 2^grade absurd. Among equal
    scores the lower grade stands first. `block` queries are looked at together; it changes nothing. Raises InputError unless 1 <= k, for
    grades that cannot be, for queries without any above 0, and what `ranks_of` raises.
    """
    if k < 1:
        raise InputError(f"k must be at least 1; it is {k}.")
    wide = np.asarray(grades, np.float64)
    if wide.shape != relevance.items.shape or not np.isfinite(wide).all() or (wide < 0).any():
        raise InputError(f"Each of the {len(relevance.items)} pairs needs a finite grade of at least 0.")
    best = _gains(_descending(wide, relevance.queries), _places(relevance.starts), relevance.queries, relevance.num_queries, k)
    worthless = np.flatnonzero(best == 0)
    if len(worthless):
        raise InputError(
            f"{len(worthless)} queries have no item with a grade above 0; the first is number {worthless[0]}.", "Leave them out."
        )
    ranks, order = ranks_and_order(scores, relevance, wide, block=block)
    return _gains(wide[order], ranks.values, relevance.queries, relevance.num_queries, k) / best


def _gains(grades: NDArray[np.float64], ranks: IntArray, queries: IntArray, num_queries: int, k: int) -> NDArray[np.float64]:
    gains = np.where(ranks <= k, grades / np.log2(1.0 + ranks), 0.0)
    return np.asarray(np.bincount(queries, weights=gains, minlength=num_queries), np.float64)


def _descending(grades: NDArray[np.float64], queries: IntArray) -> NDArray[np.float64]:
    return grades[np.lexsort((-grades, queries))]


def _places(starts: IntArray) -> IntArray:
    counts = np.diff(starts)
    return np.arange(starts[-1]) - np.repeat(starts[:-1], counts) + 1
