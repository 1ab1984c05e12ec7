"""Texts are encoded once, and have unit length."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.unit_text import unit, unit_texts


def test_each_text_is_encoded_once_and_comes_where_it_was_asked() -> None:
    asked: list[list[str]] = []

    def encode(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return np.array([[3.0 * len(text), 4.0 * len(text)] for text in texts])

    found = unit_texts([str(number % 70) for number in range(140)], encode)
    assert [len(texts) for texts in asked] == [64, 6]
    assert found == pytest.approx(np.tile([0.6, 0.8], (140, 1)))


def test_the_order_is_kept() -> None:
    vectors = {"a": [1.0, 0.0], "b": [0.0, 2.0]}
    assert unit_texts(["b", "a", "b"], lambda texts: np.array([vectors[text] for text in texts])).tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("vector", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_vector_without_direction_is_refused_by_name(vector: list[float]) -> None:
    with pytest.raises(EvaluationError, match="'bad' has no direction"):
        unit(np.array([[1.0, 0.0], vector]), ["good", "bad"])


def test_an_encoder_that_loses_texts_is_refused() -> None:
    with pytest.raises(EvaluationError, match="each of 2 texts"):
        unit_texts(["a", "b"], lambda texts: np.ones((1, 3)))
    with pytest.raises(EvaluationError, match="no text"):
        unit_texts([], lambda texts: np.ones((0, 3)))
