"""The pairwise contrastive loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.contrastive import Contrastive  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402


def test_by_hand() -> None:
    """Squared distances 0 and 1 of the matches, distances 1 and 1 of the others, half a margin too near."""
    assert Contrastive(margin=1.5)(pairs_of([[1, 0.5], [0.5, 0.5]])).item() == pytest.approx((0.5 + 0.25) / 2)


def test_those_beyond_the_margin_do_not_count() -> None:
    pairs = pairs_of([[0.5, 0.5], [0.5, 0.5]])
    Contrastive(margin=0.9)(pairs).backward()
    assert pairs.audio.grad.tolist() == [[-0.5, 0], [0, -0.5]]  # d/dcos of the mean of 2 - 2 cos over two matches, halved


def test_same_clip_is_a_match() -> None:
    assert Contrastive()(pairs_of([[1, 0.5], [0.5, 0.5]], [3, 3])).item() == pytest.approx((0 + 1 + 1 + 1) / 4 / 2)


def test_margin_of_root_two_pushes_until_orthogonal() -> None:
    loss = Contrastive(margin=math.sqrt(2))
    assert loss(pairs_of([[1, 0], [0, 1]])).item() == pytest.approx(0, abs=1e-12)
    assert loss(pairs_of([[1, 0.1], [0, 1]])).item() > 1e-4
