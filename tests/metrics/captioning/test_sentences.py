from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.captioning.sentences import faulty_similarity, sentence_similarity

VECTORS = {"x": (1.0, 0.0), "y": (0.0, 1.0), "xy": (0.6, 0.8)}


def encoder(texts: Sequence[str]) -> NDArray[np.float32]:
    assert len(set(texts)) == len(texts), "each text is embedded once"
    return np.array([VECTORS[text] for text in texts], np.float32)


def test_the_mean_cosine_with_the_references() -> None:
    score = sentence_similarity(["x", "xy"], [["x", "y", "y"], ["xy", "xy"]], encoder)
    assert score.per_item == pytest.approx([1 / 3, 1.0], abs=1e-6)
    assert score.value == pytest.approx(2 / 3, abs=1e-6)
    assert score.name == "sentence similarity"


@pytest.mark.parametrize("wrong", [np.ones((3, 2)), np.ones((2, 2)), np.full((2, 2), np.nan), np.ones(2)])
def test_an_encoder_of_something_else(wrong: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="sentence encoder"):
        sentence_similarity(["x"], [["y"]], lambda _: wrong)


def test_faults_leave_a_tenth() -> None:
    plain = sentence_similarity(["x", "xy"], [["x"], ["xy"]], encoder)
    score = faulty_similarity(["a dog barks and a", "a dog barks"], plain)
    assert score.per_item == pytest.approx([0.1, 1.0], abs=1e-6)
    assert score.value == pytest.approx(0.55, abs=1e-6)
    with pytest.raises(InputError, match="1 candidates and 2"):
        faulty_similarity(["x"], plain)
