"""Sounds in a row: where in a file 'a dog barks, then a door slams' happens, and whether it is that way round.

Every part of what is told gets a score at every moment of a file (`scores.py`), of which `WHOLE_SHARE` is that of the whole text. A
*placing* gives each part a moment, each later than the one before and none more than `MAX_STEP_S` later; the best is found by dynamic
programming, where every second between two parts costs `GAP_COST_PER_S`. What a file is worth is the mean score of the placed parts and their
*lead*: how much more the told order explains around there than the nearest other one, in which two neighbours are swapped. For the lead
all placings count, softly, as in the forward algorithm of hidden Markov models (Rabiner 1989, section III.A): a best placing
alone says little where a sound lasts.

The numbers were chosen on pairs composed of training sounds, with the tag bridge, which had learnt none of their captions: see
`benchmarks/bench_order.py` for what they do to other sounds.

Legend: `P` parts in the order told, `N` moments of one file in order of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hearken.library.records import DoubleArray
from hearken.types import FloatArray

WHOLE_SHARE = 0.3
SOFTNESS = 0.1
MAX_STEP_S = 20.0
GAP_COST_PER_S = 0.01
"""Without it, two parts are found minutes of other sounds apart in a long recording."""
MAX_LEAD = 0.1
"""No lead is more, so that a sound with all parts in another order stays above one with none of them."""
AROUND_S = 5.0
"""The lead is judged by the placing and this much sound before and behind it."""


@dataclass(frozen=True)
class Placing:
    """A moment for each part: `places` (P,) into the moments, with the `mean` of their scores, and the `lead` over other orders."""

    places: tuple[int, ...]
    mean: float
    lead: float

    @property
    def worth(self) -> float:
        """The score of a file with this placing."""
        return self.mean + self.lead


def best_placing(parts: FloatArray, whole: FloatArray, middles_s: DoubleArray) -> Placing:
    """Return the best placing of parts with scores (P, N), P and N > 0, at moments with `middles_s` (N,), ascending.

    `whole` (N,) are the scores of the whole text. A sound of fewer moments than parts may have several of them in one, and tells nothing of
    their order: the lead is 0 then. Where no moments are left (scores of -inf), the mean is -inf.
    """
    num_parts, num_moments = parts.shape
    step = 1 if num_moments >= num_parts else 0
    reach, costs = _reach(middles_s), GAP_COST_PER_S * num_parts * middles_s
    mixed = WHOLE_SHARE * whole.astype(np.float64) + (1 - WHOLE_SHARE) * parts
    totals = [mixed[0] + costs]
    for scores in mixed[1:-1]:
        totals.append(scores + _best_before(totals[-1], reach, step))
    totals.append(mixed[-1] - costs + _best_before(totals[-1], reach, step))
    if not np.isfinite(totals[-1].max()):
        return Placing((0,) * num_parts, -np.inf, 0.0)
    places = [int(totals[-1].argmax())]
    for total in reversed(totals[:-1]):
        first, stop = max(0, places[0] - reach), places[0] + 1 - step
        places.insert(0, first + int(total[first:stop].argmax()))
    mean = float(mixed[np.arange(num_parts), places].mean())
    return Placing(tuple(places), mean, lead(parts[:, around(places, middles_s)]) if step else 0.0)


def placings(parts: FloatArray, whole: FloatArray, middles_s: DoubleArray, most: int) -> Iterator[Placing]:
    """Yield up to `most` placings that do not overlap in time, best first; the arguments are those of `best_placing`."""
    left = parts.astype(np.float32, copy=True)
    for _ in range(most):
        found = best_placing(left, whole, middles_s)
        if not np.isfinite(found.mean):
            return
        yield found
        left[:, found.places[0] : found.places[-1] + 1] = -np.inf


def around(places: list[int] | tuple[int, ...], middles_s: DoubleArray) -> slice:
    """Return the moments from `AROUND_S` before the first of `places` to as much behind the last."""
    first = np.searchsorted(middles_s, middles_s[places[0]] - AROUND_S, side="left")
    stop = np.searchsorted(middles_s, middles_s[places[-1]] + AROUND_S, side="right")
    return slice(int(first), int(stop))


def lead(parts: FloatArray) -> float:
    """Return by how much a part's score (P, N) is better on average in the order told than in the best order with two neighbours swapped.

    It is never beyond `MAX_LEAD`, up or down.
    """
    num_parts = len(parts)
    if not 1 < num_parts <= parts.shape[1]:
        return 0.0
    told = _evidence(parts)
    others = []
    for place in range(num_parts - 1):
        order = np.arange(num_parts)
        order[[place, place + 1]] = order[[place + 1, place]]
        others.append(_evidence(parts[order]))
    return float(np.clip(SOFTNESS * (told - max(others)) / num_parts, -MAX_LEAD, MAX_LEAD))


def _evidence(parts: FloatArray) -> float:
    """Return the logarithm of the sum over all placings in this order of exp(sum of scores / `SOFTNESS`), but for a constant of the file."""
    weights = np.exp((parts.astype(np.float64) - parts.max(axis=1, keepdims=True)) / SOFTNESS)
    ways = weights[0]
    for each in weights[1:]:
        ways = each * np.append(0.0, np.cumsum(ways)[:-1])
    return float(np.log(np.maximum(ways.sum(), np.finfo(np.float64).tiny)))


def _reach(middles_s: DoubleArray) -> int:
    """Return how many moments on a part may be from the one before."""
    if len(middles_s) < 2:
        return 0
    return max(1, int(MAX_STEP_S / max(1e-3, float(middles_s[1] - middles_s[0]))))


def _best_before(totals: DoubleArray, reach: int, step: int) -> DoubleArray:
    """Return for every moment the best of the `totals` (N,) from `reach` to `step` moments before it; -inf where there is none."""
    best = np.concatenate([np.full(reach, -np.inf), totals])
    width = 1
    while 2 * width <= reach + 1 - step:
        best = np.maximum(best[: len(best) - width], best[width:])
        width *= 2
    rest = reach + 1 - step - width
    best = np.maximum(best[: len(best) - rest], best[rest:]) if rest else best
    return best[: len(totals)]
