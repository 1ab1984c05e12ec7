"""Average precision and precision at k: by hand, and against a naive definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics.retrieval import average_precision, average_precision_at, precision_at, recall_at


def test_average_precision_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]])
    relevant = np.array([[True, False, True, False], [True, False, False, False]])
    np.testing.assert_allclose(average_precision(scores, relevant), [(1 / 1 + 2 / 3) / 2, 1 / 4])


def test_precision_at_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6]])
    relevant = np.array([[True, False, True, False]])
    assert [precision_at(scores, relevant, k)[0] for k in (1, 2, 3, 4)] == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])


def test_fault_E1_constant_scores_gain_nothing() -> None:
    relevant = np.zeros((1, 1000), bool)
    relevant[0, 0] = True
    assert average_precision(np.zeros((1, 1000)), relevant)[0] == pytest.approx(1 / 1000)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_fault_E1_non_finite_scores_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="finite"):
        average_precision(np.array([[0.0, bad]]), np.array([[True, False]]))


def test_query_without_relevant_clip_is_refused() -> None:
    with pytest.raises(InputError, match="Query 1 has no relevant clip"):
        average_precision(np.zeros((2, 2)), np.array([[True, False], [False, False]]))


def test_shapes_must_agree() -> None:
    with pytest.raises(InputError, match="must both be"):
        average_precision(np.zeros((1, 2)), np.ones((1, 3), bool))


@pytest.mark.parametrize("k", [0, 3])
def test_k_outside_the_ranking_is_refused(k: int) -> None:
    with pytest.raises(InputError, match="k must be between 1"):
        precision_at(np.zeros((1, 2)), np.ones((1, 2), bool), k)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=12).filter(lambda rows: any(hit for _, hit in rows)))
@settings(max_examples=200, deadline=None)
def test_average_precision_equals_the_definition(rows: list[tuple[int, bool]]) -> None:
    scores, relevant = np.array([[float(score) for score, _ in rows]]), np.array([[hit for _, hit in rows]])
    ranked = sorted(rows, key=lambda row: (-row[0], row[1]))
    ranks = [rank for rank, (_, hit) in enumerate(ranked, start=1) if hit]
    expected = sum((i + 1) / rank for i, rank in enumerate(ranks)) / len(ranks)
    assert average_precision(scores, relevant)[0] == pytest.approx(expected)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_fault_E2_order_of_clips_does_not_matter(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, relevant = draw.integers(0, 5, (2, 20)).astype(float), draw.random((2, 20)) < 0.3
    relevant[:, 0] = True
    order = draw.permutation(20)
    np.testing.assert_allclose(average_precision(scores, relevant), average_precision(scores[:, order], relevant[:, order]))


def test_average_precision_at_ten_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6]])
    relevant = np.array([[0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 1]], bool)
    assert average_precision_at(scores, relevant, 10) == pytest.approx([1 / 3, (1 + 2 / 3) / 2, 1 / 4])
    assert average_precision_at(scores, relevant, 2) == pytest.approx([0.0, 1 / 2, 0.0]), "two could have been in the first two"
    many = np.ones((1, 4), bool)
    assert average_precision_at(scores[:1], many, 2) == pytest.approx([1.0]), "no more than k can be reached"
    assert recall_at(scores, relevant, 1).tolist() == [0.0, 1.0, 0.0]
    assert recall_at(scores, relevant, 3).tolist() == [1.0, 1.0, 0.0]
    assert recall_at(scores, relevant, 99).tolist() == [1.0, 1.0, 1.0]


def test_ties_gain_nothing_at_ten() -> None:
    scores, relevant = np.ones((1, 20)), np.eye(1, 20, dtype=bool)
    assert average_precision_at(scores, relevant, 10).tolist() == [0.0]
    assert recall_at(scores, relevant, 10).tolist() == [0.0]


@pytest.mark.parametrize("measure", [average_precision_at, recall_at])
def test_k_begins_at_one(measure: Callable[..., object]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        measure(np.ones((1, 2)), np.eye(1, 2, dtype=bool), 0)
