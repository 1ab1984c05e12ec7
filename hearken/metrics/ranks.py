"""Where the relevant items of each query stand: the one thing that all retrieval metrics but the graded ones are computed from.

Conventions: rank 1 is the best. Ties are broken against the system: an item that is not relevant and has the same score stands before one
that is, so a constant scorer gains nothing. A score that is not finite is an error, never a rank. A query without a relevant item is an
error too; whoever evaluates leaves such queries out, and says so.

The rank of the relevant item with the j-th highest score s is j + the number of items with a score of at least s that are not relevant.

Legend: `Q` queries, `N` items, `M` relevant pairs, `B` queries of a block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.relevance import BoolArray, IntArray, Relevance
from hearken.metrics.scores import Scores, Table, TableScores
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
    def is_complete(self) -> bool:
        """Whether all that is relevant has a rank."""
        return self.depth is None or len(self.values) == int(self.num_relevant.sum())

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
    return ranks_and_order(scores, relevance, np.zeros(len(relevance.items)), block=block, on_progress=on_progress)[0]


def ranks_of_tables(scores: Table, relevant: BoolArray) -> Ranks:
    """Return the ranks that a table `scores` (Q, N) gives to what a table `relevant` (Q, N) says. Raises what `ranks_of` raises."""
    return ranks_of(TableScores(scores), Relevance.from_matrix(relevant))


def ranks_and_order(
    scores: Scores, relevance: Relevance, grades: NDArray[np.floating], *, block: int | None = None, on_progress: Progress = silent
) -> tuple[Ranks, IntArray]:
    """Return the ranks, and for each (M,) the number of the pair of `relevance` that it is the rank of.

    `grades` (M,) say how relevant each pair is: among equal scores the lower grade stands first. Raises what `ranks_of` raises.
    """
    num_queries, num_items = scores.shape
    if (relevance.num_queries, relevance.num_items) != (num_queries, num_items):
        raise InputError(f"Scores {scores.shape} and relevance {(relevance.num_queries, relevance.num_items)} must agree.")
    check_answered(relevance)
    values, order = np.zeros(len(relevance.items), np.int64), np.zeros(len(relevance.items), np.int64)
    for start, stop in _blocks(num_queries, num_items, block):
        part = slice(relevance.starts[start], relevance.starts[stop])
        rows = _finite(scores.rows(start, stop), start)
        values[part], places = _ranks_of_block(rows, relevance.take(np.arange(start, stop)), grades[part])
        order[part] = places + part.start
        on_progress(stop, num_queries)
    return Ranks(values, relevance.starts, relevance.counts, num_items), order


def ranks_of_lists(lists: Sequence[Sequence[int]] | IntArray, relevance: Relevance, *, depth: int) -> Ranks:
    """Return the ranks of what is relevant in `lists`: for each query the numbers of its first items, best first, at most `depth`.

    An item that comes twice counts where it comes first, and takes both places. A number that is no item (-1) takes its place, and is never
    relevant. Raises InputError for a list too long, another number of lists than queries, and a query without a relevant item.
    """
    if len(lists) != relevance.num_queries:
        raise InputError(f"There are {len(lists)} lists and {relevance.num_queries} queries.")
    check_answered(relevance)
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    if (lengths > depth).any():
        query = int(np.argmax(lengths > depth))
        raise InputError(f"The list of query {query} has {lengths[query]} items and not {depth} at most.")
    listed = np.fromiter(chain.from_iterable(lists), np.int64, int(lengths.sum()))
    queries = np.repeat(np.arange(len(lists)), lengths)
    ranks = np.arange(len(listed)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    inside = (listed >= 0) & (listed < relevance.num_items)
    pairs = np.where(inside, queries * relevance.num_items + listed, -1)
    known = np.append(relevance.queries * relevance.num_items + relevance.items, -2)  # ascending, and one that is never asked for
    hits = np.flatnonzero(known[np.searchsorted(known[:-1], pairs)] == pairs)
    _, firsts = np.unique(pairs[hits], return_index=True)
    hits = hits[np.sort(firsts)]
    starts = np.searchsorted(queries[hits], np.arange(len(lists) + 1)).astype(np.int64)
    return Ranks(ranks[hits], starts, relevance.counts, relevance.num_items, depth)


def check_answered(relevance: Relevance) -> None:
    """Raise InputError where a query has no relevant item."""
    unanswered = np.flatnonzero(relevance.counts == 0)
    if len(unanswered):
        raise InputError(f"{len(unanswered)} queries have no relevant item; the first is number {unanswered[0]}.", "Leave them out.")


def best_items(scores: Scores, k: int, *, block: int | None = None) -> tuple[IntArray, NDArray[np.float64]]:
    """Return the `k` items with the highest scores of each query (Q, k), best first, and their scores; equal scores in the order of items.

    Raises InputError unless k is from 1 to N, and for scores that are not finite.
    """
    num_queries, num_items = scores.shape
    if not 1 <= k <= num_items:
        raise InputError(f"k must be between 1 and the number of items, {num_items}; it is {k}.")
    items, values = np.zeros((num_queries, k), np.int64), np.zeros((num_queries, k), np.float64)
    for start, stop in _blocks(num_queries, num_items, block):
        for query, row in enumerate(_finite(scores.rows(start, stop), start), start=start):
            likely = np.flatnonzero(row >= np.partition(row, num_items - k)[num_items - k])  # all that are as high as the k-th
            items[query] = likely[np.argsort(-row[likely], kind="stable")[:k]]
            values[query] = row[items[query]]
    return items, values


def _blocks(num_queries: int, num_items: int, block: int | None) -> Iterator[tuple[int, int]]:
    block = max(1, _BLOCK_SCORES // max(1, num_items)) if block is None else block
    if block < 1:
        raise InputError(f"A block has at least one query, not {block}.")
    for start in range(0, num_queries, block):
        yield start, min(start + block, num_queries)


def _finite(rows: Table, start: int) -> Table:
    """Return `rows` if all of them are finite; they are where their sum is, and only else it takes a closer look."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = rows.sum()
    if not np.isfinite(total) and not np.isfinite(rows).all():
        query = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise InputError(f"Scores must be finite, and one of query {query} is not.", "A NaN has no rank: find out where it comes from.")
    return rows


def _ranks_of_block(rows: Table, relevance: Relevance, grades: NDArray[np.floating]) -> tuple[IntArray, IntArray]:
    """Ranks (M,) of the relevant items of some queries, ascending in each, and which pair each is of; `rows` (B, N) are their scores."""
    queries = relevance.queries
    wanted = rows[queries, relevance.items]
    order = np.lexsort((grades, -wanted, queries))
    wanted = wanted[order]  # of each query, the highest first
    before = np.repeat(relevance.starts[:-1], relevance.counts)
    places = np.arange(len(wanted)) - before
    relevant_not_lower = _last_of_equal(wanted, queries) - before
    return np.asarray(places + 1 + _not_lower(rows, wanted, relevance) - relevant_not_lower, np.int64), order


def _not_lower(rows: Table, wanted: Table, relevance: Relevance) -> IntArray:
    """How many items of its row have at least each score of `wanted` (M,), relevant or not; row by row, which stays in the cache."""
    found = np.zeros(len(wanted), np.int64)
    starts = relevance.starts.tolist()
    for query, row in enumerate(np.ascontiguousarray(rows)):
        start, stop = starts[query], starts[query + 1]
        if stop - start > _COMPARED:
            found[start:stop] = len(row) - np.searchsorted(np.sort(row), wanted[start:stop], side="left")
        else:
            for pair in range(start, stop):
                found[pair] = np.count_nonzero(row >= wanted[pair])
    return found


def _last_of_equal(wanted: Table, queries: IntArray) -> IntArray:
    """For each of the sorted scores, the number (counted over all, from 1) of the last that is equal and of the same query."""
    if not len(wanted):
        return np.zeros(0, np.int64)
    is_last = np.append((wanted[1:] != wanted[:-1]) | (queries[1:] != queries[:-1]), True)
    ends = np.flatnonzero(is_last) + 1
    return np.asarray(ends[np.cumsum(np.append(0, is_last[:-1]))], np.int64)
