"""Hits with their confidence: each is heard again, in the vectors of the library, at the moment that it names.

A file whose name, tags or caption hold all words of the query is never called weak: somebody has named it what is sought. Its
confidence is that of the sound all the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hearken.library.protocol import Store
from hearken.library.snapshot import Snapshot
from hearken.library.vectors import VectorCache
from hearken.search.confidence import Calibration, Heard, hear
from hearken.search.query import SearchRequest
from hearken.search.scope import FULL_NAME_WEIGHT, Query, scope_of
from hearken.types import Hit


def judged(store: Store, cache: VectorCache, made: Calibration | None, query: Query, request: SearchRequest, hits: list[Hit]) -> list[Hit]:
    """Return `hits` of `query` with `confidence` and `weak`; to be called in the state of `store` that they are from. Raises StoreError.

    Without a calibration, `made`, hits stay as they are.
    """
    if made is None or not hits:
        return hits
    snapshot = cache.snapshot()
    ids = [store.find(hit.path) for hit in hits]
    numbers = snapshot.numbers_of(np.array([-1 if each is None else each for each in ids], np.int64))
    scope = scope_of(store, snapshot, query, request, None)
    parts = zip(*(_heard(snapshot, int(number), query, hit) for number, hit in zip(numbers, hits, strict=True)), strict=True)
    heard = Heard(*(np.concatenate(part) for part in parts))
    found = made.confidence(query.vector, heard, snapshot.num_rows_of(scope.wanted))
    weak = (found < made.weak_below) & (scope.bonus[numbers] < FULL_NAME_WEIGHT)
    return [replace(hit, confidence=float(sure), weak=bool(low)) for hit, sure, low in zip(hits, found, weak, strict=True)]


def _heard(snapshot: Snapshot, number: int, query: Query, hit: Hit) -> Heard:
    """Return what a hit in the file of this `number` sounds like at its best moment."""
    vectors = np.asarray(snapshot.windows(number), np.float32)
    first, scales = int(snapshot.first_rows[number]), snapshot.scales
    rows = slice(first, first + len(vectors))
    is_context = scales.is_context[rows]
    spans = snapshot.spans(np.arange(rows.start, rows.stop))[~is_context]
    inside = (spans[:, 0] < hit.end_s) & (spans[:, 1] > hit.start_s)
    num_moments = len(spans)
    begin = np.clip(scales.first[rows][:num_moments] - first - num_moments, 0, None)
    holding = np.column_stack([begin, np.maximum(scales.stop[rows][:num_moments] - first - num_moments, begin + 1)])
    return hear(query.vector, vectors[:num_moments], vectors[num_moments:], holding, inside if inside.any() else ~inside)
