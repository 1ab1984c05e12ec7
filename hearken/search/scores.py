"""The scores of windows: cosines with the query, of moments together with the contexts around them, less what is not wanted.

Where a model looks at sound at two scales, a moment's score is `MOMENT_SHARE` of its own cosine and the rest of that of the best
context which holds its middle. A moment alone often cannot tell what it is part of, a context alone not when it happens; half and half
found more of the development sounds than either (`benchmarks/bench_retrieval.py`). Contexts are no answers themselves: their
score is -inf. With one scale a window's score is its cosine.

Legend: `F` files, `N` rows of the library, `M` rows that are looked at, `G` files that these belong to, `Q` queries, `D` embedding size.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray
from hearken.library.snapshot import Snapshot
from hearken.search.scope import Query, Scope, named_files
from hearken.types import FloatArray

MOMENT_SHARE = 0.5
_DECIMALS = 6
_T = TypeVar("_T", bound=np.generic)


class Scored(NamedTuple):
    """Scores (M,) of `rows` (None: all), which belong to file `numbers` (G,), each from its place in `starts` (G,) on.

    `scores` are -inf for contexts; `own` are those of each window by itself.
    """

    rows: IntArray | None
    scores: FloatArray
    own: FloatArray
    numbers: IntArray
    starts: IntArray

    def places(self, item: int) -> slice:
        """Return where in `scores` the rows of the file with index `item` in `numbers` are."""
        stop = self.starts[item + 1] if item + 1 < len(self.starts) else len(self.scores)
        return slice(int(self.starts[item]), int(stop))

    def rows_at(self, places: IntArray) -> IntArray:
        """Return the rows at `places` of `scores`."""
        return places if self.rows is None else self.rows[places]


def score(scope: Scope, query: Query, num_files: int | None) -> Scored:
    """Score the windows that can matter: all, or with a graph those likely to hold the best `num_files` files, by sound or by name."""
    snapshot = scope.snapshot
    rows = snapshot.candidates(query.vector, num_files, scope.wanted)
    if rows is not None:
        rows = np.union1d(rows, snapshot.rows_of(named_files(scope)))
    numbers, starts = snapshot.group(rows)
    if query.against is None:
        own = snapshot.scores(query.vector[None], rows)
        return Scored(rows, blended(snapshot, own, rows)[0], own[0], numbers, starts)
    own = snapshot.scores(np.stack([query.vector, query.against]), rows)
    both = blended(snapshot, own, rows)
    among = spread(scope.wanted[numbers], starts, own.shape[1]) & np.isfinite(both[1])
    usual = np.median(both[1][among])
    return Scored(rows, both[0] - np.maximum(both[1] - usual, 0), own[0] - np.maximum(own[1] - usual, 0), numbers, starts)


def blended(snapshot: Snapshot, own: FloatArray, rows: IntArray | None) -> FloatArray:
    """Return the scores (Q, M) of windows from their cosines `own` (Q, M); -inf for contexts.

    `rows` (M,), ascending (None: all), are all rows of some files.
    """
    scales = snapshot.scales
    if not scales.most:
        return own
    is_context, first, stop = scales.is_context, scales.first, scales.stop
    if rows is not None:
        numbers, starts = snapshot.group(rows)
        moved = spread(starts - snapshot.first_rows[numbers], starts, len(rows))
        is_context, first, stop = is_context[rows], first[rows] + moved, stop[rows] + moved
    held = np.flatnonzero(stop > first)
    first, last = first[held], stop[held] - 1
    best = own[:, first]
    for step in range(1, scales.most):
        np.maximum(best, own[:, np.minimum(first + step, last)], out=best)
    out = own.copy()
    out[:, held] = MOMENT_SHARE * own[:, held] + (1 - MOMENT_SHARE) * best
    out[:, is_context] = -np.inf
    return out


def spread(values: NDArray[_T], starts: IntArray, size: int) -> NDArray[_T]:
    """Return for each of `size` rows the value (G,) of its file."""
    return np.repeat(values, np.diff(starts, append=size))


def rounded(scores: FloatArray) -> DoubleArray:
    """Return scores as they are compared; float16 rounding takes the cosine of a sound with itself a little beyond 1."""
    return np.round(np.minimum(scores.astype(np.float64), 1.0), _DECIMALS).astype(np.float64, copy=False)
