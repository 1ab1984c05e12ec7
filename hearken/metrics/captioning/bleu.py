"""BLEU-1 to BLEU-4 (Papineni et al. 2002), as caption evaluation computes it: closest reference length, no smoothing but two tiny constants.

Equal to pycocoevalcap 1.2 (`Bleu`) and aac-metrics 0.6.0 (`bleu`). BLEU of a corpus is no mean of its items: counts are summed first. `BleuCounts`
holds them, so that a bootstrap needs no captions again.

Legend: `N` clips, `K` = 4 sizes of n-grams, `B` drawings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearken.errors import InputError
from hearken.metrics.captioning.score import CaptionScore, Clip, Tokens, Words, clips_of
from hearken.metrics.captioning.tokens import ptb

MAX_N = 4
_TINY, _SMALL = 1e-15, 1e-9
"""Added to what is divided and to what divides, so that nothing is 0 / 0; every public implementation for captions has these two."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BleuCounts:
    """What BLEU is computed from, of each clip.

    `matches` (N, K): n-grams of the candidate that a reference has as well, each at most as often as the reference that has it most often;
    `totals` (N, K): n-grams of the candidate; `lengths` (N,): its words; `closest` (N,): words of the reference nearest in length, the shorter
    of two.
    """

    matches: Counts
    totals: Counts
    lengths: Counts
    closest: Counts

    def per_item(self) -> Counts:
        """Return BLEU-1 to BLEU-4 of each clip, (N, K)."""
        return _bleu(self.matches, self.totals, self.lengths, self.closest)

    def corpus(self, weights: ArrayLike | None = None) -> Counts:
        """Return BLEU-1 to BLEU-4 of all clips together, (K,).

        `weights` (N,) or (B, N) say how often each clip was drawn, as a bootstrap does; of (B, N) come (B, K). Raises InputError for another shape.
        """
        drawn = np.ones(len(self.lengths)) if weights is None else np.asarray(weights, np.float64)
        if drawn.ndim not in {1, 2} or drawn.shape[-1] != len(self.lengths):
            raise InputError(f"Weights of {len(self.lengths)} clips are wanted, not {drawn.shape}.")
        return _bleu(drawn @ self.matches, drawn @ self.totals, drawn @ self.lengths, drawn @ self.closest)


def bleu_counts(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> BleuCounts:
    """Return what BLEU is computed from. Raises InputError as `check_captions` does."""
    clips = clips_of(candidates, references, tokens)
    lengths = np.array([len(clip.candidate) for clip in clips], np.float64)
    return BleuCounts(
        np.array([_matches(clip) for clip in clips], np.float64),
        np.maximum(0.0, lengths[:, None] - np.arange(MAX_N)),
        lengths,
        np.array([_closest(clip) for clip in clips], np.float64),
    )


def bleu(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> tuple[CaptionScore, ...]:
    """Return BLEU-1, BLEU-2, BLEU-3 and BLEU-4, of the corpus and of each clip.

    `tokens` turns captions into words. An empty candidate has about 0. Raises InputError as `check_captions` does.
    """
    counts = bleu_counts(candidates, references, tokens=tokens)
    corpus, items = counts.corpus(), counts.per_item()
    return tuple(CaptionScore(f"BLEU-{n + 1}", float(corpus[n]), items[:, n].copy()) for n in range(MAX_N))


def n_grams(words: Words, sizes: Iterable[int] = range(1, MAX_N + 1)) -> Counter[Words]:
    """Return how often each run of `sizes` words occurs; single words are tuples of one."""
    found: Counter[Words] = Counter()
    for size in sizes:
        found.update(zip(*(words[start:] for start in range(size)), strict=False))
    return found


def _matches(clip: Clip) -> list[int]:
    candidate = n_grams(clip.candidate)
    most: Counter[Words] = Counter()
    for reference in clip.references:
        most |= n_grams(reference)
    matches = [0] * MAX_N
    for gram, count in candidate.items():
        matches[len(gram) - 1] += min(count, most[gram])
    return matches


def _closest(clip: Clip) -> int:
    length = len(clip.candidate)
    return min((abs(len(reference) - length), len(reference)) for reference in clip.references)[1]


def _bleu(matches: Counts, totals: Counts, lengths: Counts, closest: Counts) -> Counts:
    """Geometric means of the shares of n-grams that match (..., K), less the penalty for candidates shorter than their references."""
    shares = np.cumprod((matches + _TINY) / (totals + _SMALL), axis=-1)
    means = shares ** (1.0 / np.arange(1, MAX_N + 1))
    ratio = (lengths + _TINY) / (closest + _SMALL)
    penalty = np.exp(np.minimum(0.0, 1.0 - 1.0 / ratio))
    return np.asarray(means * penalty[..., None], np.float64)
