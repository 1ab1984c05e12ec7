"""The hardest triplet by hand, and its bounds."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.hardest_triplet import HardestTriplet  # noqa: E402
from hearken.losses.table import build_loss  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402
from tests.losses.test_ranking import COSINES  # noqa: E402


def test_by_hand() -> None:
    assert HardestTriplet()(pairs_of(COSINES)).item() == pytest.approx((0.05 + 0.25 + 0.15) / 3)


def test_same_clip_is_no_negative() -> None:
    assert HardestTriplet()(pairs_of(COSINES, [1, 2, 2])).item() == pytest.approx((0.05 + 0.05 + 0.15) / 3)


@pytest.mark.parametrize("seed", range(5))
def test_lies_between_the_ranking_loss_and_its_share(seed: int) -> None:
    pairs = random_pairs(seed=seed)
    hardest, ranking = HardestTriplet()(pairs).item(), build_loss("ranking")(pairs).item()
    assert ranking / (len(pairs.ids) - 1) < hardest < ranking


def test_cold_nt_xent_comes_to_half_of_it_without_a_margin() -> None:
    pairs, cold = random_pairs(), 1e-4
    softly = cold * build_loss("nt_xent", same_clip="removed")(random_pairs(temperature=cold))
    assert math.isclose(softly.item(), HardestTriplet(margin=0)(pairs).item() / 2, rel_tol=1e-3)
