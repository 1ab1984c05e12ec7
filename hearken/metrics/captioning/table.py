"""The metrics of captions by name: what they are, where they come from, what they need; and all of them computed in one go."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from hearken.errors import InputError, show
from hearken.metrics.captioning.bleu import bleu
from hearken.metrics.captioning.cider_d import cider, cider_d
from hearken.metrics.captioning.meteor_align import Meanings
from hearken.metrics.captioning.meteor_style import meteor_style
from hearken.metrics.captioning.rouge_l import rouge_l
from hearken.metrics.captioning.score import CaptionScore, Tokens, check_captions
from hearken.metrics.captioning.sentences import SentenceEncoder, faulty_similarity, sentence_similarity
from hearken.metrics.captioning.spider import spider
from hearken.metrics.captioning.tokens import ptb

Needs = Literal["", "java", "sentences"]
Scores = dict[str, CaptionScore | str]


@dataclass(frozen=True)
class CaptionMetric:
    """A metric: what it asks, the paper, what it `needs` beyond captions, and how the value of a corpus comes from its clips.

    `statistic` is "mean", the mean over clips, or "corpus": counts of all clips are summed first (BLEU's are `bleu.BleuCounts`). `pooled`: what a
    clip scores depends on the other clips as well, so that subsets have to be computed anew.
    """

    name: str
    summary: str
    paper: str
    needs: Needs = ""
    statistic: Literal["mean", "corpus"] = "mean"
    pooled: bool = False


_BLEU_PAPER = "Papineni et al. 2002"
CAPTION_METRICS: dict[str, CaptionMetric] = {
    each.name: each
    for each in (
        CaptionMetric("BLEU-1", "share of words that a reference has", _BLEU_PAPER, statistic="corpus"),
        CaptionMetric("BLEU-2", "of words and pairs", _BLEU_PAPER, statistic="corpus"),
        CaptionMetric("BLEU-3", "of runs of up to three words", _BLEU_PAPER, statistic="corpus"),
        CaptionMetric("BLEU-4", "of runs of up to four words", _BLEU_PAPER, statistic="corpus"),
        CaptionMetric("ROUGE-L", "words in the same order as in a reference", "Lin 2004"),
        CaptionMetric("CIDEr-D", "runs of words that many references share, rare ones more; up to 10", "Vedantam et al. 2015", pooled=True),
        CaptionMetric(
            "CIDEr", "the same without guard against repetition and length, and without stems", "Vedantam et al. 2015", pooled=True
        ),
        CaptionMetric(
            "METEOR-style", "words, stems, synonyms in order; METEOR without paraphrases", "Denkowski & Lavie 2014", statistic="corpus"
        ),
        CaptionMetric("METEOR", "the original METEOR 1.5", "Denkowski & Lavie 2014", needs="java", statistic="corpus"),
        CaptionMetric("SPICE", "objects, their properties and relations", "Anderson et al. 2016", needs="java"),
        CaptionMetric("SPIDEr", "mean of CIDEr-D and SPICE", "Liu et al. 2017", needs="java", pooled=True),
        CaptionMetric(
            "sentence similarity", "mean cosine of sentence embeddings with the references", "as in Zhou et al. 2022", needs="sentences"
        ),
        CaptionMetric(
            "sentence similarity, faults by rules",
            "the same, a tenth of it where rules find a fault",
            "after Zhou et al. 2022; not FENSE",
            needs="sentences",
        ),
    )
}
"""The closed table of metrics, in the order in which they are printed."""


class Java(Protocol):
    """What runs the programs; `java.JavaMetrics` is one."""

    def why_not(self, name: str) -> str:
        """Return why "meteor" or "spice" cannot be had; "" where it can."""
        ...

    def score(
        self, name: str, candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb
    ) -> CaptionScore | str:
        """Return the score, or why there is none."""
        ...


def score_captions(
    names: Sequence[str],
    candidates: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    sentence_encoder: SentenceEncoder | None = None,
    java: Java | None = None,
    meanings: Meanings | None = None,
) -> Scores:
    """Return the scores called `names` of N candidates with their references, by name; text in place of a score says why it is not available.

    `sentence_encoder`, `java` and `meanings` are for metrics that need them; METEOR-style goes without `meanings`. Each different caption becomes
    words once. Raises InputError, with the nearest, for a name that is none, and as `check_captions` does.
    """
    for name in names:
        _known(name)
    check_captions(candidates, references)
    captions = _Captions(candidates, references, cache(_words))
    found = _plain(names, captions, meanings)
    if any(CAPTION_METRICS[name].needs == "java" for name in names):
        found.update(_by_java(names, captions, java, found))
    if any(CAPTION_METRICS[name].needs == "sentences" for name in names):
        found.update(_by_sentences(captions, sentence_encoder))
    return {name: found[name] for name in names}


@dataclass(frozen=True)
class _Captions:
    candidates: Sequence[str]
    references: Sequence[Sequence[str]]
    tokens: Tokens


def _words(text: str) -> tuple[str, ...]:
    return tuple(ptb(text))


def _plain(names: Sequence[str], captions: _Captions, meanings: Meanings | None) -> Scores:
    """Everything asked for that needs nothing, and CIDEr-D where SPIDEr needs it."""
    given = (captions.candidates, captions.references)
    found: Scores = {}
    if any(name.startswith("BLEU") for name in names):
        found.update((score.name, score) for score in bleu(*given, tokens=captions.tokens))
    if "ROUGE-L" in names:
        found["ROUGE-L"] = rouge_l(*given, tokens=captions.tokens)
    if {"CIDEr-D", "SPIDEr"} & set(names):
        found["CIDEr-D"] = cider_d(*given, tokens=captions.tokens)
    if "CIDEr" in names:
        found["CIDEr"] = cider(*given, tokens=captions.tokens)
    if "METEOR-style" in names:
        found["METEOR-style"] = meteor_style(*given, meanings=meanings, tokens=captions.tokens)
    return found


def _by_java(names: Sequence[str], captions: _Captions, java: Java | None, found: Scores) -> Scores:
    made: Scores = {}
    for name, also in (("METEOR", ""), ("SPICE", "SPIDEr")):
        if name in names or also in names:
            made[name] = _run(name.lower(), captions, java)
    if "SPIDEr" in names:
        spice, rare = made["SPICE"], found["CIDEr-D"]
        made["SPIDEr"] = (
            spider(rare, spice) if isinstance(spice, CaptionScore) and isinstance(rare, CaptionScore) else f"Needs SPICE. {spice}"
        )
    return made


def _run(name: str, captions: _Captions, java: Java | None) -> CaptionScore | str:
    if java is None:
        return "It runs by Java, which was not asked for."
    return java.why_not(name) or java.score(name, captions.candidates, captions.references, tokens=captions.tokens)


def _by_sentences(captions: _Captions, encoder: SentenceEncoder | None) -> Scores:
    if encoder is None:
        return dict.fromkeys(
            ("sentence similarity", "sentence similarity, faults by rules"), "It needs a sentence encoder, and none was given."
        )
    plain = sentence_similarity(captions.candidates, captions.references, encoder)
    return {plain.name: plain, "sentence similarity, faults by rules": faulty_similarity(captions.candidates, plain)}


def _known(name: str) -> None:
    if name not in CAPTION_METRICS:
        near = difflib.get_close_matches(name, CAPTION_METRICS, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"There is no caption metric {show(name)!r}.", f"{hint}There are {', '.join(CAPTION_METRICS)}.")
