"""How well spans of time are found that a text describes: overlap, recall, average precision, and how far off the start is.

The definitions are those of moment retrieval as QVHighlights (Lei et al. 2021) has them and DCASE 2026's task "audio moment retrieval
from long audio" took them over: a span is found where its intersection over union with a true one reaches a threshold. They agree with
the public scorer (line/lighthouse, `training/standalone_eval`), which rounds to two decimals of a percent.

Legend: `P` spans found for one query, best first; `G` true spans of it; `Q` queries; `T` thresholds. Spans are start and end in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearken.errors import InputError

Doubles = NDArray[np.float64]

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Thresholds that the mean of average precisions is taken over."""
MAX_FOUND = 10
"""How many spans count for average precision."""


def overlaps(found: ArrayLike, true: ArrayLike) -> Doubles:
    """Return intersection over union (P, G) of spans `found` (P, 2) and `true` (G, 2). Raises InputError as `checked` does."""
    one, two = checked(found)[:, None], checked(true)[None]
    both = np.maximum(np.minimum(one[..., 1], two[..., 1]) - np.maximum(one[..., 0], two[..., 0]), 0.0)
    either = (one[..., 1] - one[..., 0]) + (two[..., 1] - two[..., 0]) - both
    shares: Doubles = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return shares


def recall(found: Sequence[ArrayLike], true: Sequence[ArrayLike], *, k: int, iou: float) -> Doubles:
    """Return for each query (Q,) 1 where one of the first `k` spans has at least `iou` with any true span, else 0.

    `found` and `true` hold spans (P, 2) and (G, 2) of each query. Raises InputError for other lengths, k < 1, and as `checked` does.
    """
    if k < 1 or len(found) != len(true):
        raise InputError("Recall needs as many lists of true spans as of found ones, and k of 1 or more.")
    hits = [_best(overlaps(checked(spans)[:k], goal)) >= iou for spans, goal in zip(found, true, strict=True)]
    return np.array(hits, np.float64)


def average_precision(found: ArrayLike, true: ArrayLike, ious: Sequence[float] = IOUS) -> Doubles:
    """Return the average precision (T,) of one query's spans, best first, at each threshold; the first `MAX_FOUND` count.

    Every true span is found once, by the best-placed span that reaches the threshold; precision is interpolated (VOC 2011).
    Raises InputError as `checked` does, and where there is no true span.
    """
    table = overlaps(checked(found)[:MAX_FOUND], true)
    if not table.shape[1]:
        raise InputError("Average precision needs a true span.")
    return np.array([_precision(_matched(table, iou), table.shape[1]) for iou in ious])


def start_errors(found: Sequence[ArrayLike], true: Sequence[ArrayLike]) -> Doubles:
    """Return for each query (Q,) how many seconds the first span found begins from the start of the true one that it overlaps most.

    Where it overlaps none, the true span with the nearest start counts; without a span found it is infinite. Raises InputError as `checked` does.
    """
    errors = []
    for spans, goal in zip(found, true, strict=True):
        first, goals = checked(spans)[:1], checked(goal)
        away = np.abs(goals[:, 0] - first[:, 0]) if len(first) else np.full(max(1, len(goals)), np.inf)
        shared = overlaps(first, goals)
        errors.append(float(away[shared.argmax()] if shared.any() else away.min()))
    return np.array(errors)


def checked(spans: ArrayLike) -> Doubles:
    """Return `spans` (P, 2) as float64. Raises InputError for another shape, times that are not finite, and ends before starts."""
    wide = np.asarray(spans, np.float64).reshape(-1, 2) if np.size(spans) == 0 else np.asarray(spans, np.float64)
    if wide.ndim != 2 or wide.shape[1] != 2 or not np.isfinite(wide).all() or (wide[:, 1] < wide[:, 0]).any():
        raise InputError("A span is its start and its end in seconds, finite and in this order.")
    return wide


def _best(table: Doubles) -> float:
    return float(table.max()) if table.size else 0.0


def _matched(table: Doubles, iou: float) -> NDArray[np.bool_]:
    """Return which spans (P,) find a true span that none before them has found, by their overlaps (P, G)."""
    taken = np.zeros(table.shape[1], bool)
    matched = np.zeros(len(table), bool)
    for place, row in enumerate(table):
        free = np.where(taken, -1.0, row)
        if free.max() >= iou:
            matched[place] = taken[free.argmax()] = True
    return matched


def _precision(matched: NDArray[np.bool_], num_true: int) -> float:
    """Return the area below the interpolated precision."""
    right = np.cumsum(matched)
    precision = right / np.arange(1, len(matched) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[matched].sum() / num_true)
