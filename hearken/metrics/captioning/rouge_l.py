"""ROUGE-L (Lin 2004): how much of the words of candidate and reference comes in the same order.

Equal to pycocoevalcap 1.2 and aac-metrics 0.6.0: precision and recall are each the best over the references, also of two different ones,
and recall weighs 1.2 times as much.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hearken.metrics.captioning.score import CaptionScore, Clip, Tokens, Words, clips_of
from hearken.metrics.captioning.tokens import ptb

BETA = 1.2


def rouge_l(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> CaptionScore:
    """Return ROUGE-L, the mean over clips and of each clip (N,). An empty caption has 0. Raises InputError as `check_captions` does."""
    items = np.array([_one(clip) for clip in clips_of(candidates, references, tokens)], np.float64)
    return CaptionScore("ROUGE-L", float(items.mean()), items)


def longest_common(first: Words, second: Words) -> int:
    """Return how many words the longest sequence has that both have in this order, with gaps.

    One bit for each word of `first` (Hyyrö 2004): a sum of two long numbers does a whole row of the usual table.
    """
    places: dict[str, int] = {}
    for index, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << index
    every = (1 << len(first)) - 1
    row = every
    for word in second:
        here = row & places.get(word, 0)
        row = ((row + here) | (row - here)) & every
    return len(first) - row.bit_count()


def _one(clip: Clip) -> float:
    if not clip.candidate:
        return 0.0
    common = [(longest_common(clip.candidate, reference), len(reference)) for reference in clip.references]
    precision = max(length for length, _ in common) / len(clip.candidate)
    recall = max(length / total if total else 0.0 for length, total in common)
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)
