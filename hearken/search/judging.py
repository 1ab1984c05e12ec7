"""Hits with their confidence: each is heard again, in the vectors of the library, at the moment that it names.

A file whose name, tags or caption hold all words of the query is never called weak: somebody has named it what is sought. Its
confidence is that of the sound all the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hearken.library.snapshot import Snapshot
from hearken.search.confidence import AROUND, Calibration, Heard, hear
from hearken.search.engine import Ranked
from hearken.search.scope import FULL_NAME_WEIGHT, Query
from hearken.types import Hit


def judged(made: Calibration | None, query: Query, ranked: Ranked) -> list[Hit]:
    """Return the hits `ranked` for `query` with `confidence` and `weak`; to be called in the state of the store that they are from.

    Without a calibration, `made`, they stay as they are.
    """
    hits, scope = ranked.hits, ranked.scope
    if made is None or not hits:
        return hits
    parts = zip(*(_heard(scope.snapshot, number, query, hit) for number, hit in zip(ranked.numbers, hits, strict=True)), strict=True)
    heard = Heard(*(np.concatenate(part) for part in parts))
    found = made.confidence(query.vector, heard, scope.snapshot.num_rows_of(scope.wanted))
    weak = (found < made.weak_below) & (scope.bonus[ranked.numbers] < FULL_NAME_WEIGHT)
    return [replace(hit, confidence=float(sure), weak=bool(low)) for hit, sure, low in zip(hits, found, weak, strict=True)]


def _heard(snapshot: Snapshot, number: int, query: Query, hit: Hit) -> Heard:
    """Return what a hit in the file of this `number` sounds like at its best moment. Of a long file only what is around it is read."""
    vectors, first, scales = snapshot.windows(number), int(snapshot.first_rows[number]), snapshot.scales
    num_moments = len(vectors) - int(np.count_nonzero(scales.is_context[first : first + len(vectors)]))
    spans = snapshot.spans_of(number)[:num_moments]
    inside = np.flatnonzero((spans[:, 0] < hit.end_s) & (spans[:, 1] > hit.start_s))
    near = slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, num_moments)
    moments = np.asarray(vectors[near], np.float32)
    rows = slice(first + near.start, first + near.stop)
    begin = np.clip(scales.first[rows] - first - num_moments, 0, None)
    end = np.maximum(scales.stop[rows] - first - num_moments, begin + 1)
    low, high = max(0, int(begin.min()) - AROUND), int(end.max()) + AROUND
    contexts = np.asarray(vectors[num_moments + low : num_moments + high], np.float32)
    return hear(query.vector, moments, contexts, np.column_stack([begin, end]) - low, np.ones(len(moments), bool))
