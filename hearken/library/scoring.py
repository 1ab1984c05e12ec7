"""Exact scores: inner products of many float16 rows with a few float32 queries.

How to do this was measured (100 k rows, D = 384, one core of an EPYC 9005 virtual machine; `benchmarks/bench_query.py`
prints the same comparison): just reading the block takes 2.4 ms; a float32 matrix product 5.1 ms, for twice the memory;
float16 to float32 by blocks and then a matrix product in numpy 50 ms, nearly all of it the conversion; usearch's exact
search 8 ms, and it only gives the best few; `numkong.cdist` 2.7 ms a query, or 4.4 ms for two. So: numkong, which
usearch brings along, on the float16 rows as they lie in the file.

A query rounded to float16 would cost 5e-5 of accuracy, so it is split into two float16 vectors that add up to the
float32 one; with both, scores equal float64 to 4e-8. Every row's score is a function of that row alone, not of where it
lies, so equal sounds have equal scores.

Legend: `N` rows, `Q` queries, `D` embedding size.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.library.records import HalfArray
from hearken.types import FloatArray

_ROWS_PER_BLOCK = 8192  # keeps the float64 scratch small; from 512 rows on the size makes no difference
_MAX_QUERY = 1_000.0  # unit vectors are expected; float16 ends at 65,504
_LOW_SCALE = 2048.0  # 2 ** (float16's 10 stored bits + 1): lifts what rounding lost clear of float16's subnormals


class _Kernel(Protocol):
    def __call__(self, rows: HalfArray, queries: HalfArray, /) -> NDArray[np.float64]:
        """Return the inner products (N, Q) of `rows` (N, D) and `queries` (Q, D)."""
        ...


def inner_products(rows: HalfArray, queries: FloatArray) -> FloatArray:
    """Return the inner products (Q, N) of `rows` (N, D) float16 and `queries` (Q, D) float32.

    Raises InputError for queries that are not finite or of another size.
    """
    if queries.ndim != 2 or queries.shape[1] != rows.shape[1]:
        raise InputError(f"Queries of shape {queries.shape} cannot be compared with vectors of size {rows.shape[1]}.")
    if not (np.abs(queries) <= _MAX_QUERY).all():  # false for NaN, too
        raise InputError("A query vector is not finite, or far from unit length.", "`hearken doctor` checks the model that made it.")
    return _products(rows, queries, _kernel())


def numpy_kernel(rows: HalfArray, queries: HalfArray, /) -> NDArray[np.float64]:
    """Return what numkong would, about ten times slower: the way out where numkong has no build."""
    return np.asarray(rows.astype(np.float32) @ queries.astype(np.float32).T, np.float64)


def numkong_kernel(rows: HalfArray, queries: HalfArray, /) -> NDArray[np.float64]:
    """Return the inner products by numkong's SIMD kernels. Raises ImportError where it is not installed."""
    import numkong

    return np.asarray(numkong.cdist(rows, queries, metric="dot"), np.float64)


@cache
def _kernel() -> _Kernel:
    try:
        numkong_kernel(np.ones((1, 1), np.float16), np.ones((1, 1), np.float16))
    except ImportError:
        return numpy_kernel
    return numkong_kernel


def _products(rows: HalfArray, queries: FloatArray, kernel: _Kernel) -> FloatArray:
    """Run `kernel` over blocks of rows with each query as high and low part, and add the parts up."""
    high = queries.astype(np.float16)
    low = ((queries - high.astype(np.float32)) * np.float32(_LOW_SCALE)).astype(np.float16)
    parts = np.concatenate([high, low])
    out = np.empty((len(queries), len(rows)), np.float32)
    for start in range(0, len(rows) if len(queries) else 0, _ROWS_PER_BLOCK):  # numkong refuses empty input
        stop = min(start + _ROWS_PER_BLOCK, len(rows))
        both = kernel(rows[start:stop], parts)
        out[:, start:stop] = (both[:, : len(queries)] + both[:, len(queries) :] / _LOW_SCALE).T
    return out
