"""Retrieval metrics on scores: how well do relevant clips rise to the top of each query's ranking?

Conventions: `scores` (Q, N) float, higher is better; `relevant` (Q, N) boolean; `Q` queries, `N` clips. Ties are broken
against the system (an irrelevant clip with the same score ranks first), so a constant scorer gains nothing. Every query
needs at least one relevant clip. Non-finite scores are an error, never a rank.

Metrics: average precision, AP = 1/|R| Σ_{r ∈ R} precision at r's rank; AP@k, the same over the first k ranks, divided by what could be
reached there, min(|R|, k); recall at k in the field's sense, R@k = is any relevant clip among the first k; precision at k, P@k =
hits among the first k / k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError

BoolArray = NDArray[np.bool_]
Scores = NDArray[np.floating]


def validate(scores: Scores, relevant: BoolArray) -> None:
    """Raise InputError unless both are (Q, N), scores are finite and each query has a relevant clip."""
    if scores.ndim != 2 or scores.shape != relevant.shape:
        raise InputError(f"scores {scores.shape} and relevant {relevant.shape} must both be (queries, clips).")
    if not np.isfinite(scores).all():
        raise InputError("Scores must be finite; a NaN has no rank.")
    if not relevant.any(axis=1).all():
        raise InputError(f"Query {int(np.argmin(relevant.any(axis=1)))} has no relevant clip.")


def ranked_relevance(scores: Scores, relevant: BoolArray) -> BoolArray:
    """Return `relevant` (Q, N) with each row in rank order, best first, ties pessimistic."""
    validate(scores, relevant)
    order = np.lexsort((relevant, -scores), axis=1)  # the last key sorts first; False before True inside a tie
    return np.take_along_axis(relevant, order, axis=1)


def average_precision(scores: Scores, relevant: BoolArray) -> NDArray[np.float64]:
    """Return AP (Q,) of each query over the whole ranking; its mean is mAP."""
    ranked = ranked_relevance(scores, relevant)
    precision = np.cumsum(ranked, axis=1) / np.arange(1, ranked.shape[1] + 1)
    mean: NDArray[np.float64] = (precision * ranked).sum(axis=1) / ranked.sum(axis=1)
    return mean


def precision_at(scores: Scores, relevant: BoolArray, k: int) -> NDArray[np.float64]:
    """Return P@k (Q,): the share of relevant clips among the first k. Raises InputError unless 1 <= k <= N."""
    if not 1 <= k <= scores.shape[1]:
        raise InputError(f"k must be between 1 and the number of clips, {scores.shape[1]}; it is {k}.")
    share: NDArray[np.float64] = ranked_relevance(scores, relevant)[:, :k].mean(axis=1)
    return share


def average_precision_at(scores: Scores, relevant: BoolArray, k: int) -> NDArray[np.float64]:
    """Return AP@k (Q,); its mean is mAP@k.

    With one relevant clip it is 1 / rank up to rank k, as in DCASE's text-to-audio task; with the five captions of a clip it is
    the audio-to-text figure of Mei et al. and WavText5K, which divides by five. Raises InputError unless k is at least 1.
    """
    if k < 1:
        raise InputError(f"k must be at least 1; it is {k}.")
    ranked = ranked_relevance(scores, relevant)
    top = ranked[:, :k]
    precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return np.asarray((precision * top).sum(axis=1) / np.minimum(ranked.sum(axis=1), k), np.float64)


def recall_at(scores: Scores, relevant: BoolArray, k: int) -> NDArray[np.float64]:
    """Return R@k (Q,): 1 where any relevant clip is among the first k (all, if there are fewer), else 0. Raises InputError unless k is at least 1."""
    if k < 1:
        raise InputError(f"k must be at least 1; it is {k}.")
    return np.asarray(ranked_relevance(scores, relevant)[:, :k].any(axis=1), np.float64)
