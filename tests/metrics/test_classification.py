"""Classification metrics, by hand and against naive references."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.classification import (
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
from hearken.metrics.relevance import Relevance

ONE = Relevance.from_lists([[0], [1], [2], [0]], 3)
SCORES = np.array([[0.9, 0.1, 0.2], [0.3, 0.2, 0.1], [0.5, 0.5, 0.5], [0.1, 0.8, 0.7]])


def naive_rank(row: np.ndarray, labels: set[int]) -> int:
    """The rank of the best label when, among equals, all wrong classes stand first."""
    order = sorted(range(len(row)), key=lambda number: (-row[number], number in labels))
    return next(place for place, number in enumerate(order, 1) if number in labels)


def naive_ap(column: np.ndarray, right: set[int]) -> float:
    order = sorted(range(len(column)), key=lambda number: (-column[number], number in right))
    hits, total = 0, 0.0
    for place, number in enumerate(order, 1):
        if number in right:
            hits += 1
            total += hits / place
    return total / len(right)


def random_case(generator: np.random.Generator) -> tuple[np.ndarray, list[list[int]]]:
    clips, classes = int(generator.integers(2, 9)), int(generator.integers(2, 6))
    scores = generator.integers(0, 4, (clips, classes)) / 3.0 if generator.random() < 0.7 else generator.random((clips, classes))
    most = int(generator.integers(1, classes))
    labels = [sorted(generator.choice(classes, int(generator.integers(1, most + 1)), replace=False).tolist()) for _ in range(clips)]
    return scores, labels


def test_accuracy_and_confusion_by_hand() -> None:
    ranks = class_ranks(SCORES, ONE)
    assert top_k(ranks, 1).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert top_k(ranks, 2).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert top_k(ranks, 3).tolist() == [1.0, 1.0, 1.0, 1.0]
    first = predicted(SCORES, ONE)
    assert first.tolist() == [0, 0, 0, 1]
    assert confusion(first, ONE).tolist() == [[1, 1, 0], [1, 0, 0], [1, 0, 0]]


def test_a_clip_of_several_labels_is_right_with_any_of_them() -> None:
    labels = Relevance.from_lists([[0, 1], [0, 1]], 3)
    scores = np.array([[0.1, 0.9, 0.2], [0.1, 0.2, 0.9]])
    assert top_k(class_ranks(scores, labels), 1).tolist() == [1.0, 0.0]
    assert confusion(predicted(scores, labels), labels).tolist() == [[0, 0, 1], [0, 1, 1], [0, 0, 0]]


def test_constant_scores_gain_nothing() -> None:
    scores = np.zeros((4, 3))
    assert top_k(class_ranks(scores, ONE), 1).sum() == 0
    assert top_k(class_ranks(scores, ONE), 2).sum() == 0
    assert np.trace(confusion(predicted(scores, ONE), ONE)) == 0
    found = macro_average_precision(scores, ONE)
    assert found.of_classes == pytest.approx([(1 / 3 + 2 / 4) / 2, 1 / 4, 1 / 4])


def test_2000_random_cases_against_naive_references() -> None:
    generator = np.random.default_rng(0)
    for _ in range(2000):
        scores, lists = random_case(generator)
        labels = Relevance.from_lists(lists, scores.shape[1])
        ranks = class_ranks(scores, labels)
        first = predicted(scores, labels)
        table = confusion(first, labels)
        among = np.stack([top_k(ranks, k) for k in range(1, scores.shape[1] + 1)])
        for clip, row in enumerate(scores):
            rank = naive_rank(row, set(lists[clip]))
            assert among[:, clip].tolist() == [float(rank <= k) for k in range(1, len(row) + 1)]
            assert (first[clip] in lists[clip]) == (rank == 1)
            assert row[first[clip]] == row.max()
        assert np.trace(table) == top_k(ranks, 1).sum()
        assert table.sum() == sum(1 if first[clip] in own else len(own) for clip, own in enumerate(lists))
        found = macro_average_precision(scores, labels)
        right = [{clip for clip, own in enumerate(lists) if number in own} for number in range(scores.shape[1])]
        expected = [naive_ap(scores[:, number], clips) if clips else math.nan for number, clips in enumerate(right)]
        np.testing.assert_allclose(found.of_classes, expected, atol=1e-12)
        assert found.value == pytest.approx(np.nanmean(expected), abs=1e-12)


def test_the_values_of_clips_are_those_of_leaving_each_out() -> None:
    generator = np.random.default_rng(1)
    checked = 0
    for _ in range(200):
        scores, lists = random_case(generator)
        labels = Relevance.from_lists(lists, scores.shape[1])
        found = macro_average_precision(scores, labels)
        without = []
        for left_out in range(len(scores)):
            kept = [clip for clip in range(len(scores)) if clip != left_out]
            without.append(macro_average_precision(scores[kept], labels.take(kept)).value)
        expected = found.value + (len(scores) - 1) * (np.mean(without) - np.array(without))
        np.testing.assert_allclose(found.values, expected, atol=1e-10)
        assert found.values.mean() == pytest.approx(found.value)
        seen = ~np.isnan(found.of_classes)
        np.testing.assert_allclose(found.class_values.mean(axis=0)[seen], found.of_classes[seen])
        checked += 1
    assert checked == 200


def test_macro_recall_by_hand_and_by_leaving_each_clip_out() -> None:
    found = macro_recall(predicted(SCORES, ONE), ONE)
    assert found.of_classes.tolist() == [0.5, 0.0, 0.0]
    # without clip 0: 0, 0, 0; without clip 1 or 2: that class is gone; without clip 3: 1, 0, 0
    without = np.array([0.0, 0.25, 0.25, 1 / 3])
    assert found.values == pytest.approx(0.5 / 3 + 3 * (without.mean() - without))
    generator = np.random.default_rng(4)
    for _ in range(200):
        scores, lists = random_case(generator)
        labels = Relevance.from_lists(lists, scores.shape[1])
        ours = macro_recall(predicted(scores, labels), labels)
        without = []
        for left_out in range(len(scores)):
            kept = [clip for clip in range(len(scores)) if clip != left_out]
            first, part = predicted(scores[kept], labels.take(kept)), [set(lists[clip]) for clip in kept]
            clips = [[first[place] == number for place, own in enumerate(part) if number in own] for number in range(scores.shape[1])]
            without.append(np.mean([np.mean(hits) for hits in clips if hits]))
        assert ours.values == pytest.approx(ours.value + (len(scores) - 1) * (np.mean(without) - np.array(without)), abs=1e-10)
        assert ours.values.mean() == pytest.approx(ours.value)


def test_the_order_of_clips_and_classes_changes_nothing() -> None:
    generator = np.random.default_rng(2)
    scores, lists = random_case(generator)
    clips, classes = generator.permutation(len(scores)), generator.permutation(scores.shape[1])
    new = {old: place for place, old in enumerate(classes.tolist())}
    turned = Relevance.from_lists([[new[number] for number in lists[clip]] for clip in clips], scores.shape[1])
    ours, theirs = (
        macro_average_precision(scores, Relevance.from_lists(lists, scores.shape[1])),
        macro_average_precision(scores[clips][:, classes], turned),
    )
    assert ours.value == pytest.approx(theirs.value)
    np.testing.assert_allclose(ours.values[clips], theirs.values)


@pytest.mark.parametrize(("relevant", "clips"), [(1, 1), (1, 4), (2, 5), (3, 3), (4, 6)])
def test_chance_of_average_precision_is_the_mean_over_all_orders(relevant: int, clips: int) -> None:
    found = [naive_ap(np.array(order, float), set(range(relevant))) for order in permutations(range(clips))]
    assert chance_average_precision(relevant, clips) == pytest.approx(np.mean(found))


def test_chance_of_top_k() -> None:
    assert chance_top_k(np.array([1, 1]), 50, 1) == pytest.approx(1 / 50)
    assert chance_top_k(np.array([1, 1]), 50, 5) == pytest.approx(5 / 50)
    assert chance_top_k(np.array([2]), 4, 2) == pytest.approx(1 - 1 / 6)
    assert chance_top_k(np.array([1, 2]), 4, 1) == pytest.approx((1 / 4 + 2 / 4) / 2)


def test_wilson_by_hand() -> None:
    assert wilson(5, 5).low == pytest.approx(0.56551, abs=1e-5)
    assert (wilson(5, 5).value, wilson(5, 5).high) == (1.0, 1.0)
    assert wilson(0, 5).high == pytest.approx(1 - 0.56551, abs=1e-5)
    half = wilson(50, 100)
    assert (half.low, half.high) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    with pytest.raises(InputError, match="0 of 0"):
        wilson(0, 0)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        class_ranks(np.array([[np.nan, 1.0]]), Relevance.from_lists([[0]], 2))
    with pytest.raises(InputError, match="agree"):
        predicted(SCORES, Relevance.from_lists([[0]], 3))
    with pytest.raises(InputError, match="no relevant"):
        macro_average_precision(SCORES, Relevance.from_lists([[0], [], [1], [2]], 3))
    with pytest.raises(InputError, match="between 1 and the number of classes, 3"):
        top_k(class_ranks(SCORES, ONE), 4)
