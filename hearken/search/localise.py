"""From the moments of a file to the seconds at which something happens.

An event is around its best moment as far as the moments resemble it. What they are compared with is the query, moved toward the vector
of that best moment and away from what the file sounds like as a whole: two sounds of one dog are more alike than a dog and the word, and
what is always there tells no time. Around the peak, moments belong to the event while their score stays above a level between what is
usual in the file and the peak. Moments overlap, so the score falls from one to the next while the event leaves the window; where
it crosses the level, by a straight line between the middles of two moments, the event begins or ends. Pauses up to `PAUSE_S`
belong to it: a dog that barks on and off barks.

The numbers were chosen on scenes composed of training sounds and on training clips one behind the other; `benchmarks/bench_moments.py`
measures what they do to others.

Legend: `N` moments of one file, in order of time; `D` embedding size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hearken.library.records import DoubleArray, HalfArray
from hearken.library.scoring import inner_products
from hearken.types import FloatArray, Span

PAUSE_S = 1.3
RESEMBLANCE_WEIGHT = 1.0
"""How much likeness to the best moment counts against likeness to the query."""
LEVEL = 0.4
"""How far up from the usual score to the peak an event begins."""
USUAL_QUANTILE = 0.25
LEAST_CONTRAST = 0.25
"""A peak that stands out less counts as if it stood out so much: then most of the file, or all of it, is the event."""
BLUR_S = 0.25
"""How much too early an event seems to begin, and too late to end, because windows that it only touches resemble it as well."""
LEAST_S = 0.5
MAX_MOMENTS = 20_000  # looked at around the best moment, more than three hours: what is usual changes in a day of sound


class Bounds(NamedTuple):
    """Seconds that an event may not exceed, because another one is beyond."""

    low_s: float = -np.inf
    high_s: float = np.inf


def event_span(own: FloatArray, vectors: HalfArray, spans: DoubleArray, first: int, last: int, bounds: Bounds | None = None) -> Span:
    """Return when the event happens whose best moments are `first` to `last`, within `bounds`.

    `own` (N,) are the cosines with the query of moments with `vectors` (N, D) and `spans` (N, 2) in seconds.
    """
    best = first + int(own[first : last + 1].argmax())
    low, high = max(0, min(first, best - MAX_MOMENTS // 2)), max(last + 1, best + MAX_MOMENTS // 2)
    near = slice(low, high)
    scores = own[near] + RESEMBLANCE_WEIGHT * _resemblance(vectors[near], best - low)
    return _span_of(scores, spans[near], slice(first - low, last + 1 - low), bounds or Bounds())


def _resemblance(vectors: HalfArray, best: int) -> FloatArray:
    """Return how much more moments (N,) are like the best one than like all of them; a constant is left out, which changes no edge."""
    towards = vectors[best].astype(np.float32) - vectors.mean(axis=0, dtype=np.float32)
    found: FloatArray = inner_products(vectors, towards[None])[0]
    return found


def _span_of(scores: FloatArray, spans: DoubleArray, among: slice, bounds: Bounds) -> Span:
    """Return the span around those moments `among` all that reach the level, by `scores` (N,)."""
    middles, peak = spans.mean(axis=1), float(scores[among].max())
    low = int(USUAL_QUANTILE * (len(scores) - 1))
    contrast = peak - float(np.partition(scores, low)[low])
    level = peak - (1 - LEVEL) * max(contrast, LEAST_CONTRAST)
    above = among.start + np.flatnonzero(scores[among] >= level)
    begin = _edge(scores, middles, int(above[0]), level, -1)
    end = _edge(scores, middles, int(above[-1]), level, +1)
    start_s = float(spans[0, 0]) if begin is None else begin + BLUR_S
    end_s = float(spans[:, 1].max()) if end is None else end - BLUR_S
    start_s, end_s = max(start_s, bounds.low_s), min(end_s, bounds.high_s)
    if end_s - start_s < LEAST_S:
        return _at_least(start_s, end_s, float(spans[0, 0]), float(spans[:, 1].max()))
    return Span(start_s, end_s)


def _edge(scores: FloatArray, middles: DoubleArray, place: int, level: float, step: int) -> float | None:
    """Return when the moments fall below `level` for longer than a pause, going by `step` from `place`; None if they do not."""
    edge = place
    for other in range(place + step, len(scores) if step > 0 else -1, step):
        if scores[other] >= level:
            edge = other
        elif abs(middles[other] - middles[edge]) > PAUSE_S:
            break
    beyond = edge + step
    if not 0 <= beyond < len(scores):
        return None
    share = (scores[edge] - level) / (scores[edge] - scores[beyond])
    return float(middles[edge] + share * (middles[beyond] - middles[edge]))


def _at_least(start_s: float, end_s: float, first_s: float, last_s: float) -> Span:
    """Return a span of `LEAST_S` around the middle of another one, moved into the sound; all of a sound that is shorter."""
    length_s = min(LEAST_S, last_s - first_s)
    start_s = min(max((start_s + end_s - length_s) / 2, first_s), last_s - length_s)
    return Span(start_s, start_s + length_s)
