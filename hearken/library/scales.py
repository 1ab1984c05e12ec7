"""Which rows of a library are moments, which are contexts, and which contexts hold the middle of each moment.

A model may look at a sound at two scales (`audio/length.py`): short windows in order of time, the moments, and behind them longer
ones, again from the start of the sound, the contexts. Nothing but that tells them apart: the second row of a file that starts where
its first one does is its first context. Files of models with one scale have moments alone.

Legend: `F` files, `N` rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray

_FILE_BITS = 38  # of microseconds: three days, more than the longest sound
_PER_S = 1_000_000


class Scales(NamedTuple):
    """`is_context` (N,) tells contexts from moments; the contexts that hold the middle of row `i` are the rows `first[i]` to `stop[i]` - 1.

    There are none of these for contexts, and for moments of files that have no contexts. `most` is how many there are at most.
    """

    is_context: NDArray[np.bool_]
    first: IntArray
    stop: IntArray
    most: int


def scales_of(spans: DoubleArray, first_rows: IntArray) -> Scales:
    """Return the scales of rows with `spans` (N, 2) in seconds; `first_rows` (F,), ascending from 0, is where each file begins."""
    files = np.repeat(np.arange(len(first_rows)), np.diff(first_rows, append=len(spans)))
    again = spans[:, 0] == spans[first_rows[files], 0]
    again[first_rows] = False
    passed = np.cumsum(again)
    is_context = passed > (passed[first_rows] - again[first_rows])[files]
    contexts = np.flatnonzero(is_context)
    if not len(contexts):
        nothing = np.zeros(len(spans), np.int64)
        return Scales(is_context, nothing, nothing, 0)
    starts, ends = (_keys(files[contexts], spans[contexts, side]) for side in (0, 1))
    middles = _keys(files, spans.mean(axis=1))
    low, high = np.searchsorted(ends, middles, side="left"), np.searchsorted(starts, middles, side="right")
    held = ~is_context & (low < high)
    first, last = contexts[np.minimum(low, len(contexts) - 1)], contexts[np.maximum(high - 1, 0)]
    stop = np.where(held, last + 1, 0)
    first = np.where(held, first, 0)
    return Scales(is_context, first, stop, int((stop - first).max()))


def _keys(files: IntArray, times_s: DoubleArray) -> IntArray:
    """Whole numbers that order times of all files: by file, then by time."""
    micros = np.clip(np.rint(times_s * _PER_S), 0, 2**_FILE_BITS - 1).astype(np.int64)
    keys: IntArray = (files.astype(np.int64) << _FILE_BITS) + micros
    return keys
