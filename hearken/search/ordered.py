"""The ranking of a query that tells what follows what: files by how well they hold its parts in this order (`order.py`).

Files are looked at one by one if the whole text and the parts, in any order, fit them best; the others come behind these, as they
would have been. A hit's times are from the start of the first part to the end of the last, and its score is what the placing is worth.

Legend: `P` parts, `M` rows, `G` files, `I` items, `N` moments of one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray
from hearken.search.localise import event_span
from hearken.search.moments import MOMENT_LEVEL, Items
from hearken.search.order import WHOLE_SHARE, Placing, placings
from hearken.search.scope import Query, Scope
from hearken.search.scores import Scored, blended, rounded
from hearken.types import FloatArray, Span

MIN_FILES = 200
"""So many files are looked at one by one, at least."""
MOST_IN_FILE = 8
"""Placings of one file that are looked for when all moments are asked for."""


class _Parts(NamedTuple):
    """Scores of the parts at all rows that are looked at (P, M): `own` by themselves, `both` as moments and contexts together."""

    own: FloatArray
    both: FloatArray


@dataclass(frozen=True)
class _File:
    """The moments of one file: scores of the parts (P, N), of the whole text (N,), and times (N, 2)."""

    index: int
    own: FloatArray
    parts: FloatArray
    whole: FloatArray
    spans: DoubleArray


class _Placed(NamedTuple):
    """One placing in the file with index `file`, its score with what names add, and its times."""

    file: int
    total: float
    file_moments: _File
    placing: Placing


def in_order_files(scope: Scope, scored: Scored, query: Query, parts: FloatArray, num_files: int) -> Items:
    """Return one item for each file: at its best placing, for those `num_files` or more that fit best."""
    told, guess = _parts_and_guess(scope, scored, query, parts)
    chosen = _chosen(guess, max(MIN_FILES, num_files))
    placed = {int(file): _place(scope, scored, told, int(file), 1)[0] for file in chosen}
    totals = guess.copy()
    if placed:
        floor = min(each.total for each in placed.values())
        totals = np.minimum(totals, floor)
        totals[chosen] = [placed[int(file)].total for file in chosen]

    def locate(item: int) -> Span:
        found = placed.get(item) or _place(scope, scored, told, item, 1)[0]
        return _span(scope, scored, found)

    return Items(scored.numbers, totals, locate)


def in_order_moments(scope: Scope, scored: Scored, query: Query, parts: FloatArray, num_files: int) -> Items:
    """Return an item for each placing that stands out, of the files that fit best; those of one file do not overlap."""
    told, guess = _parts_and_guess(scope, scored, query, parts)
    chosen = _chosen(guess, max(MIN_FILES, num_files))
    found = [each for file in chosen for each in _place(scope, scored, told, int(file), MOST_IN_FILE)]
    totals = np.array([each.total for each in found])
    if len(totals):
        usual, best = np.median(guess[np.isfinite(guess)]), totals.max()
        found = [each for each in found if each.total >= usual + MOMENT_LEVEL * (best - usual)]
    found.sort(key=lambda each: (each.file, each.placing.places[0]))
    files = np.array([each.file for each in found], np.int64)
    return Items(scored.numbers[files], np.array([each.total for each in found]), lambda item: _span(scope, scored, found[item]))


def _parts_and_guess(scope: Scope, scored: Scored, query: Query, parts: FloatArray) -> tuple[_Parts, DoubleArray]:
    """Return the parts' scores, and what each file (G,) would be worth if their order did not matter; -inf where it is not wanted.

    What is not wanted at a moment counts against the parts as it does against the whole text.
    """
    vectors = parts if query.against is None else np.concatenate([parts, query.vector[None]])
    own = scope.snapshot.scores(vectors, scored.rows)
    both = blended(scope.snapshot, own, scored.rows)
    num_parts = len(parts)
    if query.against is not None:
        is_moment = np.isfinite(scored.scores)
        both[:num_parts, is_moment] -= both[num_parts, is_moment] - scored.scores[is_moment]
    both = both[:num_parts]
    loose = np.maximum.reduceat(both, scored.starts, axis=1).mean(axis=0)
    whole = np.maximum.reduceat(scored.scores, scored.starts)
    guess = rounded(WHOLE_SHARE * whole + (1 - WHOLE_SHARE) * loose) + scope.total[scored.numbers]
    return _Parts(own[:num_parts], both), np.where(scope.wanted[scored.numbers], guess, -np.inf)


def _chosen(guess: DoubleArray, num_files: int) -> IntArray:
    """Return the indices of the `num_files` best finite guesses (G,), ascending."""
    finite = np.flatnonzero(np.isfinite(guess))
    best = finite[np.argsort(-guess[finite], kind="stable")[:num_files]]
    return np.sort(best)


def _place(scope: Scope, scored: Scored, parts: _Parts, file: int, most: int) -> list[_Placed]:
    """Return up to `most` placings in the file with index `file`, best first."""
    places = scored.places(file)
    moments = places.start + np.flatnonzero(np.isfinite(scored.scores[places]))
    spans = scope.snapshot.spans(scored.rows_at(moments))
    looked_at = _File(file, parts.own[:, moments], parts.both[:, moments], scored.scores[moments], spans)
    middles_s = spans.mean(axis=1)
    found = []
    for placing in placings(looked_at.parts, looked_at.whole, middles_s, most):
        total = float(rounded(np.array([placing.worth], np.float32))[0]) + float(scope.total[scored.numbers[file]])
        found.append(_Placed(file, total, looked_at, placing))
    return found


def _span(scope: Scope, scored: Scored, found: _Placed) -> Span:
    """Return the time from the start of the first part's event to the end of the last one's, all of their moments included."""
    seen, places = found.file_moments, found.placing.places
    spans, first, last = seen.spans, places[0], places[-1]
    start_s, end_s = float(spans[first, 0]), float(spans[last, 1])
    if scope.snapshot.scales.most:
        vectors = scope.snapshot.windows(int(scored.numbers[found.file]))[: len(spans)]
        start_s = min(start_s, event_span(seen.own[0], vectors, spans, first, first).start_s)
        end_s = max(end_s, event_span(seen.own[-1], vectors, spans, last, last).end_s)
    return Span(start_s, end_s)
