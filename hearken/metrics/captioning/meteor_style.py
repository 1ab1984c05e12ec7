"""METEOR-style: METEOR 1.5 for English (Denkowski & Lavie 2014), without its table of paraphrases and without Java.

Its parameters, weights and stemmer are those of METEOR; the list of function words is this package's own, METEOR's paraphrases, 60 MB of
them, are left out, and its synonyms come from whichever WordNet the caller has. So figures are near METEOR's and are not METEOR's: never print
them under that name. By clip they correlate with METEOR at 0.94 (Clotho) and 0.95 (AudioCaps) with synonyms, at 0.93 and 0.93 without, on the
captions and scores that CoNeTTE published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hearken.metrics.captioning.meteor_align import Meanings, align
from hearken.metrics.captioning.score import CaptionScore, Clip, Tokens, Words, clips_of
from hearken.metrics.captioning.tokens import ptb

ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
"""Denkowski & Lavie 2014, the English row of their table of parameters: weight of recall, power and weight of the penalty for chunks, weight of
content words against function words."""

_FUNCTION_TEXT = """
a an the and or but nor so yet if because of in on at to from by with without into onto over under up down out off for as through
about after before again against between during near along across around behind beside
is are was were be been being am has have had having do does did doing can could will would may might shall should must
it its itself this that these those there here he she they them their theirs his her hers him i you we our your my me us
who whom whose which what when where while then than not no some any each every both other another very more most much many few
also just too only own same such s t
's n't 're 've 'll 'm 'd -lrb- -rrb-
"""
FUNCTION_WORDS = frozenset(_FUNCTION_TEXT.split())
"""Words that weigh less (Denkowski & Lavie 2014 count them from text by frequency): the list here is this package's own, that
of hearken.text.stop_words with what `ptb` splits off."""

_Counts = NDArray[np.float64]
_CONTENT, _FUNCTION = 0, 1


def meteor_style(
    candidates: Sequence[str], references: Sequence[Sequence[str]], *, meanings: Meanings | None = None, tokens: Tokens = ptb
) -> CaptionScore:
    """Return METEOR-style, of the corpus (counts are summed first, as METEOR does) and of each clip (N,), by its best reference.

    With `meanings` synonyms match; without, words match that are equal or have one stem, and the name of the score says so. Raises InputError as
    `check_captions` does.
    """
    kept = [_best(clip, meanings) for clip in clips_of(candidates, references, tokens)]
    name = "METEOR-style (exact, stem, synonym)" if meanings else "METEOR-style (exact, stem)"
    return CaptionScore(name, _score(np.sum(kept, axis=0)), np.array([_score(counts) for counts in kept]))


def _best(clip: Clip, meanings: Meanings | None) -> _Counts:
    return max((_counts(clip.candidate, reference, meanings) for reference in clip.references), key=_score)


def _counts(candidate: Words, reference: Words, meanings: Meanings | None) -> _Counts:
    """Content and function words of candidate (2) and reference (2), those that match, by weight (4), all that match, chunks."""
    found = align(candidate, reference, meanings)
    counts = np.zeros(10)
    counts[0:2] = _by_kind((word, 1.0) for word in candidate)
    counts[2:4] = _by_kind((word, 1.0) for word in reference)
    counts[4:6] = _by_kind((candidate[match.here], match.weight) for match in found.matches)
    counts[6:8] = _by_kind((reference[match.there], match.weight) for match in found.matches)
    counts[8:] = len(found.matches), found.chunks
    return counts


def _by_kind(words: Iterable[tuple[str, float]]) -> tuple[float, float]:
    sums = [0.0, 0.0]
    for word, weight in words:
        sums[_FUNCTION if word in FUNCTION_WORDS else _CONTENT] += weight
    return sums[_CONTENT], sums[_FUNCTION]


def _score(counts: _Counts) -> float:
    """The score of counts: the weighed mean of precision and recall, less the penalty for many chunks."""
    weights = np.array([DELTA, 1 - DELTA])
    words, known, matched, recalled = (float(counts[start : start + 2] @ weights) for start in (0, 2, 4, 6))
    matches, chunks = counts[8:].tolist()
    if not matches or not words or not known:
        return 0.0
    precision, recall = matched / words, recalled / known
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
    whole = chunks == 1 and matches == counts[0:2].sum() == counts[2:4].sum()
    return mean if whole else mean * (1 - GAMMA * (chunks / matches) ** BETA)
