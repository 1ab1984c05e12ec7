"""Weights of an ensemble, found on validation: which shares of the members make the best mean.

The search is deterministic. It begins at equal weights and looks in each round at all weights that one step leads to: some weight more
for one member and less for the others in proportion, the other way about, or a member alone. It goes to the best of them, halves the step where
none is better, and ends when the step is small. With a few members that finds what a fine grid over all weights does, in some
ten passes over the scores.

What is gained where the weights were found is flattering: they were chosen for it. The figure that counts is that on test, once.

Legend: `Q` queries, `K` members, `W` weightings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.ensemble import Member, Scale, check_members, scaled
from hearken.evaluate.task import Task
from hearken.metrics.compare import Comparison, paired
from hearken.metrics.confidence import Interval, bootstrap
from hearken.metrics.definitions import Definition, definition, values_of
from hearken.metrics.ranks import ranks_of
from hearken.metrics.scores import Scores, TableScores
from hearken.types import Progress, silent

Weights = tuple[float, ...]
FloatArray = NDArray[np.float64]
_BLOCK_SCORES = 1 << 22
_STEPS = (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625)
_MOST_ROUNDS = 50
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Fitted:
    """The `weights` (K) of `members`, and what they do on validation: `figure` of the weighted mean, `plain` of the plain one, `singles` of
    each member, all by `metric`; query by query, `gain` compares the weighted mean with the plain one, `over_best` with the best member alone.
    `rounds` says how many passes over the scores it took.

    `warning` says what nothing proves: that the weights are better than the plain mean, or than one member; "" where both are proven.
    """

    members: tuple[str, ...]
    weights: Weights
    metric: str
    figure: Interval
    plain: Interval
    singles: tuple[Interval, ...]
    gain: Comparison
    over_best: Comparison
    rounds: int
    warning: str


def fit_weights(
    members: Sequence[Member],
    by: Definition | None = None,
    *,
    test: Task | None = None,
    metric: str = "mAP@10",
    scale: Scale | None = None,
    seed: int = 0,
    on_progress: Progress = silent,
) -> Fitted:
    """Return the weights with which the members' weighted mean has the highest `metric` on the members' task, text to audio.

    `by` is the definition of the metric (default: `any-of-n`), `test` what the ensemble is to be tested on, which must share no clip with
    the members' task; `seed` is that of the intervals alone. Raises EvaluationError for fewer than two members, for members that were not asked
    the same, and for a `test` that shares clips; InputError for a metric that does not exist.
    """
    check_members(members)
    if len(members) < 2:
        raise EvaluationError("One system has no weights to fit.", "Name two systems or more.")
    task = members[0].task
    if test is not None:
        check_apart(task, test)
    search = _Search(
        tuple(scaled(member.scores, scale or Scale()) for member in members), task, by or definition("any-of-n"), metric, on_progress
    )
    weights, rounds = search.best()
    plain = (1.0 / len(members),) * len(members)
    alone = [tuple(float(place == number) for place in range(len(members))) for number in range(len(members))]
    ours, theirs, *each = search.values([weights, plain, *alone])
    best = int(np.argmax([values.mean() for values in each]))
    gain, over_best = (paired(ours, others, task.owners, seed=seed) for others in (theirs, each[best]))
    ours_figure, plain_figure, *singles = (bootstrap(values, task.owners, seed=seed) for values in (ours, theirs, *each))
    names = tuple(member.name for member in members)
    told = (_unproven(gain, "the plain mean", metric), _unproven(over_best, f"{show(names[best])} alone", metric))
    warning = " ".join(filter(None, told))
    return Fitted(names, weights, metric, ours_figure, plain_figure, tuple(singles), gain, over_best, rounds, warning)


def check_apart(validation: Task, test: Task) -> None:
    """Raise EvaluationError where weights would be fitted on what is tested.

    That is so for one and the same task, and for a clip that both have. Clips of one id are taken for the same unless they are said to lie in
    different places and have no query in common: Clotho has names that come in two splits, with different sounds.
    """
    if validation.digest == test.digest:
        raise EvaluationError(
            f"Weights must not be fitted on what is tested: {show(validation.name)} and {show(test.name)} are the same.",
            "Fit on a validation split.",
        )
    places = {clip: number for number, clip in enumerate(test.clips)}
    pairs = [(number, places[clip]) for number, clip in enumerate(validation.clips) if clip in places]
    shared = [validation.clips[ours] for ours, theirs in pairs if _is_same(validation, ours, test, theirs)]
    if shared:
        named = ", ".join(show(clip) for clip in shared[:_SHOWN])
        raise EvaluationError(
            f"Weights must not be fitted on what is tested: {show(validation.name)} and {show(test.name)} share {len(shared)} clips, as {named}.",
            "Fit on a validation split.",
        )


def _is_same(validation: Task, ours: int, test: Task, theirs: int) -> bool:
    if not (validation.paths and test.paths) or "" in (validation.paths[ours], test.paths[theirs]):
        return True
    return validation.paths[ours] == test.paths[theirs] or not _texts(validation, ours).isdisjoint(_texts(test, theirs))


def _texts(task: Task, clip: int) -> set[str]:
    return {task.queries[query] for query in task.relevance.queries[task.relevance.items == clip]}


def _unproven(gain: Comparison, over: str, metric: str) -> str:
    difference = gain.difference
    if difference.low > 0.0:
        return ""
    told = f"{100 * difference.value:+.2f} [{100 * difference.low:+.2f}, {100 * difference.high:+.2f}] points of {metric}"
    return f"Over {over} the fitted weights gain {told} where they were fitted, which includes nought."


@dataclass(eq=False)
class _Search:
    """The members' scores (K of them), and how good a weighted mean of them is."""

    parts: tuple[Scores, ...]
    task: Task
    by: Definition
    metric: str
    on_progress: Progress

    def best(self) -> tuple[Weights, int]:
        """Return the best weights found, and after how many rounds."""
        num = len(self.parts)
        here, level, rounds = (1.0 / num,) * num, 0, 0
        value = -np.inf
        while level < len(_STEPS) and rounds < _MOST_ROUNDS:
            around = [here, *_neighbours(here, _STEPS[level], alone=rounds == 0)]
            means = [float(values.mean()) for values in self.values(around)]
            number = int(np.argmax(means))  # of equal ones the first: staying comes before moving
            value = max(value, means[0])
            moved = means[number] > value
            here, value = (around[number], means[number]) if moved else (here, value)
            level, rounds = level if moved else level + 1, rounds + 1
            self.on_progress(rounds, None)
        return here, rounds

    def values(self, weightings: Sequence[Weights]) -> list[FloatArray]:
        """Return the metric's values (Q,) under each weighting (W), in one pass over the scores: a block of rows of each member at a time."""
        num_queries, num_items = self.parts[0].shape
        step = max(1, _BLOCK_SCORES // (max(1, num_items) * len(self.parts)))
        found: list[list[FloatArray]] = [[] for _ in weightings]
        for start in range(0, num_queries, step):
            stop = min(start + step, num_queries)
            blocks = [part.rows(start, stop) for part in self.parts]
            relevance = self.task.relevance.take(np.arange(start, stop))
            for values, weights in zip(found, weightings, strict=True):
                total = np.zeros(blocks[0].shape)
                for block, weight in zip(blocks, weights, strict=True):
                    if weight > 0.0:
                        total += weight * block
                values.append(np.asarray(values_of(ranks_of(TableScores(total), relevance), self.metric, self.by), np.float64))
        return [np.concatenate(values) for values in found]


def _neighbours(weights: Weights, step: float, *, alone: bool) -> list[Weights]:
    """Weights that one step leads to, in a fixed order: of each member `step` more or less, or (with `alone`) that member and no other."""
    found: list[Weights] = []
    for number in range(len(weights)):
        own = weights[number]
        targets = [own + step * (1.0 - own), own - step if own > step else 0.0, *([1.0] if alone else [])]
        found += [moved for target in targets if (moved := _with(weights, number, target)) is not None]
    return [each for each in dict.fromkeys(found) if each != weights]


def _with(weights: Weights, number: int, target: float) -> Weights | None:
    """`weights` with that of one member set, the others in proportion; None where all others are 0 and would have to share something."""
    rest = 1.0 - weights[number]
    if rest <= 0.0:
        others = len(weights) - 1
        return tuple(target if place == number else (1.0 - target) / others for place in range(len(weights)))
    return tuple(target if place == number else weight * (1.0 - target) / rest for place, weight in enumerate(weights))
