"""Where the relevant items of each query stand: the one thing that all retrieval metrics but the graded ones are computed from.

Conventions: rank 1 is the best. Ties are broken against the system: an item that is not relevant and has the same score stands before one
that is, so a constant scorer gains nothing. A score that is not finite is an error, never a rank. A query without a relevant item is an
error too; whoever evaluates leaves such queries out, and says so.

The rank of the relevant item with the j-th highest score s is j + the number of items with a score of at least s that are not relevant.

Legend: `Q` queries, `N` items, `M` relevant pairs, `B` queries of a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.relevance import IntArray, Relevance
from hearken.metrics.scores import Scores, Table
from hearken.types import Progress, silent

_BLOCK_SCORES = 1 << 24
_COMPARED = 16  # up to so many relevant items a query, comparing is quicker than sorting


@dataclass(frozen=True, eq=False)
class Ranks:
    """The ranks of the relevant items of query q: `values[starts[q] : starts[q + 1]]`, from 1, ascending.

    `num_relevant` (Q,) says how many there are. Where the ranking is complete, all of them have a rank; a list of the first
    `depth` items has ranks of those alone that are in it. `num_items` is N, `depth` None for a complete ranking.
    """

    values: IntArray
    starts: IntArray
    num_relevant: IntArray
    num_items: int
    depth: int | None = None

    @property
    def num_queries(self) -> int:
        """How many queries there are, Q."""
        return len(self.starts) - 1

    @property
    def queries(self) -> IntArray:
        """The query of each rank."""
        return np.repeat(np.arange(self.num_queries), np.diff(self.starts))

    @property
    def places(self) -> IntArray:
        """Which rank of its query each is, from 1: after so many of the relevant items have been seen."""
        return np.arange(len(self.values)) - np.repeat(self.starts[:-1], np.diff(self.starts)) + 1


def ranks_of(scores: Scores, relevance: Relevance, *, block: int | None = None, on_progress: Progress = silent) -> Ranks:
    """Return the ranks that `scores` (Q, N) give to what is relevant.

    `block` queries are looked at together; it changes no rank. Raises InputError for other shapes, scores that are not finite, and a query
    without a relevant item.
    """
    num_queries, num_items = scores.shape
    if (relevance.num_queries, relevance.num_items) != (num_queries, num_items):
        raise InputError(f"Scores {scores.shape} and relevance {(relevance.num_queries, relevance.num_items)} must agree.")
    check_answered(relevance)
    block = max(1, _BLOCK_SCORES // max(1, num_items)) if block is None else block
    if block < 1:
        raise InputError(f"A block has at least one query, not {block}.")
    found = []
    for start in range(0, num_queries, block):
        stop = min(start + block, num_queries)
        found.append(_ranks_of_block(scores.rows(start, stop), relevance.take(np.arange(start, stop)), start))
        on_progress(stop, num_queries)
    values = np.concatenate(found) if found else np.zeros(0, np.int64)
    return Ranks(values, relevance.starts, relevance.counts, num_items)


def ranks_of_lists(lists: Sequence[Sequence[int]], relevance: Relevance, *, depth: int) -> Ranks:
    """Return the ranks of what is relevant in `lists`: for each query the numbers of its first items, best first, at most `depth`.

    An item that comes twice counts where it comes first, and takes both places. Raises InputError for a list too long, another number of
    lists than queries, and a query without a relevant item.
    """
    if len(lists) != relevance.num_queries:
        raise InputError(f"There are {len(lists)} lists and {relevance.num_queries} queries.")
    check_answered(relevance)
    found: list[list[int]] = []
    for query, ranked in enumerate(lists):
        if len(ranked) > depth:
            raise InputError(f"The list of query {query} has {len(ranked)} items and not {depth} at most.")
        wanted = set(relevance.of(query).tolist())
        first = {item: rank for rank, item in reversed(list(enumerate(ranked, start=1))) if item in wanted}
        found.append(sorted(first.values()))
    starts = np.concatenate([[0], np.cumsum([len(ranks) for ranks in found])]).astype(np.int64)
    values = np.array([rank for ranks in found for rank in ranks], np.int64)
    return Ranks(values, starts, relevance.counts, relevance.num_items, depth)


def check_answered(relevance: Relevance) -> None:
    """Raise InputError where a query has no relevant item."""
    unanswered = np.flatnonzero(relevance.counts == 0)
    if len(unanswered):
        raise InputError(f"{len(unanswered)} queries have no relevant item; the first is number {unanswered[0]}.", "Leave them out.")


def best_items(scores: Scores, k: int, *, block: int | None = None) -> tuple[IntArray, NDArray[np.floating]]:
    """Return the `k` items with the highest scores of each query (Q, k), best first, and their scores; equal scores in the order of items.

    Raises InputError unless k is from 1 to N, and for scores that are not finite.
    """
    num_queries, num_items = scores.shape
    if not 1 <= k <= num_items:
        raise InputError(f"k must be between 1 and the number of items, {num_items}; it is {k}.")
    block = max(1, _BLOCK_SCORES // num_items) if block is None else block
    items, values = np.zeros((num_queries, k), np.int64), np.zeros((num_queries, k), np.float64)
    for start in range(0, num_queries, block):
        rows = _finite(scores.rows(start, min(start + block, num_queries)), start)
        order = np.argsort(-rows, axis=1, kind="stable")[:, :k]
        items[start : start + len(rows)] = order
        values[start : start + len(rows)] = np.take_along_axis(rows, order, axis=1)
    return items, values


def _finite(rows: Table, start: int) -> Table:
    if not np.isfinite(rows).all():
        query = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise InputError(f"Scores must be finite, and one of query {query} is not.", "A NaN has no rank: find out where it comes from.")
    return rows


def _ranks_of_block(rows: Table, relevance: Relevance, start: int) -> IntArray:
    """Ranks (M,) of the relevant items of some queries, ascending in each; `rows` (B, N) are their scores."""
    _finite(rows, start)
    queries = relevance.queries
    wanted = rows[queries, relevance.items]
    order = np.lexsort((-wanted, queries))
    wanted = wanted[order]  # of each query, the highest first
    counts = relevance.counts
    places = np.arange(len(wanted)) - np.repeat(relevance.starts[:-1], counts)
    not_lower = _count_sorted(rows, wanted, relevance) if counts.max(initial=0) > _COMPARED else _count(rows, wanted, relevance, places)
    relevant_not_lower = _last_of_equal(wanted, queries) - np.repeat(relevance.starts[:-1], counts)
    return np.asarray(places + 1 + not_lower - relevant_not_lower, np.int64)


def _count(rows: Table, wanted: Table, relevance: Relevance, places: IntArray) -> IntArray:
    """How many items of its row have at least each score of `wanted` (M,): one comparison of all rows for each place."""
    found = np.zeros(len(wanted), np.int64)
    for place in range(int(relevance.counts.max(initial=0))):
        here = np.flatnonzero(places == place)
        asked = relevance.queries[here]
        of_these = rows if len(asked) == len(rows) else rows[asked]
        found[here] = np.count_nonzero(of_these >= wanted[here, None], axis=1)
    return found


def _count_sorted(rows: Table, wanted: Table, relevance: Relevance) -> IntArray:
    """The same for queries with many relevant items: each row is sorted once."""
    found = np.zeros(len(wanted), np.int64)
    for query, row in enumerate(rows):
        part = slice(relevance.starts[query], relevance.starts[query + 1])
        found[part] = len(row) - np.searchsorted(np.sort(row), wanted[part], side="left")
    return found


def _last_of_equal(wanted: Table, queries: IntArray) -> IntArray:
    """For each of the sorted scores, the number (counted over all, from 1) of the last that is equal and of the same query."""
    if not len(wanted):
        return np.zeros(0, np.int64)
    is_last = np.append((wanted[1:] != wanted[:-1]) | (queries[1:] != queries[:-1]), True)
    ends = np.flatnonzero(is_last) + 1
    return np.asarray(ends[np.cumsum(np.append(0, is_last[:-1]))], np.int64)
