"""Scores of all items for all queries, a few rows at a time: a table, vectors whose cosines they are, or several systems together.

Whoever ranks asks for rows and never for all of them, so 100 000 by 100 000 scores need no memory of 80 GB.

Legend: `Q` queries, `N` items, `D` embedding, `B` rows of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError

Table = NDArray[np.floating]

_FEW_SCORES = 1 << 25  # 256 MB
_LENGTH_BITS = 26
_FILLED = 0.708  # a little more than 1 / √2: lengths are from 0.5 / 0.708 to 1 / 0.708 of 2^26 steps


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
    """Scores that are there: `table` (Q, N), of floats. Raises InputError for another shape, and for what are no numbers."""

    table: Table

    def __post_init__(self) -> None:
        if self.table.ndim != 2:
            raise InputError(f"Scores are a table of queries by items, not of shape {self.table.shape}.")
        if self.table.dtype.kind not in "fiu":
            raise InputError(f"Scores are numbers, not {self.table.dtype}.")

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return self.table.shape[0], self.table.shape[1]

    def rows(self, start: int, stop: int) -> Table:
        """Return the scores (B, N) of some queries."""
        rows = self.table[start:stop]
        return rows if rows.dtype.kind == "f" else rows.astype(np.float64)

    def transposed(self) -> TableScores:
        """Return the scores the other way about."""
        return TableScores(self.table.T)


@dataclass(frozen=True, eq=False)
class VectorScores:
    """Products of vectors: of `queries` (Q, D) with `items` (N, D); the cosines where all have unit length.

    A product of matrices sums in an order that depends on its shape and on the machine, so two copies of one vector could differ in the
    last digit, and one of them would rank first by chance. Here vectors are rounded first, to a grid fine enough for float32 and coarse
    enough for all sums to be exact in float64 (`_on_a_grid`): equal vectors have equal scores wherever they stand, and neither the size of
    a block nor the machine changes anything. Raises InputError for other shapes.
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
        """Return the scores (B, N) of some queries, float64."""
        if self._is_small:
            return self._table[start:stop]
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(_on_a_grid(self.queries[start:stop]) @ self._grid_items.T)

    def transposed(self) -> Scores:
        """Return the scores the other way about; where they are few, they are computed once for both."""
        return TableScores(self._table.T) if self._is_small else VectorScores(self.items, self.queries)

    @property
    def _is_small(self) -> bool:
        return len(self.queries) * len(self.items) <= _FEW_SCORES

    @cached_property
    def _grid_items(self) -> NDArray[np.float64]:
        return _on_a_grid(self.items)

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found by whoever ranks
            return np.asarray(_on_a_grid(self.queries) @ self._grid_items.T)


def _on_a_grid(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `vectors` rounded to multiples of a power of two of each, so that a vector of length 1 has the length of 2^26 steps.

    Products of entries are then multiples of one power of two. No vector is longer than 2^26 / 0.708 steps, so by Cauchy and Schwarz no sum
    of some of the products exceeds (2^26 / 0.708 + √D / 2)² < 2^53 times it, for any D below 2^32: every partial sum is a float64, and
    addition in any order is exact. The error of a cosine is about 6e-9, a tenth of the last digit of float32.
    """
    wide = vectors.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        _, exponents = np.frexp(np.abs(wide).max(axis=1, initial=0.0))  # first, so that squares neither overflow nor vanish
        shrunk = np.ldexp(wide, -exponents[:, None])
        _, more = np.frexp(_FILLED * np.sqrt(np.square(shrunk).sum(axis=1)))
        np.rint(np.ldexp(shrunk, _LENGTH_BITS - more[:, None], out=shrunk), out=shrunk)
        return np.asarray(np.ldexp(shrunk, (exponents + more)[:, None] - _LENGTH_BITS, out=shrunk))
