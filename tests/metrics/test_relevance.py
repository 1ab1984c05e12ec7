"""Ground truth as lists: the same whichever way it came, turned, and taken in part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics.relevance import Relevance

TABLE = np.array([[0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 0]], bool)
LISTS = [[3, 1, 1], [], [0, 2, 1]]


@pytest.mark.parametrize("relevance", [Relevance.from_matrix(TABLE), Relevance.from_lists(LISTS, 4)], ids=["matrix", "lists"])
def test_both_ways_in_say_the_same(relevance: Relevance) -> None:
    assert relevance.items.tolist() == [1, 3, 0, 1, 2]
    assert relevance.starts.tolist() == [0, 2, 2, 5]
    assert (relevance.num_queries, relevance.num_items) == (3, 4)
    assert relevance.counts.tolist() == [2, 0, 3]
    assert relevance.queries.tolist() == [0, 0, 2, 2, 2]
    assert relevance.of(2).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(relevance.to_matrix(), TABLE)


def test_turned_by_hand() -> None:
    turned = Relevance.from_lists(LISTS, 4).transposed()
    assert [turned.of(item).tolist() for item in range(4)] == [[2], [0, 2], [2], [0]]
    assert turned.num_items == 3


def test_nothing_is_a_relevance_too() -> None:
    empty = Relevance.from_lists([], 3)
    assert (empty.num_queries, empty.to_matrix().shape, empty.transposed().counts.tolist()) == (0, (0, 3), [0, 0, 0])


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_turning_and_taking_are_those_of_the_table(seed: int, num_queries: int, num_items: int) -> None:
    random = np.random.default_rng(seed)
    table = random.random((num_queries, num_items)) < 0.4
    relevance = Relevance.from_matrix(table)
    np.testing.assert_array_equal(relevance.transposed().to_matrix(), table.T)
    chosen = random.integers(num_queries, size=3 if num_queries else 0)
    np.testing.assert_array_equal(relevance.take(chosen).to_matrix(), table[chosen])


@pytest.mark.parametrize("number", [-1, 4])
def test_items_that_do_not_exist_are_refused(number: int) -> None:
    with pytest.raises(InputError, match="numbered from 0 to 3"):
        Relevance.from_lists([[0], [number]], 4)


def test_a_table_has_two_sides() -> None:
    with pytest.raises(InputError, match="table of queries by items"):
        Relevance.from_matrix(np.zeros(3, bool))
