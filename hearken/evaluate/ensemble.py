"""Several systems together: the mean of their scores, or a weighted mean.

The winners of DCASE's language-based retrieval do so: the mean of the cosines of several models, as OptimusPrimus/salsa takes it for its
targets (experiments/ex_dcase24.py, 983b450: unit vectors, products, the mean over models). Cosines of one model may all lie
between 0.1 and 0.3, of another between -0.5 and 0.9: the second then decides. `Scale` says what is done about that.

Legend: `Q` queries, `N` items, `K` members, `B` rows of a block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.task import Task
from hearken.metrics.scores import Scores

Scaling = Literal["none", "z", "softmax"]
_BLOCK_SCORES = 1 << 22
_SUM_TO_ONE = 1e-6


@dataclass(frozen=True)
class Scale:
    """What is done to the scores of each member before they are added.

    `none`: nothing, as the winners do. `z`: all scores of a member, over all queries and items, get mean 0 and deviation 1, so that every
    member has the same say; in its own ranking nothing changes. `softmax`: each row becomes shares of 1, exp(s / `temperature`), so a member
    that is sure of a query has more say there. It is taken over what is ranked: over clips for a query, over queries for a clip.
    """

    kind: Scaling = "none"
    temperature: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in ("none", "z", "softmax"):
            raise EvaluationError(f"{self.kind!r} is no scale of scores.", "Known: none, z, softmax.")
        if not (math.isfinite(self.temperature) and self.temperature > 0.0):
            raise EvaluationError(f"The temperature of softmax is above 0, not {self.temperature:g}.")


@dataclass(frozen=True, eq=False)
class Member:
    """A system of an ensemble: what it is called, what it was asked, what it answered."""

    name: str
    task: Task
    scores: Scores


@dataclass(frozen=True, eq=False)
class ZScores(Scores):
    """`part` (Q, N) less `mean`, divided by `deviation`."""

    part: Scores
    mean: float
    deviation: float

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return self.part.shape

    def rows(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the scores (B, N) of some queries."""
        return np.asarray((self.part.rows(start, stop).astype(np.float64) - self.mean) / self.deviation, np.float64)

    def transposed(self) -> ZScores:
        """Return the scores the other way about."""
        return ZScores(self.part.transposed(), self.mean, self.deviation)


@dataclass(frozen=True, eq=False)
class SoftmaxScores(Scores):
    """Shares of 1 in each row of `part` (Q, N): exp(s / temperature), divided by the row's sum."""

    part: Scores
    temperature: float

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return self.part.shape

    def rows(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the shares (B, N) of some queries."""
        found = self.part.rows(start, stop).astype(np.float64) / self.temperature
        found -= found.max(axis=1, keepdims=True)
        np.exp(found, out=found)
        return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)

    def transposed(self) -> SoftmaxScores:
        """Return the shares the other way about: those of each item's row, not the same numbers."""
        return SoftmaxScores(self.part.transposed(), self.temperature)


@dataclass(frozen=True, eq=False)
class WeightedScores(Scores):
    """The weighted mean of `parts` (K of them, each (Q, N)): `weights` (K) are not negative and sum to 1.

    Of each part, a block of rows is asked for and added, then forgotten. Parts of weight 0 are not asked at all. Raises EvaluationError for other
    weights and for parts of different shapes.
    """

    parts: tuple[Scores, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        check_weights(self.weights, len(self.parts))
        shapes = {part.shape for part in self.parts}
        if len(shapes) > 1:
            raise EvaluationError(f"Systems of one ensemble have scores of one shape, not {', '.join(map(str, sorted(shapes)))}.")

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, N)."""
        return self.parts[0].shape

    def rows(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the scores (B, N) of some queries."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        total = np.zeros((max(0, stop - start), self.shape[1]))
        for part, weight in zip(self.parts, self.weights, strict=True):
            if weight > 0.0:
                total += weight * part.rows(start, stop)
        return total

    def transposed(self) -> WeightedScores:
        """Return the scores the other way about."""
        return WeightedScores(tuple(part.transposed() for part in self.parts), self.weights)


class MeanScores(WeightedScores):
    """The mean of `parts`."""

    def __init__(self, parts: Sequence[Scores]) -> None:
        if not parts:
            raise EvaluationError("An ensemble has at least one system.")
        super().__init__(tuple(parts), (1.0 / len(parts),) * len(parts))


def ensemble(members: Sequence[Member], weights: Sequence[float] | None = None, scale: Scale | None = None) -> WeightedScores:
    """Return the scores of `members` together: their mean, or with `weights` (K) a weighted one; each scaled by `scale` (default: none).

    Raises EvaluationError where there is no member, where they were not asked the same (it says what differs), and for weights that
    are negative or do not sum to 1.
    """
    check_members(members)
    parts = tuple(scaled(member.scores, scale or Scale()) for member in members)
    return MeanScores(parts) if weights is None else WeightedScores(parts, tuple(weights))


def scaled(scores: Scores, scale: Scale) -> Scores:
    """Return `scores` (Q, N) as `scale` says. Raises EvaluationError for `z` where all scores are equal, or one is not finite."""
    if scale.kind == "none":
        return scores
    if scale.kind == "softmax":
        return SoftmaxScores(scores, scale.temperature)
    mean, deviation = _moments(scores)
    if not (math.isfinite(mean) and math.isfinite(deviation) and deviation > 0.0):
        raise EvaluationError("Scores that are all equal, or not finite, have no deviation to divide by.", "Leave that system out.")
    return ZScores(scores, mean, deviation)


def check_members(members: Sequence[Member]) -> None:
    """Raise EvaluationError unless all members were asked the same, and answered it all; the message names the first difference."""
    if not members:
        raise EvaluationError("An ensemble has at least one system.")
    first = members[0]
    for member in members:
        wanted = (len(member.task.queries), len(member.task.clips))
        if member.scores.shape != wanted:
            raise EvaluationError(f"{show(member.name)} has scores {member.scores.shape} for a task of {wanted}.")
        if member.task.digest != first.task.digest:
            raise EvaluationError(
                f"{show(first.name)} and {show(member.name)} were not asked the same: {_difference(first.task, member.task)}.",
                "Evaluate both on one corpus, with the same clips.",
            )


def check_weights(weights: Sequence[float], num: int) -> None:
    """Raise EvaluationError unless there are `num` weights, none negative, that sum to 1."""
    if not num or len(weights) != num:
        raise EvaluationError(f"There are {len(weights)} weights for {num} systems.")
    if not all(math.isfinite(weight) and weight >= 0.0 for weight in weights) or abs(sum(weights) - 1.0) > _SUM_TO_ONE:
        told = ", ".join(f"{weight:g}" for weight in weights)
        raise EvaluationError(f"Weights are not negative and sum to 1; these are {told}.")


def _difference(ours: Task, theirs: Task) -> str:
    for what, first, second in (("clip", ours.clips, theirs.clips), ("query", ours.queries, theirs.queries)):
        for number, (one, other) in enumerate(zip(first, second, strict=False)):
            if one != other:
                return f"{what} {number} is {show(one)!r} here and {show(other)!r} there"
        if len(first) != len(second):
            return f"one has {len(first)} and the other {len(second)} of {what}s".replace("querys", "queries")
    return "other clips answer the queries"


def _moments(scores: Scores) -> tuple[float, float]:
    """Mean and deviation of all scores, block by block: of each block the mean and the squares around it, added after Chan et al. (1979)."""
    num_queries, num_items = scores.shape
    step, total, mean, squares = max(1, _BLOCK_SCORES // max(1, num_items)), 0, 0.0, 0.0
    for start in range(0, num_queries, step):
        part = scores.rows(start, min(start + step, num_queries)).astype(np.float64)
        here = float(part.mean())
        squares += float(((part - here) ** 2).sum()) + (here - mean) ** 2 * total * part.size / (total + part.size)
        mean += (here - mean) * part.size / (total + part.size)
        total += part.size
    return mean, math.sqrt(squares / max(1, total))
