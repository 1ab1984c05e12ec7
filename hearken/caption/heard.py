"""What a captioner reads of a sound: the vectors of a dual encoder, a few of them, in a fixed order.

Where a model looks at a sound at two scales, the longer windows alone are read: the short ones behind each other would say the same
again, and hold less of what goes on.

Legend: `D` embedding size, `N` windows, `S` places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hearken.types import Embedded, FloatArray, Span

MAX_WINDOWS = 16
"""Window vectors behind the clip's own; longer sounds are thinned out evenly."""


@dataclass(frozen=True)
class MadeCaption:
    """A caption that a machine wrote. `score` says how sure it was, by its own measure: the higher, the surer."""

    text: str
    score: float


def heard_of(vectors: Embedded, max_windows: int = MAX_WINDOWS) -> FloatArray:
    """Return the places (S, D) of a sound: the clip's vector, then at most `max_windows` of the windows', evenly chosen, in order of time."""
    windows = vectors.windows[first_long(vectors.spans) :]
    chosen = evenly(len(windows), max_windows)
    return np.concatenate([vectors.clip[None], windows[chosen]]).astype(np.float32, copy=False)


def first_long(spans: Sequence[Span]) -> int:
    """Return where the longer windows of a sound begin: at the second one that starts where the first does; 0 where there is one scale."""
    starts = [span.start_s for span in spans]
    return starts.index(starts[0], 1) if starts[:1] and starts[0] in starts[1:] else 0


def evenly(count: int, most: int) -> list[int]:
    """Return at most `most` of the numbers 0 to `count` - 1, the first and the last of them included, evenly apart."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count // 2]
    return [round(place * (count - 1) / (most - 1)) for place in range(most)]


def stretches(vectors: Embedded, duration_s: float, every_s: float) -> list[tuple[Span, Embedded]]:
    """Cut a sound of `duration_s` seconds into stretches of `every_s`; a rest of less than half of that goes with the last one.

    A stretch has the (longer) windows whose middle lies in it, or else the one window nearest to its own middle, and their mean as its
    clip vector. A sound shorter than that is one stretch with the vectors that it has.
    """
    count = max(1, int(duration_s / every_s + 0.5))
    if count == 1:
        return [(Span(0.0, duration_s), vectors)]
    bounds = [place * every_s for place in range(count)] + [duration_s]
    first = first_long(vectors.spans)
    middles = np.array([(span.start_s + span.end_s) / 2 for span in vectors.spans[first:]])
    cut = []
    for start_s, end_s in pairwise(bounds):
        inside = np.flatnonzero((middles >= start_s) & (middles < end_s))
        if not len(inside):
            inside = np.array([np.argmin(np.abs(middles - (start_s + end_s) / 2))])
        cut.append((Span(start_s, end_s), _part(vectors, first + inside)))
    return cut


def _part(vectors: Embedded, inside: np.ndarray) -> Embedded:
    windows = vectors.windows[inside]
    mean = windows.mean(axis=0)
    length = float(np.linalg.norm(mean))
    clip = (mean / length).astype(np.float32) if length > 0 else windows[0]
    return Embedded(clip, windows, tuple(vectors.spans[place] for place in inside))
