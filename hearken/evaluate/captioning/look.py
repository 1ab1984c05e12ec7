"""A closer look at captions: the clips that they fit worst and best, and how long, how rich and how much alike they are.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hearken.evaluate.captioning.figures import CaptionEvaluation
from hearken.evaluate.captioning.scores import main_metric
from hearken.metrics.captioning.tokens import ptb


@dataclass(frozen=True)
class SeenClip:
    """A clip with its machine-made caption, its references, and the `value` of `metric`."""

    clip: str
    candidate: str
    references: tuple[str, ...]
    metric: str
    value: float


@dataclass(frozen=True)
class WordStatistics:
    """How captions are: words of a caption (mean), different words in all of them, and the share of captions that differ from all before.

    `unknown` is the share of different words that no reference has; None for references themselves.
    """

    num_captions: int
    mean_words: float
    num_words: int
    distinct: float
    unknown: float | None = None


def extremes(evaluation: CaptionEvaluation, count: int, *, best: bool = False) -> list[SeenClip]:
    """Return the `count` clips that are described worst (or `best`), worst first, by CIDEr-D, or else the first metric that has values.

    Of clips that are equally bad the other metrics decide, in their order, and at last their own; none where no metric has values.
    """
    names = [name for name in evaluation.figures if name in evaluation.values]
    if not names or count < 1:
        return []
    main = main_metric(names)
    sign = -1.0 if best else 1.0
    keys = [sign * evaluation.values[name] for name in (main, *(name for name in names if name != main))]
    order = np.lexsort([np.arange(len(keys[0])), *reversed(keys)])
    task, values = evaluation.task, evaluation.values[main]
    return [
        SeenClip(task.clips[at], evaluation.candidates[at], task.references[at], main, float(values[at])) for at in order[:count].tolist()
    ]


def candidate_statistics(evaluation: CaptionEvaluation) -> WordStatistics:
    """Return how the machine-made captions are."""
    known = {word for own in evaluation.task.references for text in own for word in ptb(text)}
    return _statistics(evaluation.candidates, known)


def reference_statistics(evaluation: CaptionEvaluation) -> WordStatistics:
    """Return how the references are, all of all clips."""
    return _statistics(text for own in evaluation.task.references for text in own)


def median_words(captions: Iterable[str]) -> float:
    """Return how many words the caption in the middle has."""
    return float(np.median([len(ptb(caption)) for caption in captions]))


def _statistics(captions: Iterable[str], known: set[str] | None = None) -> WordStatistics:
    words = [tuple(ptb(caption)) for caption in captions]
    different = {word for caption in words for word in caption}
    unknown = None if known is None else len(different - known) / max(1, len(different))
    return WordStatistics(len(words), sum(map(len, words)) / len(words), len(different), len(set(words)) / len(words), unknown)
