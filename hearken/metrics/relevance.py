"""Which items answer which query: the ground truth of a ranking, kept as lists rather than as a table of yes and no.

A query may have any number of relevant items, so 100 000 queries on 100 000 clips are a few megabytes and not ten gigabytes.

Legend: `Q` queries, `N` items (clips, or captions when a clip asks), `M` relevant pairs of a query and an item.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Relevance:
    """The relevant items of query q are `items[starts[q] : starts[q + 1]]`: numbers of items (M,), ascending, each once; `starts` (Q + 1,).

    There are `num_items` items, N, in all. Make one with a class method, which checks what it is given.
    """

    items: IntArray
    starts: IntArray
    num_items: int

    @classmethod
    def from_lists(cls, lists: Iterable[Iterable[int]], num_items: int) -> Relevance:
        """Return the relevance in which query q has the items `lists[q]`. Raises InputError for numbers outside 0 ... N - 1."""
        rows = [list(row) for row in lists]
        items = np.fromiter(chain.from_iterable(rows), np.int64)
        if len(items) and not 0 <= items.min() <= items.max() < num_items:
            raise InputError(f"Relevant items are numbered from 0 to {num_items - 1}; there is a {items.min()} or a {items.max()}.")
        width = max(1, num_items)
        pairs = np.unique(np.repeat(np.arange(len(rows)), [len(row) for row in rows]) * width + items)
        return cls(pairs % width, np.searchsorted(pairs, np.arange(len(rows) + 1) * width).astype(np.int64), num_items)

    @classmethod
    def from_matrix(cls, relevant: BoolArray) -> Relevance:
        """Return the relevance that a table `relevant` (Q, N) of yes and no says. Raises InputError for another shape."""
        if relevant.ndim != 2:
            raise InputError(f"Relevance is a table of queries by items, not of shape {relevant.shape}.")
        rows, items = np.nonzero(relevant)
        starts = np.searchsorted(rows, np.arange(len(relevant) + 1)).astype(np.int64)
        return cls(items.astype(np.int64), starts, relevant.shape[1])

    @property
    def num_queries(self) -> int:
        """How many queries there are, Q."""
        return len(self.starts) - 1

    @property
    def counts(self) -> IntArray:
        """How many items are relevant to each query (Q,)."""
        return np.diff(self.starts)

    @property
    def queries(self) -> IntArray:
        """The query of each relevant pair (M,)."""
        return np.repeat(np.arange(self.num_queries), self.counts)

    def of(self, query: int) -> IntArray:
        """Return the items that are relevant to `query`."""
        return self.items[self.starts[query] : self.starts[query + 1]]

    def to_matrix(self) -> BoolArray:
        """Return the table (Q, N) of yes and no."""
        table = np.zeros((self.num_queries, self.num_items), bool)
        table[self.queries, self.items] = True
        return table

    def transposed(self) -> Relevance:
        """Return the relevance the other way about: which queries are relevant to each item."""
        order = np.argsort(self.items, kind="stable")
        starts = np.searchsorted(self.items[order], np.arange(self.num_items + 1)).astype(np.int64)
        return Relevance(self.queries[order], starts, self.num_queries)

    def take(self, queries: Sequence[int] | IntArray) -> Relevance:
        """Return the relevance of these queries alone, in this order."""
        chosen = np.asarray(queries, np.int64)
        counts = self.counts[chosen]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        places = np.repeat(self.starts[:-1][chosen] - starts[:-1], counts) + np.arange(starts[-1])
        return Relevance(self.items[places], starts, self.num_items)
