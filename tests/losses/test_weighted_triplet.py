"""The polynomial triplet loss by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.weighted_triplet import WeightedTriplet  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402
from tests.losses.test_ranking import COSINES  # noqa: E402


def test_by_hand() -> None:
    """Sound 0: match 0.5, negative 0.35; sound 1: 0.6, 0.65; text 0: 0.5, 0.45; the others are far enough."""
    expected = (0.2 + 0.00025) + (0.152 + 0.15025) + (0.2 + 0.03225)
    assert WeightedTriplet()(pairs_of(COSINES)).item() == pytest.approx(expected / 3)


def test_same_clip_is_no_negative() -> None:
    """Of the first two pairs' triplets only sound 1 with text 2 is left."""
    assert WeightedTriplet()(pairs_of(COSINES, [1, 1, 2])).item() == pytest.approx((0.152 + 0.15025) / 3)


def test_finished_match_counts_no_more() -> None:
    nearly = 1 - 1e-6
    assert WeightedTriplet()(pairs_of([[nearly, 0.99], [0, nearly]])).item() == 0
    assert WeightedTriplet()(pairs_of([[0.99, 0.99], [0, nearly]])).item() > 0


def test_nothing_to_learn_is_a_zero_with_a_gradient() -> None:
    pairs = pairs_of([[0.9, 0.1], [0.1, 0.9]])
    value = WeightedTriplet()(pairs)
    value.backward()
    assert value.item() == 0
    assert not pairs.audio.grad.any()
    assert (
        WeightedTriplet(margin=3)(pairs_of([[0.3, 0.9], [0.9, 0.3]], [1, 1])).item() == 0
    )  # there is no other clip, however wide the margin
