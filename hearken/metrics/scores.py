"""Scores of all items for all queries, a few rows at a time: a table, vectors whose cosines they are, or several systems together.

Whoever ranks asks for rows and never for all of them, so 100 000 by 100 000 scores need no memory of 40 GB.

Legend: `Q` queries, `N` items, `D` embedding, `B` rows of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError

Table = NDArray[np.floating]


class Scores(Protocol):
    """Scores (Q, N), higher is better."""

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        ...

    def rows(self, start: int, stop: int) -> Table:
        """Return the scores (B, N) of the queries `start` ... `stop` - 1."""
        ...

    def transposed(self) -> Scores:
        """Return the scores the other way about, (N, Q)."""
        ...


@dataclass(frozen=True, eq=False)
class TableScores:
    """Scores that are there: `table` (Q, N). Raises InputError for another shape."""

    table: Table

    def __post_init__(self) -> None:
        if self.table.ndim != 2:
            raise InputError(f"Scores are a table of queries by items, not of shape {self.table.shape}.")

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return self.table.shape[0], self.table.shape[1]

    def rows(self, start: int, stop: int) -> Table:
        """Return the scores (B, N) of some queries."""
        return self.table[start:stop]

    def transposed(self) -> TableScores:
        """Return the scores the other way about."""
        return TableScores(self.table.T)


@dataclass(frozen=True, eq=False)
class VectorScores:
    """Products of vectors: of `queries` (Q, D) with `items` (N, D); the cosines where all have unit length.

    They are summed in 64 bits and rounded to 32, so that equal vectors have equal scores wherever they stand, and the size of a block
    changes nothing. Raises InputError for other shapes.
    """

    queries: NDArray[np.floating]
    items: NDArray[np.floating]

    def __post_init__(self) -> None:
        if self.queries.ndim != 2 or self.items.ndim != 2 or self.queries.shape[1] != self.items.shape[1]:
            raise InputError(f"Vectors of queries {self.queries.shape} and items {self.items.shape} must be tables of one width.")

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return len(self.queries), len(self.items)

    def rows(self, start: int, stop: int) -> Table:
        """Return the scores (B, N) of some queries."""
        scores: Table = (self.queries[start:stop].astype(np.float64) @ self.items.T.astype(np.float64)).astype(np.float32)
        return scores

    def transposed(self) -> VectorScores:
        """Return the scores the other way about."""
        return VectorScores(self.items, self.queries)
