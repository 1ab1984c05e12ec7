"""What is ranked: files at their best moment, or all moments that stand out, each with the seconds at which it happens.

A file's score is that of its best window, the earliest of equals. As moments, every window counts that reaches `MOMENT_LEVEL` of the way from
the median window to the best one, with adjoining windows joined; where a model has moments and contexts, those with a pause up to
`localise.PAUSE_S` between them are joined as well, and the seconds are those of the event (`localise.py`), not of windows.

Legend: `M` rows, `G` files, `I` items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray
from hearken.library.snapshot import Snapshot
from hearken.search.localise import PAUSE_S, Bounds, event_span
from hearken.search.scope import Scope
from hearken.search.scores import Scored, rounded, spread
from hearken.types import Span

MOMENT_LEVEL = 0.6
_TOUCH_S = 1e-6  # windows with a smaller gap between them adjoin


class Items(NamedTuple):
    """Things to rank: file numbers (I,) and scores (I,), -inf for what is not wanted; `locate` tells when an item happens."""

    numbers: IntArray
    scores: DoubleArray
    locate: Callable[[int], Span]


def best_moments(scope: Scope, scored: Scored) -> Items:
    """Return one item for each file: its best window."""
    best = rounded(np.maximum.reduceat(scored.scores, scored.starts))
    total = np.where(scope.wanted[scored.numbers], best + scope.total[scored.numbers], -np.inf)

    def locate(item: int) -> Span:
        place = int(rounded(scored.scores[scored.places(item)]).argmax())
        return _span(scope.snapshot, scored, item, place, place)

    return Items(scored.numbers, total, locate)


def all_moments(scope: Scope, scored: Scored) -> Items:
    """Return one item for each run of windows of a file that stand out."""
    files = spread(np.arange(len(scored.numbers)), scored.starts, len(scored.scores))
    numbers = scored.numbers[files]
    total = np.where(scope.wanted[numbers], rounded(scored.scores) + scope.total[numbers], -np.inf)
    usual, best = np.median(total[np.isfinite(total)]), total.max()
    places = np.flatnonzero(total >= usual + MOMENT_LEVEL * (best - usual))
    spans = scope.snapshot.spans(scored.rows_at(places))
    pause_s = PAUSE_S if scope.snapshot.scales.most else _TOUCH_S
    apart = (np.diff(files[places]) != 0) | (spans[1:, 0] > spans[:-1, 1] + pause_s)
    starts = np.flatnonzero(np.append(True, apart))
    ends = np.append(starts[1:], len(places)) - 1
    first, last = places[starts], places[ends]
    bounds = _between(files[first], spans[starts, 0], spans[ends, 1])

    def locate(item: int) -> Span:
        file = int(files[first[item]])
        begin = int(scored.starts[file])
        return _span(scope.snapshot, scored, file, int(first[item]) - begin, int(last[item]) - begin, Bounds(*bounds[item]))

    return Items(numbers[first], np.maximum.reduceat(total[places], starts), locate)


def _between(files: IntArray, starts_s: DoubleArray, ends_s: DoubleArray) -> DoubleArray:
    """Return how far runs (I,) of `files` (I,), in order, may reach (I, 2): halfway to the runs of the same file beside them."""
    bounds = np.tile([-np.inf, np.inf], (len(files), 1))
    beside = np.flatnonzero(np.diff(files) == 0)
    bounds[beside, 1] = bounds[beside + 1, 0] = (ends_s[beside] + starts_s[beside + 1]) / 2
    return bounds


def _span(snapshot: Snapshot, scored: Scored, file: int, first: int, last: int, bounds: Bounds | None = None) -> Span:
    """Return when that happens which the windows `first` to `last` of the file with index `file` in `numbers` are best at."""
    number, own = int(scored.numbers[file]), scored.own[scored.places(file)]
    spans, first_row = snapshot.spans_of(number), int(snapshot.first_rows[number])
    count = len(spans) - int(np.count_nonzero(snapshot.scales.is_context[first_row : first_row + len(spans)]))
    if count == len(spans):
        return Span(float(spans[first, 0]), float(spans[last, 1]))
    return event_span(own[:count], snapshot.windows(number)[:count], spans[:count], first, last, bounds)
