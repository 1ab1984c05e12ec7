"""Both forms of the N-pair loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.n_pair import NPair  # noqa: E402
from hearken.losses.table import build_loss  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402
from tests.losses.test_nt_xent import SCORES  # noqa: E402


def test_multi_class_by_hand() -> None:
    expected = (2 * math.log(1 + 2 / 2) + math.log(1 + 2 / 6)) / 3
    assert NPair("mc")(pairs_of(SCORES)).item() == pytest.approx(expected)


def test_one_against_one_by_hand() -> None:
    expected = (4 * math.log(1 + 1 / 2) + 2 * math.log(1 + 1 / 6)) / 3
    assert NPair("ovo")(pairs_of(SCORES)).item() == pytest.approx(expected)


def test_same_clip_is_no_negative() -> None:
    expected = (2 * math.log(1 + 1 / 2) + 2 * math.log(1 + 1 / 6)) / 3
    assert NPair("ovo")(pairs_of(SCORES, [1, 1, 2])).item() == pytest.approx(expected)
    expected = (2 * math.log(1 + 1 / 2) + math.log(1 + 2 / 6)) / 3
    assert NPair("mc")(pairs_of(SCORES, [1, 1, 2])).item() == pytest.approx(expected)


def test_directions_differ_and_are_averaged() -> None:
    scores = [[math.log(3), 0], [math.log(7), 0]]
    rows, columns = math.log(4 / 3) + math.log(8), math.log(10 / 3) + math.log(2)
    for form in ("mc", "ovo"):
        assert NPair(form)(pairs_of(scores)).item() == pytest.approx((rows + columns) / 4)


def test_one_against_one_is_an_upper_bound_and_a_soft_ranking_loss() -> None:
    pairs = random_pairs()
    assert NPair("ovo")(pairs) > NPair("mc")(pairs)
    cold = 1e-4
    softly = cold * NPair("ovo")(random_pairs(temperature=cold)).item()
    assert softly == pytest.approx(build_loss("ranking", margin=0)(pairs).item() / 2, rel=1e-3)
