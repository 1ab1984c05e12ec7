"""Values of single queries from the ranks of what is relevant to them; a figure is the mean of these (of `first_rank`, also the median).

Conventions: ranks count from 1, ties are broken against the system (`metrics/ranks.py`). Every function returns (Q,) float64.

From lists of the first `depth` items (`Ranks.depth`) only that is known which those lists show. What would need more is an error, never a
guess: an item outside a list of 10 may stand at 11 or at 11 000.

Legend: `Q` queries, R the set of items that are relevant to a query, r_i the i-th smallest of their ranks.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.ranks import Ranks
from hearken.metrics.relevance import IntArray

Values = NDArray[np.float64]
Divisor = Literal["reachable", "relevant"]
RecallKind = Literal["any", "fraction"]


def average_precision_at(ranks: Ranks, k: int, divisor: Divisor = "reachable") -> Values:
    """Return AP@k = Σ i / r_i over the r_i <= k, divided by |R| ("relevant") or by what k places can hold, min(|R|, k) ("reachable").

    With one relevant item it is 1 / rank up to rank k, whatever the divisor (DCASE's `eval_script.py`). With the five captions of a clip
    and "relevant" it is the audio-to-text figure of Mei et al. (`tools/utils.py`), with 5 for |R|. Raises InputError unless
    1 <= k, and where k is beyond the lists.
    """
    _check_k(ranks, k)
    most = ranks.num_relevant if divisor == "relevant" else np.minimum(ranks.num_relevant, k)
    seen = ranks.values <= k
    return _sums(ranks, np.where(seen, ranks.places / np.maximum(ranks.values, 1), 0.0)) / most


def average_precision(ranks: Ranks) -> Values:
    """Return AP = Σ i / r_i / |R| over the whole ranking; its mean is mAP. Raises InputError where the ranking is not complete."""
    _check_complete(ranks, "mAP")
    return _sums(ranks, ranks.places / np.maximum(ranks.values, 1)) / ranks.num_relevant


def recall_at(ranks: Ranks, k: int, kind: RecallKind = "any") -> Values:
    """Return R@k: 1 where any relevant item is among the first k, else 0 ("any", the field's usual sense), or which share of R is ("fraction").

    "fraction" is that of the DCASE 2023 baseline (`xmodal_retrieval.py`): with five captions a clip, R@1 is 0.2 at best. A k
    beyond the number of items means all of them. Raises InputError unless 1 <= k, and where k is beyond the lists.
    """
    _check_k(ranks, k)
    hits = _hits(ranks, k)
    return np.asarray(hits > 0, np.float64) if kind == "any" else hits / ranks.num_relevant


def precision_at(ranks: Ranks, k: int) -> Values:
    """Return P@k, the share of the first k that is relevant. Raises InputError unless 1 <= k <= N, and where k is beyond the lists."""
    if not 1 <= k <= ranks.num_items:
        raise InputError(f"k must be between 1 and the number of items, {ranks.num_items}; it is {k}.")
    _check_k(ranks, k)
    return _hits(ranks, k) / k


def reciprocal_rank(ranks: Ranks, k: int | None = None) -> Values:
    """Return 1 / r_1; with `k`, 0 where r_1 > k. The mean is MRR (MRR@k).

    Raises InputError unless 1 <= k, where k is beyond the lists, and without k where the ranking is not complete.
    """
    if k is None:
        _check_complete(ranks, "MRR")
    else:
        _check_k(ranks, k)
    first = np.flatnonzero(ranks.places == 1)
    values = np.zeros(ranks.num_queries)
    values[ranks.queries[first]] = 1 / ranks.values[first]
    if k is not None:
        values[_hits(ranks, k) == 0] = 0.0
    return values


def first_rank(ranks: Ranks) -> Values:
    """Return r_1, the rank of the best relevant item: medR is the median of it and meanR the mean (Mei et al., `tools/utils.py`).

    Raises InputError where the ranking is not complete.
    """
    _check_complete(ranks, "The rank of the first relevant item")
    return ranks.values[ranks.starts[:-1]].astype(np.float64)


def _check_k(ranks: Ranks, k: int) -> None:
    if k < 1:
        raise InputError(f"k must be at least 1; it is {k}.")
    if ranks.depth is not None and k > ranks.depth and not ranks.is_complete:
        raise InputError(f"The first {k} cannot be judged from lists of {ranks.depth}.", f"Ask for at most {ranks.depth}.")


def _check_complete(ranks: Ranks, what: str) -> None:
    if not ranks.is_complete:
        missing = int(ranks.num_relevant.sum()) - len(ranks.values)
        raise InputError(
            f"{what} needs the rank of all that is relevant, and {missing} of them are not in the lists of {ranks.depth}.",
            f"Ask for figures @{ranks.depth} and below, or give scores of all items.",
        )


def _hits(ranks: Ranks, k: int) -> IntArray:
    return np.bincount(ranks.queries[ranks.values <= k], minlength=ranks.num_queries).astype(np.int64)


def _sums(ranks: Ranks, values: Values) -> Values:
    """Sums of the values (one a rank) of each query, added in the order of ranks."""
    return np.asarray(np.bincount(ranks.queries, weights=values, minlength=ranks.num_queries), np.float64)
