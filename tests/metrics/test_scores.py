"""Scores row by row: products of vectors are exact, so that copies tie and neither block nor order changes a bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics import scores as module
from hearken.metrics.scores import Scores, TableScores, VectorScores

SHAPES = [(1, 1, 1), (7, 33, 7), (40, 65, 64), (33, 130, 257), (130, 33, 1024)]


def vectors(seed: int, rows: int, width: int, *, unit: bool = True) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((rows, width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True) if unit else found).astype(np.float32)


def whole(scores: Scores) -> np.ndarray:
    return np.asarray(scores.rows(0, scores.shape[0]))


def test_a_table_is_itself() -> None:
    table = np.arange(6.0).reshape(2, 3)
    scores = TableScores(table)
    assert scores.shape == (2, 3)
    np.testing.assert_array_equal(scores.rows(1, 2), table[1:])
    np.testing.assert_array_equal(whole(scores.transposed()), table.T)


def test_whole_numbers_become_floats() -> None:
    rows = TableScores(np.array([[0, 200]], np.uint8)).rows(0, 1)
    assert (-rows).tolist() == [[0.0, -200.0]], "unsigned numbers would have no minus"


@pytest.mark.parametrize("table", [np.zeros(3), np.zeros((2, 2), complex), np.array([["a"]])])
def test_what_is_no_table_of_numbers_is_refused(table: np.ndarray) -> None:
    with pytest.raises(InputError, match="Scores are"):
        TableScores(table)


@pytest.mark.parametrize(("queries", "items"), [((3, 4), (2, 5)), ((4,), (2, 4)), ((3, 4), (4,))])
def test_vectors_must_be_of_one_width(queries: tuple[int, ...], items: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="one width"):
        VectorScores(np.zeros(queries), np.zeros(items))


@pytest.mark.parametrize(("num_queries", "num_items", "width"), SHAPES)
def test_products_are_those_of_the_vectors(num_queries: int, num_items: int, width: int) -> None:
    queries, items = vectors(1, num_queries, width), vectors(2, num_items, width)
    expected = queries.astype(np.float64) @ items.T.astype(np.float64)
    np.testing.assert_allclose(whole(VectorScores(queries, items)), expected, rtol=0, atol=4e-8)


def test_products_are_exact_sums_of_what_is_on_the_grid() -> None:
    queries, items = module._on_a_grid(vectors(3, 5, 50)), module._on_a_grid(vectors(4, 6, 50))
    found = whole(VectorScores(queries, items))
    for query, scores in zip(queries, found, strict=True):
        for item, score in zip(items, scores, strict=True):
            assert Fraction(float(score)) == sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(query, item, strict=True))


def test_what_is_on_the_grid_stays_there() -> None:
    once = module._on_a_grid(vectors(5, 20, 300, unit=False))
    np.testing.assert_array_equal(module._on_a_grid(once), once)


@pytest.mark.parametrize(("num_queries", "num_items", "width"), SHAPES[1:])
def test_the_order_of_dimensions_changes_no_bit(num_queries: int, num_items: int, width: int) -> None:
    queries, items = vectors(6, num_queries, width), vectors(7, num_items, width)
    order = np.random.default_rng(8).permutation(width)
    np.testing.assert_array_equal(whole(VectorScores(queries, items)), whole(VectorScores(queries[:, order], items[:, order])))


def test_plain_products_depend_on_the_order() -> None:
    """Else the grid would be of no use."""
    queries, items = vectors(6, 33, 257).astype(np.float64), vectors(7, 130, 257).astype(np.float64)
    order = np.random.default_rng(8).permutation(257)
    assert (queries @ items.T != queries[:, order] @ items[:, order].T).any()


@pytest.mark.parametrize("few", [0, 1 << 25], ids=["in blocks", "as a table"])
@pytest.mark.parametrize(("num_queries", "num_items", "width"), SHAPES)
def test_blocks_and_copies_change_no_bit(monkeypatch: pytest.MonkeyPatch, few: int, num_queries: int, num_items: int, width: int) -> None:
    queries, items = vectors(9, num_queries, width), vectors(10, num_items, width)
    expected = whole(VectorScores(queries, items))
    monkeypatch.setattr(module, "_FEW_SCORES", few)
    for block in (1, 2, 5, num_queries):
        scores = VectorScores(queries, items)
        parts = [scores.rows(start, min(start + block, num_queries)) for start in range(0, num_queries, block)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)
    np.testing.assert_array_equal(whole(VectorScores(queries, items).transposed()), expected.T)
    copied = whole(VectorScores(np.concatenate([queries, queries]), np.concatenate([items[::-1], items])))
    np.testing.assert_array_equal(copied, np.tile(np.hstack([expected[:, ::-1], expected]), (2, 1)))


def test_vectors_of_any_length() -> None:
    queries, items = vectors(11, 4, 30, unit=False) * 1e18, vectors(12, 5, 30, unit=False) * np.float32(1e-25)
    items[2] = 0.0
    expected = queries.astype(np.float64) @ items.T.astype(np.float64)
    np.testing.assert_allclose(whole(VectorScores(queries, items)), expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    assert (whole(VectorScores(queries, items))[:, 2] == 0).all()


def test_few_products_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = VectorScores(vectors(13, 6, 8), vectors(14, 5, 8))
    first = scores.rows(0, 6)
    assert np.shares_memory(first, scores.rows(2, 4))
    assert np.shares_memory(first, scores.transposed().rows(0, 5))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_so(bad: float) -> None:
    queries = np.ones((2, 3))
    queries[1, 1] = bad
    found = whole(VectorScores(queries, np.ones((2, 3))))
    assert np.isfinite(found[0]).all()
    assert not np.isfinite(found[1]).any()
