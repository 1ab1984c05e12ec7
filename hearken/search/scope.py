"""What is sought, and which part of the library may answer: the files that pass the filters, and what their words add to their scores.

A file whose name, folders, tags or caption hold words of the query gets `NAME_WEIGHT` times the share of words found; one that holds
all of them gets `FULL_NAME_WEIGHT`, as somebody has called it what is sought. So "glass breaking" finds `glass_break_03.wav`, and a name
alone is enough to be ranked. Words of the text of *Not* count as not found, in whatever file.

Legend: `F` files, `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hearken.library.protocol import Store
from hearken.library.records import DoubleArray
from hearken.library.snapshot import BoolArray, Snapshot
from hearken.library.words import query_words
from hearken.search.captions import CaptionCache, bonus_of
from hearken.search.query import SearchRequest
from hearken.types import FloatArray

NAME_WEIGHT = 0.10
FULL_NAME_WEIGHT = 0.30
MAX_NAMED_ROWS = 20_000  # scored in about 4 ms


@dataclass(frozen=True, eq=False)
class Query:
    """What is sought: `vector` (D,), and the `parts` (P, D) that it tells to follow each other, if any; what is not: `against` (D,); a
    file id to leave out.

    `words` are looked up in names, `caption_words` in machine-made captions, but for those in `not_words`.
    """

    vector: FloatArray
    against: FloatArray | None = None
    words: str = ""
    leave_out: int | None = None
    not_words: str = ""
    caption_words: str = ""
    parts: FloatArray | None = None


class Scope(NamedTuple):
    """The part of the library that a query is about: its vectors, which files (F,) may be hits, and their bonuses (F,).

    `bonus` is for words in names alone, which can make a file a candidate; `total` is with what captions add.
    """

    snapshot: Snapshot
    wanted: BoolArray
    bonus: DoubleArray
    total: DoubleArray


def scope_of(store: Store, snapshot: Snapshot, query: Query, request: SearchRequest, captions: CaptionCache | None) -> Scope:
    """Return the scope of `query` in one state of `store`; with `captions` its `caption_words` count. Raises StoreError."""
    wanted = snapshot.alive.copy()
    selected = store.select(request.filters)
    if request.only is not None:
        selected = set(request.only) if selected is None else selected & request.only
    if selected is not None:
        wanted &= np.isin(snapshot.file_ids, np.fromiter(selected, np.int64, len(selected)))
    if query.leave_out is not None:
        wanted &= snapshot.file_ids != query.leave_out
    bonus = total = _bonus(store, snapshot, query)
    if captions is not None and query.caption_words:
        shares = _shares(query.caption_words, query.not_words, store.match_captions)
        total = bonus + bonus_of(captions.known(), snapshot, query.vector, shares)
    return Scope(snapshot, wanted, bonus, total)


def named_files(scope: Scope) -> BoolArray:
    """Return which wanted files (F,) hold most words of the query: all of equal merit, as long as few enough windows are theirs.

    A word that very many files hold tells them apart badly; of those, the graph's candidates get their bonus all the same.
    """
    named = scope.wanted & (scope.bonus > 0)
    for least in np.unique(scope.bonus[named]):
        few: BoolArray = named & (scope.bonus >= least)
        if scope.snapshot.num_rows_of(few) <= MAX_NAMED_ROWS:
            return few
    return np.zeros_like(named)


def _shares(text: str, not_text: str, match: Callable[[str], dict[int, float]]) -> dict[int, float]:
    """Return what share of the words of `text` each thing holds, by `match`; words of `not_text` count as not found."""
    words, unwanted = query_words(text), frozenset(query_words(not_text))
    telling = [word for word in words if word not in unwanted]
    if not telling:
        return {}
    shares = match(" ".join(telling))
    told = len(telling) / len(words)
    return shares if told == 1 else {found: share * told for found, share in shares.items()}


def _bonus(store: Store, snapshot: Snapshot, query: Query) -> DoubleArray:
    """Return what each file (F,) gets for the words of the query that it holds."""
    bonus = np.zeros(len(snapshot.file_ids))
    matches = _shares(query.words, query.not_words, store.match_text)
    numbers = snapshot.numbers_of(np.fromiter(matches, np.int64, len(matches)))
    shares = np.fromiter(matches.values(), np.float64, len(matches))
    earned = np.where(shares == 1, FULL_NAME_WEIGHT, NAME_WEIGHT * shares)
    bonus[numbers[numbers >= 0]] = earned[numbers >= 0]
    return bonus
