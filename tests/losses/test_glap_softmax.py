"""GLAP's softmax loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.glap_softmax import GlapSoftmax  # noqa: E402
from hearken.losses.regularizer import regularizer  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402
from tests.losses.test_nt_xent import SCORES  # noqa: E402


def test_each_clip_counts_once() -> None:
    pairs = pairs_of(SCORES, [7, 7, 8])
    expected = (math.log(2) + math.log(4 / 3)) / 3
    assert GlapSoftmax(regularize=False)(pairs).item() == pytest.approx(expected)
    assert GlapSoftmax()(pairs).item() == pytest.approx(expected + regularizer(pairs).item())


def test_without_weights_each_pair_does() -> None:
    value = GlapSoftmax(clip_weights=False, regularize=False)(pairs_of(SCORES, [7, 7, 8]))
    assert value.item() == pytest.approx((2 * math.log(2) + math.log(4 / 3)) / 3)


def test_weights_go_with_the_pair_in_both_directions() -> None:
    """Rows and columns that differ: pair 2 has its full weight in either."""
    scores = [[0, 0, math.log(2)], [0, 0, math.log(2)], [0, 0, 0]]
    rows, columns = math.log(4) / 2 * 2 + math.log(3), math.log(3) / 2 * 2 + math.log(5)
    assert GlapSoftmax(regularize=False)(pairs_of(scores, [7, 7, 8])).item() == pytest.approx((rows + columns) / 6)
