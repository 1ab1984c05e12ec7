"""The bidirectional ranking loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.ranking import Ranking, violations  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402

COSINES = [[0.5, 0.35, 0.1], [0.45, 0.6, 0.65], [0.2, 0.0, 0.9]]
"""At margin 0.2 too near are, for sound 0, text 1 (by 0.05); for sound 1, texts 0 and 2 (0.05, 0.25); for text 0, sound 1 (0.15)."""


def test_by_hand() -> None:
    assert Ranking()(pairs_of(COSINES)).item() == pytest.approx(0.5 / 3)


def test_same_clip_is_no_negative() -> None:
    assert Ranking()(pairs_of(COSINES, [1, 1, 2])).item() == pytest.approx(0.25 / 3)


def test_which_cell_is_whose() -> None:
    texts, sounds = violations(pairs_of(COSINES), 0.2)
    assert texts.nonzero().tolist() == [[0, 1], [1, 0], [1, 2]]
    assert sounds.nonzero().tolist() == [[1, 0]]


def test_margin_zero_of_a_sorted_batch_is_nothing() -> None:
    assert Ranking(margin=0)(pairs_of([[0.5, 0.1], [0.2, 0.4]])).item() == 0
    assert math.isclose(Ranking(margin=0.5)(pairs_of([[0.5, 0.1], [0.2, 0.4]])).item(), (0.1 + 0.3 + 0.2 + 0.2) / 2)
