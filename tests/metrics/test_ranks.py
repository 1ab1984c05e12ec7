"""Ranks by hand; ties against the system; blocks, tables, vectors and lists say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics import scores as scores_module
from hearken.metrics.ranks import Ranks, best_items, ranks_and_order, ranks_of, ranks_of_lists, ranks_of_tables
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores, VectorScores


def of(ranks: Ranks) -> list[list[int]]:
    return [ranks.values[start:stop].tolist() for start, stop in zip(ranks.starts[:-1], ranks.starts[1:], strict=True)]


def test_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4], [5, 5, 5, 1]])
    ranks = ranks_of_tables(scores, np.array([[1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 1, 1]], bool))
    assert of(ranks) == [[1, 3], [4], [2, 3, 4]]
    assert ranks.queries.tolist() == [0, 0, 1, 2, 2, 2]
    assert ranks.places.tolist() == [1, 2, 1, 1, 2, 3]
    assert ranks.num_relevant.tolist() == [2, 1, 3]
    assert (ranks.num_items, ranks.depth, ranks.is_complete) == (4, None, True)


def test_many_relevant_items_are_sorted_and_few_are_compared() -> None:
    random = np.random.default_rng(1)
    scores = random.integers(0, 9, (3, 60)).astype(np.float32)
    relevant = np.zeros((3, 60), bool)
    for row, number in zip(relevant, (16, 17, 60), strict=True):
        row[random.permutation(60)[:number]] = True
    for row, hits, found in zip(scores, relevant, of(ranks_of_tables(scores, relevant)), strict=True):
        order = np.lexsort((hits, -row))
        assert found == (np.flatnonzero(hits[order]) + 1).tolist()


def test_the_order_says_whose_ranks_they_are() -> None:
    relevance = Relevance.from_lists([[0, 2], [1, 2, 3]], 4)
    table = TableScores(np.array([[1, 2, 3, 4.0], [0, 7, 7, 8.0]]))
    ranks, order = ranks_and_order(table, relevance, np.array([1, 1, 5, 2, 1.0]))
    assert of(ranks) == [[2, 4], [1, 2, 3]]
    assert order.tolist() == [1, 0, 4, 3, 2], "of equal scores the lower grade first"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (2, 3)])
def test_fault_E1_what_is_not_finite_is_refused(bad: float, place: tuple[int, int]) -> None:
    scores = np.zeros((3, 4))
    scores[place] = bad
    with pytest.raises(InputError, match=f"finite, and one of query {place[0]} is not"):
        ranks_of_tables(scores, np.ones((3, 4), bool))
    with pytest.raises(InputError, match=f"finite, and one of query {place[0]} is not"):
        best_items(TableScores(scores), 1, block=2)


def test_fault_E1_vectors_that_are_not_finite_are_refused() -> None:
    items = np.ones((3, 2), np.float32)
    items[1, 0] = np.nan
    with pytest.raises(InputError, match="finite, and one of query 0 is not"):
        ranks_of(VectorScores(np.ones((2, 2), np.float32), items), Relevance.from_lists([[0], [1]], 3))


def test_fault_E1_huge_scores_are_scores() -> None:
    scores = np.array([[1e300, 1.7e308, -1.7e308, 1.7e308]])
    assert of(ranks_of_tables(scores, np.array([[True, False, True, False]]))) == [[3, 4]], "their sum is infinite, they are not"


def test_fault_E1_constant_scores_come_last() -> None:
    assert of(ranks_of_tables(np.ones((2, 1000)), np.eye(2, 1000, dtype=bool))) == [[1000], [1000]]


def test_fault_E3_queries_without_an_answer_are_refused_and_counted() -> None:
    relevance = Relevance.from_lists([[0], [], [1], []], 2)
    for ranked in (lambda: ranks_of(TableScores(np.zeros((4, 2))), relevance), lambda: ranks_of_lists([[0]] * 4, relevance, depth=1)):
        with pytest.raises(InputError, match="2 queries have no relevant item; the first is number 1"):
            ranked()


def test_shapes_must_agree() -> None:
    with pytest.raises(InputError, match="must agree"):
        ranks_of(TableScores(np.zeros((1, 2))), Relevance.from_lists([[0]], 3))


def test_no_queries_have_no_ranks() -> None:
    ranks = ranks_of_tables(np.zeros((0, 3)), np.zeros((0, 3), bool))
    assert (len(ranks.values), ranks.num_queries) == (0, 0)


@pytest.mark.parametrize("block", [0, -1])
def test_a_block_is_not_empty(block: int) -> None:
    with pytest.raises(InputError, match="at least one query"):
        ranks_of(TableScores(np.zeros((1, 2))), Relevance.from_lists([[0]], 2), block=block)


def test_progress_is_told_by_blocks() -> None:
    told: list[tuple[int, int | None]] = []
    relevance = Relevance.from_lists([[0]] * 5, 2)
    ranks_of(TableScores(np.zeros((5, 2))), relevance, block=2, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 12), st.sampled_from([1, 2, 5, 1000]))
@settings(max_examples=150, deadline=None)
def test_fault_E2_copies_in_vectors_tie(seed: int, num_queries: int, num_items: int, width: int) -> None:
    """Items that are there twice, one right and one wrong: the right one is always behind."""
    random = np.random.default_rng(seed)
    items, queries = random.standard_normal((num_items, width)), random.standard_normal((num_queries, width))
    order = random.permutation(2 * num_items)
    doubled = np.concatenate([items, items])[order]
    right = np.array([[int(np.flatnonzero(order == random.integers(num_items))[0])] for _ in range(num_queries)])
    ranks = ranks_of(VectorScores(queries, doubled), Relevance.from_lists(right, 2 * num_items), block=int(random.integers(1, 4)))
    assert (ranks.values % 2 == 0).all(), "copies stand in pairs, and the relevant one is the second"


def test_fault_E2_one_table_and_blocks_give_the_same_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    queries, items = random.standard_normal((90, 40)), random.standard_normal((70, 40))
    items[35:] = items[:35]
    relevance = Relevance.from_matrix(random.random((90, 70)) < 0.1).take(np.arange(90))
    relevance = Relevance.from_lists([[*relevance.of(query).tolist(), query % 70] for query in range(90)], 70)
    expected = ranks_of(VectorScores(queries, items), relevance)
    turned = ranks_of(VectorScores(queries, items).transposed(), relevance.transposed())
    monkeypatch.setattr(scores_module, "_FEW_SCORES", 0)
    for block in (1, 7, 90):
        np.testing.assert_array_equal(ranks_of(VectorScores(queries, items), relevance, block=block).values, expected.values)
        again = ranks_of(VectorScores(queries, items).transposed(), relevance.transposed(), block=block)
        np.testing.assert_array_equal(again.values, turned.values)


def test_lists_by_hand() -> None:
    relevance = Relevance.from_lists([[0, 3], [1], [4], [2]], 5)
    ranks = ranks_of_lists([[3, 1, 0], [0, 2], [-1, 99, 4], []], relevance, depth=3)
    assert of(ranks) == [[1, 3], [], [3], []]
    assert ranks.num_relevant.tolist() == [2, 1, 1, 1]
    assert (ranks.depth, ranks.num_items, ranks.is_complete) == (3, 5, False)


def test_an_item_that_comes_twice_counts_once_and_takes_both_places() -> None:
    ranks = ranks_of_lists(np.array([[1, 1, 0], [0, 2, 0]]), Relevance.from_lists([[0, 1], [0]], 3), depth=3)
    assert of(ranks) == [[1, 3], [1]]


def test_a_number_that_is_no_item_is_not_the_neighbours() -> None:
    """-1 in the list of query 1 is not the last item of query 0."""
    assert of(ranks_of_lists([[0], [-1, 1]], Relevance.from_lists([[2], [1]], 3), depth=2)) == [[], [2]]


@pytest.mark.parametrize(("lists", "said"), [([[0]], "1 lists and 2 queries"), ([[0], [0, 1, 2]], "query 1 has 3 items and not 2")])
def test_lists_that_do_not_fit_are_refused(lists: list[list[int]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ranks_of_lists(lists, Relevance.from_lists([[0], [1]], 3), depth=2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 10))
@settings(max_examples=150, deadline=None)
def test_lists_of_everything_are_the_ranking(seed: int, num_queries: int, num_items: int) -> None:
    random = np.random.default_rng(seed)
    scores = np.array([random.permutation(num_items) for _ in range(num_queries)], float)
    relevant = random.random((num_queries, num_items)) < 0.4
    relevant[np.arange(num_queries), random.integers(num_items, size=num_queries)] = True
    listed, _ = best_items(TableScores(scores), num_items)
    ranks = ranks_of_lists(listed, Relevance.from_matrix(relevant), depth=num_items)
    assert ranks.is_complete
    assert of(ranks) == of(ranks_of_tables(scores, relevant))


def test_best_items_by_hand() -> None:
    items, values = best_items(TableScores(np.array([[1, 3, 3, 2.0], [0, 0, 0, 0]])), 2)
    assert items.tolist() == [[1, 2], [0, 1]]
    assert values.tolist() == [[3, 3], [0, 0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([1, 3, 100]))
@settings(max_examples=150, deadline=None)
def test_best_items_are_the_first_of_a_stable_sort(seed: int, num_items: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    scores, k = random.integers(-levels, levels, (3, num_items)).astype(np.float32), int(random.integers(1, num_items + 1))
    items, values = best_items(TableScores(scores), k, block=int(random.integers(1, 5)))
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(items, expected)
    np.testing.assert_array_equal(values, np.take_along_axis(scores, expected, axis=1))


@pytest.mark.parametrize("k", [0, 3])
def test_no_more_than_all_items_are_the_best(k: int) -> None:
    with pytest.raises(InputError, match="between 1 and the number of items, 2"):
        best_items(TableScores(np.zeros((1, 2))), k)
