"""Metrics of classification by scores: is the right class first, and how well does a class find its clips?

Each clip may have one label or several. Conventions as in `ranks.py`: ties are broken against the system, a score that is not finite is an
error. Every figure comes with values of single clips that it is the mean of, so that `confidence.py` can say how sure it is; also average
precision, whose values are the jackknife's: what the figure would be without each clip, in one pass and exactly (Miller, "The jackknife:
a review", Biometrika 1974).

Legend: `N` clips, `C` classes, `P` clips of one class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.confidence import Interval
from hearken.metrics.ranks import Ranks, ranks_of
from hearken.metrics.relevance import IntArray, Relevance
from hearken.metrics.scores import TableScores

FloatArray = NDArray[np.float64]
ScoreTable = NDArray[np.floating]
_Z = 1.959963984540054  # 95 % of a normal distribution lie so many deviations around its mean


@dataclass(frozen=True, eq=False)
class Macro:
    """A figure of each class: `of_classes` (C,), NaN for a class without a clip; the mean of the others is `value`.

    `values` (N,) have the mean `value`, and `class_values` (N, C) the means `of_classes`: the jackknife's pseudo-values, moved to that mean.
    They are what an interval is made of. Without its only clip a class is no class, and the mean is that of the others; of such a class alone
    nothing can be said about how sure its figure is, and its `class_values` are all alike.
    """

    value: float
    of_classes: FloatArray
    values: FloatArray
    class_values: FloatArray


def class_ranks(scores: ScoreTable, labels: Relevance) -> Ranks:
    """Return where the labels of each clip stand among all classes: `scores` (N, C), `labels` N clips to C classes.

    Raises InputError as `ranks_of`: other shapes, scores that are not finite, a clip without a label.
    """
    return ranks_of(TableScores(scores), labels)


def top_k(ranks: Ranks, k: int) -> FloatArray:
    """Return (N,): 1 where any label of the clip is among the first k classes, else 0. Its mean is top-k accuracy.

    Raises InputError unless k is from 1 to C; a k of all classes would say nothing, but is allowed.
    """
    if not 1 <= k <= ranks.num_items:
        raise InputError(f"k must be between 1 and the number of classes, {ranks.num_items}; it is {k}.")
    return np.asarray(ranks.values[ranks.starts[:-1]] <= k, np.float64)


def predicted(scores: ScoreTable, labels: Relevance) -> IntArray:
    """Return the class that comes first for each clip (N,); of several with the best score, one that is wrong, if there is one.

    So top-1 accuracy is the share of clips whose predicted class is a label. Raises InputError for other shapes.
    """
    if scores.shape != (labels.num_queries, labels.num_items):
        raise InputError(f"Scores {scores.shape} and labels {(labels.num_queries, labels.num_items)} must agree.")
    best = scores == scores.max(axis=1, keepdims=True)
    wrong = best & ~labels.to_matrix()
    return np.asarray(np.where(wrong.any(axis=1), wrong.argmax(axis=1), best.argmax(axis=1)), np.int64)


def confusion(first: IntArray, labels: Relevance) -> IntArray:
    """Return how often class j came `first` (N,) for clips of class i: (C, C).

    A clip whose first class is one of its labels counts there, on the diagonal, once; any other counts in the row of each of its labels.
    With one label a clip this is the usual confusion matrix, and its sum is N.
    """
    table = np.zeros((labels.num_items, labels.num_items), np.int64)
    instead = first[labels.queries]
    right = np.zeros(labels.num_queries, bool)
    right[labels.queries[labels.items == instead]] = True
    np.add.at(table, (first[right], first[right]), 1)
    missed = ~right[labels.queries]
    np.add.at(table, (labels.items[missed], instead[missed]), 1)
    return table


def macro_average_precision(scores: ScoreTable, labels: Relevance) -> Macro:
    """Return the average precision of each class over all clips, and its mean over the classes that have a clip (mAP, macro).

    For each class the clips are ranked by their score for it; AP is the mean over its clips of the precision at their ranks, ties against the
    system. It agrees with scikit-learn's `average_precision_score` where no scores are equal. Raises InputError for other shapes, scores
    that are not finite, and a clip without a label.
    """
    ranks_of(TableScores(scores), labels)  # the shapes, the scores and the labels are as they must be
    by_class = labels.transposed()
    of_classes, without = np.full(scores.shape[1], np.nan), np.full(scores.shape, np.nan)
    for number in np.flatnonzero(by_class.counts):
        of_classes[number], without[:, number] = _with_and_without(scores[:, number], by_class.of(int(number)))
    return _macro(of_classes, without)


def macro_recall(first: IntArray, labels: Relevance) -> Macro:
    """Return the recall of each class, of its clips the share for which it is the class that comes `first` (N,), and its mean over classes.

    With one label a clip that is balanced accuracy.
    """
    counts = labels.transposed().counts
    is_first = first[labels.queries] == labels.items
    hits = np.bincount(labels.items[is_first], minlength=labels.num_items)
    of_classes = np.where(counts > 0, hits / np.maximum(counts, 1), np.nan)
    without = np.tile(of_classes, (labels.num_queries, 1))
    others = counts[labels.items] - 1
    left = (hits[labels.items] - is_first) / np.maximum(others, 1)
    without[labels.queries, labels.items] = np.where(others > 0, left, np.nan)
    return _macro(of_classes, without)


def chance_top_k(num_labels: IntArray, num_classes: int, k: int) -> float:
    """Return the top-k accuracy of an order of classes drawn at random, for clips with `num_labels` (N,) labels each.

    With one label it is k / C; with m, 1 less the share of draws of k out of C that miss all m.
    """
    missed = [math.comb(num_classes - int(m), k) / math.comb(num_classes, k) for m in num_labels]
    return 1.0 - sum(missed) / len(missed)


def chance_average_precision(num_relevant: int, num_clips: int) -> float:
    """Return the expected AP of a random order of N clips, P of which are right: (H + (P - 1) / (N - 1) (N - H)) / N, H the Nth harmonic number.

    It is above P / N, most so where clips are few.
    """
    harmonic = float((1.0 / np.arange(1, num_clips + 1)).sum())
    others = (num_relevant - 1) / (num_clips - 1) * (num_clips - harmonic) if num_clips > 1 else 0.0
    return (harmonic + others) / num_clips


def wilson(hits: int, num: int) -> Interval:
    """Return the share `hits` / `num` and its 95 % interval after Wilson (1927), which does not shrink to nothing at 0 of 5 or 5 of 5.

    That is for classes of few clips, which the jackknife would call sure. Raises InputError unless 0 <= hits <= num and num > 0.
    """
    if not 0 <= hits <= num or num < 1:
        raise InputError(f"{hits} of {num} is no share.")
    share, spread = hits / num, _Z * _Z / num
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return Interval(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)), "wilson")


def _macro(of_classes: FloatArray, without: FloatArray) -> Macro:
    """The mean over classes of their figures (C,), from these and what each is `without` each clip (N, C); NaN where there is none."""
    num_clips, kept = len(without), ~np.isnan(of_classes)
    present = ~np.isnan(without[:, kept])
    totals, counts = np.where(present, without[:, kept], 0.0).sum(axis=1), present.sum(axis=1)
    value = float(of_classes[kept].mean())
    means = np.where(counts > 0, totals / np.maximum(counts, 1), value)
    filled = np.where(np.isnan(without), of_classes, without)
    values = value + (num_clips - 1) * (means.mean() - means)
    return Macro(value, of_classes, np.asarray(values, np.float64), of_classes + (num_clips - 1) * (filled.mean(axis=0) - filled))


def _with_and_without(column: ScoreTable, relevant: IntArray) -> tuple[float, FloatArray]:
    """AP of one class from the scores of all clips (N,) for it, and the AP without each clip (N,); NaN where the class then has none.

    The clip with rank r that is the j-th right one gives j / r. Without a wrong clip before it, it gives j / (r - 1); without a right one
    before it, (j - 1) / (r - 1): sums from the top and from the bottom are all there is to it.
    """
    is_right = np.zeros(len(column), bool)
    is_right[relevant] = True
    order = np.lexsort((is_right, -column))  # the last key sorts first; wrong before right inside a tie
    ranked = is_right[order]
    places, ranks = np.cumsum(ranked), np.arange(1, len(column) + 1)
    shorter = np.maximum(ranks - 1, 1)
    here = np.where(ranked, places / ranks, 0.0)
    before = np.cumsum(here) - here
    after_wrong, after_right = (_after(np.where(ranked, numbers / shorter, 0.0)) for numbers in (places, places - 1))
    num = len(relevant)
    of_wrong = (before + after_wrong) / num
    of_right = (before + after_right) / (num - 1) if num > 1 else np.full(len(column), np.nan)
    without = np.empty(len(column))
    without[order] = np.where(ranked, of_right, of_wrong)
    return float(here.sum() / num), without


def _after(values: FloatArray) -> FloatArray:
    """What comes after each of `values` (N,), summed."""
    return np.asarray(np.cumsum(values[::-1])[::-1] - values, np.float64)
