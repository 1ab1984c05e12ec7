"""Zero-shot classification: the class whose description lies nearest to a clip, on clips with labels.

A clip may have one label (ESC-50) or several (FSD50K). Figures: top-1 and top-5, the share of clips that have any of their labels among
the first one or five classes; `recall`, the mean over classes of the share of their clips for which they come first; and mAP, macro, for
which each class ranks all clips. All with intervals, and with what chance would give. Like figures of retrieval, mAP depends on how many
clips there are: it falls as they grow in number, and its interval is for sets of this size.

Legend: `N` clips, `C` classes, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError
from hearken.evaluate.templates import TEMPLATES, class_vectors
from hearken.evaluate.unit_text import EncodeText, FloatTable, unit
from hearken.metrics.classification import (
    Macro,
    chance_average_precision,
    chance_top_k,
    class_ranks,
    confusion,
    macro_average_precision,
    macro_recall,
    predicted,
    top_k,
    wilson,
)
from hearken.metrics.confidence import Interval, jackknife
from hearken.metrics.relevance import IntArray, Relevance
from hearken.metrics.scores import VectorScores

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is found: `recall`, of its clips, those for which it comes first; `precision`, of those for which it comes first, its own.

    `precision` is None where the class never comes first, `average_precision` where it has no clip, as `recall`. The first two have
    Wilson's intervals, which take clips as independent; the last has none for a class with one clip.
    """

    name: str
    num_clips: int
    num_predicted: int
    recall: Interval | None
    precision: Interval | None
    average_precision: Interval | None


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """What came out. `figures` by name ("top-1", "top-5", "recall", "mAP"), shares of 1, and what `chance` gives for each; "majority" is
    the top-1 of one who always says the commonest label.

    `clips` (N,) are the numbers of the clips that have a label; `without_label` says how many others were left out. `values` has for each
    figure the value of each clip (N,); `first` (N,) is the class that came first, `ranks` (N,) where the best of its labels stands,
    `scores` (N, C). `table` (C, C) counts clips by label and by the class that came first (`metrics/classification.py`).
    """

    classes: tuple[str, ...]
    templates: tuple[str, ...]
    labels: Relevance
    figures: dict[str, Interval]
    chance: dict[str, float]
    of_classes: tuple[ClassFigures, ...]
    table: IntArray
    clips: IntArray
    without_label: int
    values: dict[str, FloatArray]
    first: IntArray
    ranks: IntArray
    scores: NDArray[np.floating]

    @property
    def classes_without_clip(self) -> tuple[str, ...]:
        """Classes that no clip has: they can come first, wrongly, and are in no mean over classes."""
        return tuple(each.name for each in self.of_classes if not each.num_clips)


def zero_shot(
    clip_vectors: FloatTable,
    labels: Sequence[Sequence[str]],
    encode_text: EncodeText,
    templates: Sequence[str] = TEMPLATES["plain"].templates,
    *,
    classes: Sequence[str] | None = None,
    clusters: IntArray | None = None,
) -> ZeroShot:
    """Classify clips by their vectors (N, D) and return how often that is right; `labels` (N) are the labels of each.

    `classes` are all that may come first, by default every label that a clip has, in alphabetical order. `clusters` (N,) say which clips
    were cut from one recording: then the jackknife leaves out recordings, not clips.

    Raises EvaluationError for another number of labels than vectors, no label at all, a label outside `classes`, fewer than two classes,
    and what `class_vectors` raises.
    """
    if len(labels) != len(clip_vectors) or (clusters is not None and len(clusters) != len(clip_vectors)):
        raise EvaluationError(f"There are vectors of {len(clip_vectors)} clips, and labels of {len(labels)}.")
    kept = np.array([number for number, own in enumerate(labels) if own], np.int64)
    names, owned = _owned([labels[number] for number in kept], classes)
    vectors = unit(clip_vectors[kept], [f"clip {number}" for number in kept])
    scores = VectorScores(vectors, class_vectors(names, encode_text, templates)).rows(0, len(kept))
    precision = macro_average_precision(scores, owned)
    ranks, first = class_ranks(scores, owned), predicted(scores, owned)
    table = confusion(first, owned)
    values = {f"top-{k}": top_k(ranks, k) for k in (1, 5) if k < len(names)}
    values |= {"recall": macro_recall(first, owned).values, "mAP": precision.values}
    groups = None if clusters is None else np.asarray(clusters)[kept]
    figures = {name: jackknife(each, groups) for name, each in values.items()}
    best = ranks.values[ranks.starts[:-1]]
    of_classes = _of_classes(names, first, owned, precision, groups)
    return ZeroShot(
        names, tuple(templates), owned, figures, _chance(owned, tuple(values)), of_classes, table, kept, len(labels) - len(kept), values, first,
        best, scores,
    )  # fmt: skip


def _owned(labels: list[Sequence[str]], classes: Sequence[str] | None) -> tuple[tuple[str, ...], Relevance]:
    """The names of the classes, and which of them each clip has."""
    names = tuple(classes) if classes is not None else tuple(sorted({name for own in labels for name in own}))
    if not labels:
        raise EvaluationError("No clip has a label.", "A table has them in its column tags.")
    if len(set(names)) < max(2, len(names)):
        raise EvaluationError(f"{len(set(names))} different classes of {len(names)}: two at least are needed, each once.")
    places = {name: place for place, name in enumerate(names)}
    unknown = [name for own in labels for name in own if name not in places]
    if unknown:
        raise EvaluationError(f"{len(unknown)} labels are none of the {len(names)} classes; the first is {unknown[0]!r}.")
    return names, Relevance.from_lists([[places[name] for name in own] for own in labels], len(names))


def _of_classes(
    names: tuple[str, ...], first: IntArray, labels: Relevance, precision: Macro, clusters: IntArray | None
) -> tuple[ClassFigures, ...]:
    counts, told = labels.transposed().counts, np.bincount(first, minlength=len(names))
    right = np.bincount(labels.items[first[labels.queries] == labels.items], minlength=len(names))
    found = []
    for number, name in enumerate(names):
        clips, said, hits = int(counts[number]), int(told[number]), int(right[number])
        area = _of_class(precision, number, clips, clusters)
        found.append(ClassFigures(name, clips, said, wilson(hits, clips) if clips else None, wilson(hits, said) if said else None, area))
    return tuple(found)


def _of_class(precision: Macro, number: int, num_clips: int, clusters: IntArray | None) -> Interval | None:
    """A class's average precision; of one with a single clip, nobody can say how sure it is."""
    if num_clips > 1:
        return jackknife(precision.class_values[:, number], clusters)
    value = float(precision.of_classes[number])
    return Interval(value, value, value) if num_clips else None


def _chance(labels: Relevance, names: tuple[str, ...]) -> dict[str, float]:
    """What an order drawn at random gives for each figure, and the share of clips that have the commonest label."""
    counts = labels.transposed().counts
    found = {name: chance_top_k(labels.counts, labels.num_items, int(name[4:])) for name in names if name.startswith("top-")}
    areas = [chance_average_precision(int(count), labels.num_queries) for count in counts if count]
    return found | {"recall": 1 / labels.num_items, "mAP": float(np.mean(areas)), "majority": float(counts.max()) / labels.num_queries}
