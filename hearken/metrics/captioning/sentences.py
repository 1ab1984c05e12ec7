"""How near candidates are to their references in meaning: cosines of sentence embeddings, as FENSE takes them (Zhou et al. 2022, section 3).

Which encoder is the caller's choice, so figures compare only with figures of the same encoder, and none of them is a published value: FENSE's
encoder, and the network by which it detects errors, are not here. `faulty_similarity` has rules in that network's place; see `faults.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.captioning.faults import faults_of
from hearken.metrics.captioning.score import CaptionScore, check_captions

SentenceEncoder = Callable[[Sequence[str]], NDArray[np.floating]]
"""M sentences to their embeddings (M, D), of unit length."""

PENALTY = 0.9
"""What FENSE takes off a caption with an error: nine tenths."""
_UNIT = 1e-3


def sentence_similarity(candidates: Sequence[str], references: Sequence[Sequence[str]], encoder: SentenceEncoder) -> CaptionScore:
    """Return the mean cosine of each candidate with its references (N,), and the mean of that. Texts are given to `encoder` as they are.

    Raises InputError as `check_captions` does, and where the encoder returns anything but vectors of unit length.
    """
    check_captions(candidates, references)
    places: dict[str, int] = {}
    for text in (*candidates, *(reference for known in references for reference in known)):
        places.setdefault(text, len(places))
    vectors = _checked(encoder(list(places)), len(places))
    means = [vectors[[places[reference] for reference in known]].mean(axis=0) for known in references]
    items = np.einsum("nd,nd->n", vectors[[places[candidate] for candidate in candidates]], np.stack(means))
    return CaptionScore("sentence similarity", float(items.mean()), items)


def faulty_similarity(candidates: Sequence[str], similarity: CaptionScore) -> CaptionScore:
    """Return `similarity` of `candidates` with a tenth left where `faults_of` finds a fault. Raises InputError for another number of candidates."""
    if len(candidates) != len(similarity.per_item):
        raise InputError(f"There are {len(candidates)} candidates and {len(similarity.per_item)} similarities.")
    faulty = np.array([bool(faults_of(candidate)) for candidate in candidates])
    items = np.where(faulty, (1 - PENALTY) * similarity.per_item, similarity.per_item)
    return CaptionScore("sentence similarity, faults by rules", float(items.mean()), items)


def _checked(vectors: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    wide = np.asarray(vectors, np.float64)
    if wide.ndim != 2 or len(wide) != count or not np.allclose(np.linalg.norm(wide, axis=1), 1.0, atol=_UNIT):
        raise InputError(f"The sentence encoder returned {wide.shape} for {count} sentences, or vectors that are not of unit length.")
    return wide
