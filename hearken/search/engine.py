"""The ranking: from a query vector to hits.

A window's score is its cosine with the query, for models with two scales together with that of its context (`scores.py`). Three
things are added to it, all optional:

* *Names.* Words of the query in a file's name, folders, tags or caption (`scope.py`).
* *Not.* With `against`, a window loses what its cosine with that text exceeds the median over all windows searched. A
  text that is like everything, or like nothing, therefore changes little.
* *Captions.* Machine-made captions break ties, no more (`captions.py` tells how, and why so little).

What is ranked are files at their best moment, or all moments (`moments.py`), and a hit's times are those of the event that is heard
there (`localise.py`). A query that tells what follows what is ranked by how well a file keeps to it (`ordered.py`). The order is by score (to six decimals, which all machines agree on), then by path, then by time.

Legend: `I` items: files, or moments of files; `D` embedding size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hearken.library.blocks import IntArray
from hearken.library.protocol import Store
from hearken.library.records import DoubleArray, FileRecord
from hearken.library.snapshot import Snapshot
from hearken.library.vectors import VectorCache
from hearken.search.captions import CaptionCache
from hearken.search.folding import leaders
from hearken.search.moments import Items, all_moments, best_moments
from hearken.search.ordered import in_order_files, in_order_moments
from hearken.search.query import SearchRequest
from hearken.search.scope import Query, Scope, scope_of
from hearken.search.scores import Scored, score
from hearken.types import Hit

__all__ = ["Query", "Ranked", "rank", "search"]

_DECIMALS = 6


class _Pick(NamedTuple):
    """An item chosen as a hit, with the record of its file and the paths folded under it."""

    item: int
    record: FileRecord
    duplicates: tuple[str, ...]


class _Collected(NamedTuple):
    """Hits, with the number and the record of the file of each."""

    hits: list[Hit]
    numbers: list[int]
    records: list[FileRecord]


class Ranked(NamedTuple):
    """The hits of a query, best first, with the number of the file of each and its record, and the part of the library that they are from."""

    hits: list[Hit]
    numbers: list[int]
    records: list[FileRecord]
    scope: Scope


def search(store: Store, cache: VectorCache, query: Query, request: SearchRequest, captions: CaptionCache | None = None) -> list[Hit]:
    """Return the hits for `query`, best first, all from one committed state of the library. Raises StoreError, InputError.

    With `captions`, hits tell their machine-made caption, and the `caption_words` of the query count.
    """
    return rank(store, cache, query, request, captions).hits


def rank(store: Store, cache: VectorCache, query: Query, request: SearchRequest, captions: CaptionCache | None = None) -> Ranked:
    """Return what `search` does, with where the hits are from."""
    with store.snapshot():
        scope = scope_of(store, cache.snapshot(), query, request, captions)
        num_wanted = int(scope.wanted.sum())
        if not num_wanted:
            return Ranked([], [], [], scope)
        count = 2 * request.k + 20  # leaves room for folding
        for graph_helps in (not request.moments and query.against is None and query.parts is None, False):
            scored = score(scope, query, count if graph_helps else None)
            items = _items(scope, scored, query, request)
            hits, numbers, records = _collect(store, scope.snapshot, items, request, told=captions is not None)
            if len(hits) >= request.k or len(scored.numbers) >= num_wanted:
                break
        return Ranked(hits, numbers, records, scope)


def _items(scope: Scope, scored: Scored, query: Query, request: SearchRequest) -> Items:
    """Return what is ranked: files or moments, with what is told to follow each other or without."""
    if query.parts is not None:
        return (in_order_moments if request.moments else in_order_files)(scope, scored, query, query.parts, 2 * request.k + 20)
    return all_moments(scope, scored) if request.moments else best_moments(scope, scored)


def _collect(store: Store, snapshot: Snapshot, items: Items, request: SearchRequest, *, told: bool) -> _Collected:
    """Return the hits for the best items, looking at more of them until there are enough that are no duplicates.

    With `told` they have their machine-made captions.
    """
    count, num_items = 2 * request.k + 20, int(np.isfinite(items.scores).sum())
    while True:
        chosen = _best(items.scores, count)
        picks = _pick(store, snapshot, items, chosen, request)
        if len(picks) >= request.k or len(chosen) >= num_items:
            picks = picks[: request.k]
            numbers = [int(items.numbers[pick.item]) for pick in picks]
            versions = [int(snapshot.versions[number]) for number in numbers]
            captions = store.captions_of(sorted(set(versions))) if told else {}
            hits = [_hit(items, pick, captions.get(version, "")) for pick, version in zip(picks, versions, strict=True)]
            return _Collected(hits, numbers, [pick.record for pick in picks])
        count *= 4


def _best(scores: DoubleArray, count: int) -> IntArray:
    """Return the indices of the `count` highest finite `scores` (I,) and of all that equal the last of them."""
    if count < len(scores):
        floor = max(np.partition(scores, -count)[-count], np.finfo(np.float64).min)
        return np.flatnonzero(scores >= floor)
    return np.flatnonzero(np.isfinite(scores))


def _pick(store: Store, snapshot: Snapshot, items: Items, chosen: IntArray, request: SearchRequest) -> list[_Pick]:
    """Put `chosen` items in order and fold duplicates."""
    numbers = np.unique(items.numbers[chosen])
    found = {record.id: record for record in store.files(snapshot.file_ids[numbers].tolist())}
    records = {
        int(number): found[int(file_id)]
        for number, file_id in zip(numbers, snapshot.file_ids[numbers], strict=True)
        if int(file_id) in found
    }
    ranked = [int(item) for item in chosen if int(items.numbers[item]) in records]
    ranked.sort(key=lambda item: (-items.scores[item], records[int(items.numbers[item])].path, item))
    order = list(dict.fromkeys(int(items.numbers[item]) for item in ranked))
    copies = _copies(snapshot, order, [records[number] for number in order]) if request.fold else {number: [] for number in order}
    kept = [(item, int(items.numbers[item])) for item in ranked]
    return [_Pick(item, records[number], tuple(copies[number])) for item, number in kept if number in copies]


def _copies(snapshot: Snapshot, order: list[int], records: list[FileRecord]) -> dict[int, list[str]]:
    """Return for each file that is no duplicate, by number, the paths of its duplicates; `order` is best first."""
    numbers = np.array(order, np.int64)
    leading = leaders(records, snapshot.clips(numbers), lambda index: snapshot.long_windows(order[index]))
    copies: dict[int, list[str]] = {}
    for index, leader in enumerate(leading):
        if leader == index:
            copies[order[index]] = []
        else:
            copies[order[leader]].append(records[index].path)
    return copies


def _hit(items: Items, pick: _Pick, caption: str) -> Hit:
    span = items.locate(pick.item)
    total = round(float(items.scores[pick.item]), _DECIMALS)
    return Hit(pick.record.path, span.start_s, span.end_s, total, pick.record.duration_s, pick.duplicates, caption)
