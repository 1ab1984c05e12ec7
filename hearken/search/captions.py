"""What machine-made captions add to the score of a sound.

* *Words.* `WORDS_WEIGHT` times the share of the query's words that the caption holds (stemmed, stop words left out).
* *Meaning.* `MEANING_WEIGHT` times what the cosine of query and caption, both as text, exceeds the median over all captioned files.
  A file without a caption gets nothing, as if its caption were like most.

So little, because a caption is made from the very vectors that the query is compared with: where it tells more than they do it comes from
what the captioner learnt, and where it is wrong it leads astray. Larger weights made search worse on the sounds that they were
chosen on; `benchmarks/bench_hybrid.py` measures all of it, and docs/library.md tells what came out.

Legend: `F` files, `C` captions, `D` embedding size.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hearken.library.blocks import IntArray
from hearken.library.protocol import Store
from hearken.library.records import DoubleArray, HalfArray
from hearken.library.scoring import inner_products
from hearken.library.snapshot import Snapshot
from hearken.types import FloatArray

WORDS_WEIGHT = 0.01
MEANING_WEIGHT = 0.01
_DECIMALS = 6  # as all scores


@dataclass(frozen=True, eq=False)
class KnownCaptions:
    """The `vectors` (C, D) of captions by `versions` (C,) of files, ascending; those with no word in them are left out."""

    versions: IntArray
    vectors: HalfArray

    def places_of(self, versions: IntArray) -> IntArray:
        """Return the place of the caption of each of `versions` (F,), -1 where there is none."""
        return _places(self.versions, versions)


def _places(known: IntArray, wanted: IntArray) -> IntArray:
    """Return the place in ascending `known` of each of `wanted` (F,), -1 where it is not there."""
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[places] == wanted, places, -1)


class CaptionCache:
    """The vectors of the machine-made captions in `store`, in memory; what is new since the last search is read. Threads may share one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mutex = threading.Lock()
        self._generation = 0
        self._known = KnownCaptions(np.zeros(0, np.int64), np.zeros((0, store.model.dim), np.float16))

    def known(self) -> KnownCaptions:
        """Return the captions as of now. A caption of a sound that is gone may be among them. Raises StoreError."""
        with self._store.snapshot(), self._mutex:  # in this order everywhere, as in `library/vectors.py`
            generation = self._store.caption_generation()
            if generation != self._generation:
                self._known = self._with_new()
                self._generation = generation
            return self._known

    def _with_new(self) -> KnownCaptions:
        """Return what is known with what came after, which replaces a caption of the same version."""
        new = list(self._store.captions_since(self._generation))
        replaced = np.isin(self._known.versions, np.array([caption.sound_id for caption in new], np.int64))
        telling = [caption for caption in new if caption.vector.any()]
        versions = np.concatenate([self._known.versions[~replaced], np.array([caption.sound_id for caption in telling], np.int64)])
        added = np.array([caption.vector for caption in telling], np.float16).reshape(-1, self._store.model.dim)
        vectors = np.concatenate([self._known.vectors[~replaced], added])
        order = np.argsort(versions)
        return KnownCaptions(versions[order], vectors[order])


def bonus_of(known: KnownCaptions, snapshot: Snapshot, query: FloatArray, shares: Mapping[int, float]) -> DoubleArray:
    """Return what each file (F,) of `snapshot` gets for its caption.

    `query` (D,) is the query's vector, `shares` the share of its words in the captions by version of the files.
    """
    places = known.places_of(snapshot.versions)
    bonus = np.zeros(len(places))
    holders = np.array(sorted(shares), np.int64)
    holding = _places(holders, snapshot.versions)
    found = np.array([shares[int(version)] for version in holders])
    bonus[holding >= 0] = WORDS_WEIGHT * found[holding[holding >= 0]] if len(found) else 0.0
    captioned = (places >= 0) & snapshot.alive
    if captioned.any():
        cosines = inner_products(known.vectors, query[None])[0].astype(np.float64)[places]
        above = np.maximum(cosines - np.median(cosines[captioned]), 0.0)
        bonus[captioned] += MEANING_WEIGHT * above[captioned]
    return np.round(bonus, _DECIMALS)
