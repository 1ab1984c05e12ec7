"""Discounted gain by hand, against a naive definition, and that neither order nor blocks change it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics.graded import ndcg_at
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores
from tests.metrics import naive

CASES, AT_ONCE = 2_000, 8


def graded(grades: np.ndarray) -> tuple[Relevance, np.ndarray]:
    """Relevance and grades of a table, in which -1 is no grade."""
    return Relevance.from_matrix(grades >= 0), grades[grades >= 0]


def test_by_hand() -> None:
    relevance = Relevance.from_lists([[0, 1, 3]], 5)
    scores = TableScores(np.array([[0.5, 0.9, 0.8, 0.1, 0.0]]))
    gained = 20 + 90 / math.log2(4) + 50 / math.log2(5)
    best = 90 + 50 / math.log2(3) + 20 / math.log2(4)
    assert ndcg_at(scores, relevance, np.array([90.0, 20, 50]), 10) == pytest.approx([gained / best])
    assert ndcg_at(scores, relevance, np.array([90.0, 20, 50]), 1) == pytest.approx([20 / 90])


def test_the_best_order_is_one() -> None:
    relevance, grades = graded(np.array([[3.0, -1, 2, 1]]))
    assert ndcg_at(TableScores(np.array([[9.0, 0, 8, 7]])), relevance, grades, 3).tolist() == [1.0]


def test_fault_E1_ties_gain_nothing() -> None:
    relevance, grades = graded(np.array([[5.0, -1, 1, -1]]))
    best = 5 + 1 / math.log2(3)
    assert ndcg_at(TableScores(np.ones((1, 4))), relevance, grades, 4) == pytest.approx([(1 / math.log2(4) + 5 / math.log2(5)) / best])
    assert ndcg_at(TableScores(np.ones((1, 4))), relevance, grades, 2).tolist() == [0.0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 16), st.sampled_from([1, 2, 5, 10_000]))
@settings(max_examples=CASES // AT_ONCE, deadline=None)
def test_it_is_its_definition_and_keeps_its_bits(seed: int, num_queries: int, num_items: int, levels: int) -> None:
    for number in range(AT_ONCE):
        random = np.random.default_rng(seed + number)
        scores = random.integers(-levels, levels, (num_queries, num_items)) / 7
        grades = random.integers(-1, random.choice([2, 4, 101]), (num_queries, num_items)).astype(float)
        grades[np.arange(num_queries), random.integers(num_items, size=num_queries)] = 1.0
        relevance, flat = graded(grades)
        k = int(random.integers(1, num_items + 3))
        found = ndcg_at(TableScores(scores), relevance, flat, k)
        expected = [
            naive.ndcg(naive.ranking(row, (worth >= 0).tolist(), np.maximum(worth, 0).tolist()), k)
            for row, worth in zip(scores.tolist(), grades, strict=True)
        ]
        assert np.abs(found - expected).max() <= 1e-12
        items, queries = random.permutation(num_items), random.permutation(num_queries)
        moved = ndcg_at(TableScores(scores[queries][:, items]), *graded(grades[queries][:, items]), k, block=int(random.integers(1, 5)))
        assert np.array_equal(found[queries], moved)


@pytest.mark.parametrize("grades", [[1.0], [1.0, -0.5], [1.0, np.nan], [np.inf, 1.0]])
def test_grades_that_cannot_be_are_refused(grades: list[float]) -> None:
    with pytest.raises(InputError, match="finite grade of at least 0"):
        ndcg_at(TableScores(np.zeros((1, 3))), Relevance.from_lists([[0, 1]], 3), np.array(grades), 1)


def test_fault_E3_queries_without_a_grade_are_refused_and_counted() -> None:
    relevance = Relevance.from_lists([[0], [1], []], 3)
    with pytest.raises(InputError, match="2 queries have no item with a grade above 0; the first is number 1"):
        ndcg_at(TableScores(np.zeros((3, 3))), relevance, np.array([1.0, 0.0]), 1)


def test_k_begins_at_one() -> None:
    with pytest.raises(InputError, match="at least 1"):
        ndcg_at(TableScores(np.zeros((1, 1))), Relevance.from_lists([[0]], 1), np.ones(1), 0)
