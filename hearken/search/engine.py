"""The ranking: from a query vector to hits.

A window's score is its cosine with the query. Three things are added to it, all optional:

* *Names.* A file whose name, folders, tags or caption hold words of the query gets `NAME_WEIGHT` times the share of
  words found; one that holds all of them gets `FULL_NAME_WEIGHT`, as somebody has called it what is sought. So "glass
  breaking" finds `glass_break_03.wav`, and a name alone is enough to be ranked. Words of the text of *Not* count as not
  found, in whatever file.
* *Not.* With `against`, a window loses what its cosine with that text exceeds the median over all windows searched. A
  text that is like everything, or like nothing, therefore changes little.

* *Captions.* Machine-made captions break ties, no more (`search/captions.py` tells how, and why so little).

A file's score is that of its best window, the earliest of equals. `moments` returns every window that reaches
`MOMENT_LEVEL` of the way from the median window to the best one, with adjoining windows joined. The order is by score
(to six decimals, which all machines agree on), then by path, then by time.

Legend: `F` files, `M` rows (windows), `I` items: files, or moments of files; `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hearken.library.blocks import IntArray
from hearken.library.protocol import Store
from hearken.library.records import DoubleArray, FileRecord
from hearken.library.snapshot import BoolArray, Snapshot
from hearken.library.vectors import VectorCache
from hearken.library.words import query_words
from hearken.search.captions import CaptionCache, bonus_of
from hearken.search.folding import leaders
from hearken.search.query import SearchRequest
from hearken.types import FloatArray, Hit

NAME_WEIGHT = 0.10
FULL_NAME_WEIGHT = 0.30
MOMENT_LEVEL = 0.6
_T = TypeVar("_T", bound=np.generic)
_MAX_NAMED_ROWS = 20_000  # scored in about 4 ms
_DECIMALS = 6
_TOUCH_S = 1e-6  # windows with a smaller gap between them adjoin


@dataclass(frozen=True, eq=False)
class Query:
    """What is sought: `vector` (D,); what is not: `against` (D,); a file id to leave out.

    `words` are looked up in names, `caption_words` in machine-made captions, but for those in `not_words`.
    """

    vector: FloatArray
    against: FloatArray | None = None
    words: str = ""
    leave_out: int | None = None
    not_words: str = ""
    caption_words: str = ""


class _Scope(NamedTuple):
    """The part of the library that a query is about: its vectors, which files (F,) may be hits, and their bonuses (F,).

    `bonus` is for words in names alone, which can make a file a candidate; `total` is with what captions add.
    """

    snapshot: Snapshot
    wanted: BoolArray
    bonus: DoubleArray
    total: DoubleArray


class _Scored(NamedTuple):
    """Scores (M,) of `rows` (None: all), which belong to file `numbers` (G,), each from its place in `starts` (G,) on."""

    rows: IntArray | None
    scores: FloatArray
    numbers: IntArray
    starts: IntArray


class _Items(NamedTuple):
    """Things to rank: file numbers (I,) and scores (I,), -inf for what is not wanted; `locate` gives an item's first and last row."""

    numbers: IntArray
    scores: DoubleArray
    locate: Callable[[int], tuple[int, int]]


class _Pick(NamedTuple):
    """An item chosen as a hit, with the record of its file and the paths folded under it."""

    item: int
    record: FileRecord
    duplicates: tuple[str, ...]


def search(store: Store, cache: VectorCache, query: Query, request: SearchRequest, captions: CaptionCache | None = None) -> list[Hit]:
    """Return the hits for `query`, best first, all from one committed state of the library. Raises StoreError, InputError.

    With `captions`, hits tell their machine-made caption, and the `caption_words` of the query count.
    """
    with store.snapshot():
        scope = _scope(store, cache.snapshot(), query, request, captions)
        num_wanted = int(scope.wanted.sum())
        if not num_wanted:
            return []
        count = 2 * request.k + 20  # leaves room for folding
        for graph_helps in (not request.moments and query.against is None, False):
            scored = _score(scope, query, count if graph_helps else None)
            items = _moments(scope, scored) if request.moments else _files(scope, scored)
            hits = _collect(store, scope.snapshot, items, request, told=captions is not None)
            if len(hits) >= request.k or len(scored.numbers) >= num_wanted:
                break
        return hits


def _scope(store: Store, snapshot: Snapshot, query: Query, request: SearchRequest, captions: CaptionCache | None) -> _Scope:
    wanted = snapshot.alive.copy()
    selected = store.select(request.filters)
    if selected is not None:
        wanted &= np.isin(snapshot.file_ids, np.fromiter(selected, np.int64, len(selected)))
    if query.leave_out is not None:
        wanted &= snapshot.file_ids != query.leave_out
    bonus = total = _bonus(store, snapshot, query)
    if captions is not None and query.caption_words:
        shares = _shares(query.caption_words, query.not_words, store.match_captions)
        total = bonus + bonus_of(captions.known(), snapshot, query.vector, shares)
    return _Scope(snapshot, wanted, bonus, total)


def _shares(text: str, not_text: str, match: Callable[[str], dict[int, float]]) -> dict[int, float]:
    """Return what share of the words of `text` each thing holds, by `match`; words of `not_text` count as not found."""
    words, unwanted = query_words(text), frozenset(query_words(not_text))
    telling = [word for word in words if word not in unwanted]
    if not telling:
        return {}
    return {found: share * (len(telling) / len(words)) for found, share in match(" ".join(telling)).items()}


def _bonus(store: Store, snapshot: Snapshot, query: Query) -> DoubleArray:
    """Return what each file (F,) gets for the words of the query that it holds."""
    bonus = np.zeros(len(snapshot.file_ids))
    matches = _shares(query.words, query.not_words, store.match_text)
    numbers = snapshot.numbers_of(np.fromiter(matches, np.int64, len(matches)))
    shares = np.fromiter(matches.values(), np.float64, len(matches))
    earned = np.where(shares == 1, FULL_NAME_WEIGHT, NAME_WEIGHT * shares)
    bonus[numbers[numbers >= 0]] = earned[numbers >= 0]
    return bonus


def _score(scope: _Scope, query: Query, num_files: int | None) -> _Scored:
    """Score the windows that can matter: all, or with a graph those likely to hold the best `num_files` files, by sound or by name."""
    snapshot = scope.snapshot
    rows = snapshot.candidates(query.vector, num_files, scope.wanted)
    if rows is not None:
        rows = np.union1d(rows, snapshot.rows_of(_named(scope)))
    if query.against is None:
        return _Scored(rows, snapshot.scores(query.vector[None], rows)[0], *snapshot.group(rows))
    numbers, starts = snapshot.group(rows)
    scores, unwanted = snapshot.scores(np.stack([query.vector, query.against]), rows)
    usual = np.median(unwanted[_spread(scope.wanted[numbers], starts, len(scores))])
    return _Scored(rows, scores - np.maximum(unwanted - usual, 0), numbers, starts)


def _named(scope: _Scope) -> BoolArray:
    """Return which wanted files (F,) hold most words of the query: all of equal merit, as long as few enough windows are theirs.

    A word that very many files hold tells them apart badly; of those, the graph's candidates get their bonus all the same.
    """
    named = scope.wanted & (scope.bonus > 0)
    for least in np.unique(scope.bonus[named]):
        few: BoolArray = named & (scope.bonus >= least)
        if scope.snapshot.num_rows_of(few) <= _MAX_NAMED_ROWS:
            return few
    return np.zeros_like(named)


def _spread(values: NDArray[_T], starts: IntArray, size: int) -> NDArray[_T]:
    """Return for each of `size` rows the value (G,) of its file."""
    return np.repeat(values, np.diff(starts, append=size))


def _rounded(scores: FloatArray) -> DoubleArray:
    """Return scores as they are compared; float16 rounding takes the cosine of a sound with itself a little beyond 1."""
    return np.round(np.minimum(scores.astype(np.float64), 1.0), _DECIMALS).astype(np.float64, copy=False)


def _files(scope: _Scope, scored: _Scored) -> _Items:
    """Return one item for each file: its best window."""
    best = _rounded(np.maximum.reduceat(scored.scores, scored.starts))
    total = np.where(scope.wanted[scored.numbers], best + scope.total[scored.numbers], -np.inf)
    stops = np.append(scored.starts[1:], len(scored.scores))

    def locate(item: int) -> tuple[int, int]:
        start = int(scored.starts[item])
        place = start + int(_rounded(scored.scores[start : stops[item]]).argmax())
        row = place if scored.rows is None else int(scored.rows[place])
        return row, row

    return _Items(scored.numbers, total, locate)


def _moments(scope: _Scope, scored: _Scored) -> _Items:
    """Return one item for each run of adjoining windows of a file that stand out."""
    numbers = _spread(scored.numbers, scored.starts, len(scored.scores))
    total = np.where(scope.wanted[numbers], _rounded(scored.scores) + scope.total[numbers], -np.inf)
    usual, best = np.median(total[np.isfinite(total)]), total.max()
    places = np.flatnonzero(total >= usual + MOMENT_LEVEL * (best - usual))
    rows = places if scored.rows is None else scored.rows[places]
    spans = scope.snapshot.spans(rows)
    apart = (np.diff(numbers[places]) != 0) | (spans[1:, 0] > spans[:-1, 1] + _TOUCH_S)
    starts = np.flatnonzero(np.append(True, apart))
    first, last = rows[starts], rows[np.append(starts[1:], len(rows)) - 1]
    return _Items(numbers[places[starts]], np.maximum.reduceat(total[places], starts), lambda item: (int(first[item]), int(last[item])))


def _collect(store: Store, snapshot: Snapshot, items: _Items, request: SearchRequest, *, told: bool) -> list[Hit]:
    """Return the hits for the best items, looking at more of them until there are enough that are no duplicates.

    With `told` they have their machine-made captions.
    """
    count, num_items = 2 * request.k + 20, int(np.isfinite(items.scores).sum())
    while True:
        chosen = _best(items.scores, count)
        picks = _pick(store, snapshot, items, chosen, request)
        if len(picks) >= request.k or len(chosen) >= num_items:
            picks = picks[: request.k]
            versions = [int(snapshot.versions[items.numbers[pick.item]]) for pick in picks]
            captions = store.captions_of(sorted(set(versions))) if told else {}
            return [_hit(snapshot, items, pick, captions.get(version, "")) for pick, version in zip(picks, versions, strict=True)]
        count *= 4


def _best(scores: DoubleArray, count: int) -> IntArray:
    """Return the indices of the `count` highest finite `scores` (I,) and of all that equal the last of them."""
    if count < len(scores):
        floor = max(np.partition(scores, -count)[-count], np.finfo(np.float64).min)
        return np.flatnonzero(scores >= floor)
    return np.flatnonzero(np.isfinite(scores))


def _pick(store: Store, snapshot: Snapshot, items: _Items, chosen: IntArray, request: SearchRequest) -> list[_Pick]:
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
    leading = leaders(records, snapshot.clips(numbers), lambda index: snapshot.windows(order[index]))
    copies: dict[int, list[str]] = {}
    for index, leader in enumerate(leading):
        if leader == index:
            copies[order[index]] = []
        else:
            copies[order[leader]].append(records[index].path)
    return copies


def _hit(snapshot: Snapshot, items: _Items, pick: _Pick, caption: str) -> Hit:
    spans = snapshot.spans(np.array(items.locate(pick.item), np.int64))
    start_s, end_s = float(spans[0, 0]), float(spans[1, 1])
    score = round(float(items.scores[pick.item]), _DECIMALS)
    return Hit(pick.record.path, start_s, end_s, score, pick.record.duration_s, pick.duplicates, caption)
