"""CIDEr-D and CIDEr (Vedantam et al. 2015): cosine of n-grams that are weighted by how rare they are among the clips.

CIDEr-D equals pycocoevalcap 1.2 (`Cider`, which is CIDEr-D) and aac-metrics 0.6.0 (`cider_d`): n-grams of 1 to 4 words, sigma 6, times 10. A clip's
references are one document; documents are those that are given, so a clip's score depends on all of them, and one clip alone has 0 (log 1).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.metrics.captioning.bleu import MAX_N, n_grams
from hearken.metrics.captioning.score import CaptionScore, Clip, Tokens, Words, clips_of
from hearken.metrics.captioning.tokens import ptb

SIGMA = 6.0
SCALE = 10.0


@dataclass(frozen=True)
class _Vector:
    """n-grams of a caption with their weights, the lengths of the four vectors, and the number of pairs of words."""

    weights: dict[Words, float]
    norms: tuple[float, ...]
    pairs: int


@dataclass(frozen=True)
class _Rarity:
    """Weights by the references of all clips: log(clips / clips that have it)."""

    log_clips: float
    clips_with: Counter[Words]

    def vector(self, words: Words) -> _Vector:
        """tf-idf as the coco code has it: counts, not shares, times rarity."""
        weights: dict[Words, float] = {}
        squares = [0.0] * MAX_N
        for gram, count in n_grams(words).items():
            weight = count * (self.log_clips - math.log(max(1, self.clips_with[gram])))
            weights[gram] = weight
            squares[len(gram) - 1] += weight * weight
        return _Vector(weights, tuple(math.sqrt(square) for square in squares), max(0, len(words) - 1))


def cider_d(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> CaptionScore:
    """Return CIDEr-D, the mean over clips and of each clip (N,), from 0 to 10. Raises InputError as `check_captions` does.

    A word said again and again gains nothing (weights are cut to the reference's), and a candidate of other length than the reference loses; lengths
    are counted in pairs of words, as the public code does.
    """
    items = _scores(clips_of(candidates, references, tokens), robust=True)
    return CaptionScore("CIDEr-D", float(items.mean()), items)


def cider(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> CaptionScore:
    """Return CIDEr as the paper has it, times 10, but without stemming: plain cosines. For comparison; papers on audio report CIDEr-D.

    Raises InputError as `check_captions` does.
    """
    items = _scores(clips_of(candidates, references, tokens), robust=False)
    return CaptionScore("CIDEr", float(items.mean()), items)


def _scores(clips: Sequence[Clip], *, robust: bool) -> NDArray[np.float64]:
    grams_of = [{gram for reference in set(clip.references) for gram in n_grams(reference)} for clip in clips]
    rarity = _Rarity(math.log(len(clips)), Counter(gram for grams in grams_of for gram in grams))
    return np.array([_one(clip, rarity, robust=robust) for clip in clips], np.float64)


def _one(clip: Clip, rarity: _Rarity, *, robust: bool) -> float:
    candidate = rarity.vector(clip.candidate)
    known = Counter(clip.references)
    total = math.fsum(times * _likeness(candidate, rarity.vector(reference), robust=robust) for reference, times in known.items())
    return SCALE * total / MAX_N / len(clip.references)


def _likeness(candidate: _Vector, reference: _Vector, *, robust: bool) -> float:
    """The sum of the four cosines, times the penalty for length."""
    sums = [0.0] * MAX_N
    for gram, weight in candidate.weights.items():
        other = reference.weights.get(gram)
        if other:
            sums[len(gram) - 1] += (min(weight, other) if robust else weight) * other
    norms = (mine * its for mine, its in zip(candidate.norms, reference.norms, strict=True))
    found = math.fsum(total / norm for total, norm in zip(sums, norms, strict=True) if norm)
    return found * math.exp(-((candidate.pairs - reference.pairs) ** 2) / (2 * SIGMA**2)) if robust else found
