"""Retrieval metrics as one would write them down: one query at a time, with lists. What the fast ones are held against.

`ranked` is what a query finds, best first: a pair of grade and whether it is relevant for each item.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def ranking(scores: Sequence[float], relevant: Sequence[bool], grades: Sequence[float] | None = None) -> list[tuple[float, bool]]:
    """Sort by score; among equal ones the irrelevant and the less relevant first."""
    worth = [float(hit) for hit in relevant] if grades is None else list(grades)
    order = sorted(range(len(scores)), key=lambda item: (-scores[item], worth[item], relevant[item]))
    return [(worth[item], bool(relevant[item])) for item in order]


def precisions(ranked: list[tuple[float, bool]], k: int) -> float:
    total = 0.0
    for place in range(1, min(k, len(ranked)) + 1):
        if ranked[place - 1][1]:
            total += sum(hit for _, hit in ranked[:place]) / place
    return total


def count(ranked: list[tuple[float, bool]]) -> int:
    return sum(hit for _, hit in ranked)


def mean_average_precision(ranked: list[tuple[float, bool]]) -> float:
    return precisions(ranked, len(ranked)) / count(ranked)


def average_precision_reachable(ranked: list[tuple[float, bool]], k: int) -> float:
    return precisions(ranked, k) / min(count(ranked), k)


def average_precision_relevant(ranked: list[tuple[float, bool]], k: int) -> float:
    return precisions(ranked, k) / count(ranked)


def recall_any(ranked: list[tuple[float, bool]], k: int) -> float:
    return float(any(hit for _, hit in ranked[:k]))


def recall_fraction(ranked: list[tuple[float, bool]], k: int) -> float:
    return count(ranked[:k]) / count(ranked)


def precision(ranked: list[tuple[float, bool]], k: int) -> float:
    return count(ranked[:k]) / k


def first(ranked: list[tuple[float, bool]]) -> float:
    return 1.0 + next(place for place, (_, hit) in enumerate(ranked) if hit)


def reciprocal(ranked: list[tuple[float, bool]]) -> float:
    return 1.0 / first(ranked)


def reciprocal_at(ranked: list[tuple[float, bool]], k: int) -> float:
    return reciprocal(ranked) if first(ranked) <= k else 0.0


def ndcg(ranked: list[tuple[float, bool]], k: int) -> float:
    def gain(found: list[tuple[float, bool]]) -> float:
        return sum(grade / math.log2(place + 1) for place, (grade, _) in enumerate(found[:k], start=1))

    return gain(ranked) / gain(sorted(ranked, reverse=True))
