"""InfoNCE as in DCASE 2023, by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.info_nce import InfoNce  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402


def test_both_directions_are_added() -> None:
    scores = [[math.log(3), 0], [math.log(7), 0]]
    rows, columns = math.log(4 / 3) + math.log(8), math.log(10 / 3) + math.log(2)
    assert InfoNce()(pairs_of(scores)).item() == pytest.approx((rows + columns) / 2)


def test_another_caption_of_the_clip_is_no_negative() -> None:
    assert InfoNce()(pairs_of([[math.log(3), 5], [9, 0]], [1, 1])).item() == 0
