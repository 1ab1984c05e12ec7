"""Choices between twins, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.contests import judge


def test_shares_by_hand() -> None:
    right = [[0.9, 0.1], [0.2, 0.8]]
    wrong = [[0.1, 0.9], [0.8, 0.2]]
    first_text = [[0.9, 0.1], [0.8, 0.2]]  # both sounds prefer text 0; text 0 prefers sound 0, text 1 sound 1
    level = [[0.5, 0.5], [0.5, 0.5]]
    found = judge([right, wrong, first_text, level])
    assert found.num_contests == 4
    assert found.text.value == pytest.approx((1 + 0 + 0.5 + 0.5) / 4)
    assert found.sound.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert found.both.value == pytest.approx((1 + 0 + 0.75 + 0.5) / 4)
    assert found.whole.value == pytest.approx(1 / 4)
    assert found.both.low < found.both.value < found.both.high


def test_chance_is_half() -> None:
    found = judge(np.random.default_rng(0).random((500, 2, 2)))
    assert found.both.value == pytest.approx(0.5, abs=0.05)
    assert found.whole.value == pytest.approx(1 / 6, abs=0.05)
    assert found.both.low < 0.5 < found.both.high


@pytest.mark.parametrize("scores", [np.zeros((0, 2, 2)), np.zeros((3, 2)), np.zeros((3, 2, 3)), np.full((1, 2, 2), np.nan)])
def test_what_is_no_contest(scores: np.ndarray) -> None:
    with pytest.raises(InputError):
        judge(scores)
