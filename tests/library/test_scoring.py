import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.library import scoring
from hearken.library.scoring import inner_products, numkong_kernel, numpy_kernel


def test_inner_products_by_hand():
    rows = np.array([[1, 0, 0], [0, 0.5, 0], [0.25, 0.25, 0.25]], np.float16)
    queries = np.array([[1, 2, 3], [0, -1, 0]], np.float32)
    expected = [[1.0, 1.0, 1.5], [0.0, -0.5, -0.25]]
    assert inner_products(rows, queries).tolist() == expected
    assert inner_products(rows, queries).dtype == np.float32


def test_no_rows_and_no_queries():
    assert inner_products(np.zeros((0, 3), np.float16), np.zeros((2, 3), np.float32)).shape == (2, 0)
    assert inner_products(np.zeros((5, 3), np.float16), np.zeros((0, 3), np.float32)).shape == (0, 5)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 3), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_scores_of_unit_vectors_equal_float64(dim, num_queries, num_rows, seed):
    generator = np.random.default_rng(seed)
    rows, queries = (generator.standard_normal((count, dim)) for count in (num_rows, num_queries))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    exact = queries.astype(np.float64) @ rows.astype(np.float64).T
    np.testing.assert_allclose(inner_products(rows, queries), exact, atol=2e-7)


@pytest.mark.parametrize("kernel", [numkong_kernel, numpy_kernel])
def test_both_kernels_agree_with_float64(kernel):
    generator = np.random.default_rng(3)
    rows = (generator.standard_normal((1000, 384)) / 20).astype(np.float16)
    queries = (generator.standard_normal((2, 384)) / 20).astype(np.float32)
    exact = queries.astype(np.float64) @ rows.astype(np.float64).T
    np.testing.assert_allclose(scoring._products(rows, queries, kernel), exact, atol=5e-7)


def test_equal_rows_have_equal_scores_wherever_they_lie():
    generator = np.random.default_rng(4)
    row = (generator.standard_normal(384) / 20).astype(np.float16)
    query = (generator.standard_normal((1, 384)) / 20).astype(np.float32)
    rows = np.repeat(row[None], 3 * 8192 + 5, axis=0)
    assert len(np.unique(inner_products(rows, query))) == 1
    assert inner_products(rows[:1], query)[0, 0] == inner_products(rows, query)[0, -1]


def test_numpy_is_the_way_out_where_numkong_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numkong", None)
    scoring._kernel.cache_clear()
    try:
        assert scoring._kernel() is numpy_kernel
        assert inner_products(np.array([[0.5, 0.5]], np.float16), np.array([[1, 1]], np.float32)).tolist() == [[1.0]]
    finally:
        scoring._kernel.cache_clear()


def test_queries_of_another_size_are_refused():
    with pytest.raises(InputError, match="cannot be compared with vectors of size 3"):
        inner_products(np.zeros((2, 3), np.float16), np.zeros((1, 4), np.float32))
