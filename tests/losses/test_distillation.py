"""Salsa's distillation by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from dataclasses import replace  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.losses.distillation import Distillation, taught  # noqa: E402
from hearken.losses.table import build_loss  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402

SCORES = [[math.log(3), 0], [0, math.log(3)]]


def test_by_hand_with_the_mean_of_two_teachers() -> None:
    teacher = torch.tensor([[[2 * math.log(3), 0], [0, 0]], [[0, 0], [0, 2 * math.log(3)]]], dtype=torch.float64)
    value = Distillation()(replace(pairs_of(SCORES), teacher=teacher))
    assert value.item() == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_directions_have_targets_of_their_own() -> None:
    """The teacher's rows are even, its columns 3 : 1."""
    teacher = torch.tensor([[[math.log(3), math.log(3)], [0, 0]]], dtype=torch.float64)
    value = Distillation()(replace(pairs_of(SCORES), teacher=teacher)).item()
    right, wrong = -math.log(0.75), -math.log(0.25)
    rows = (right + wrong) / 2
    columns = (0.75 * right + 0.25 * wrong + 0.75 * wrong + 0.25 * right) / 2
    assert value == pytest.approx((rows + columns) / 2)


def test_limits_of_the_teacher() -> None:
    pairs = random_pairs()
    sure, unsure = torch.eye(len(pairs.ids))[None] * 100, torch.zeros(1, len(pairs.ids), len(pairs.ids))
    torch.testing.assert_close(Distillation()(replace(pairs, teacher=sure)), build_loss("clap")(pairs))
    torch.testing.assert_close(Distillation()(replace(pairs, teacher=unsure)), build_loss("wavcaps_nt_xent")(pairs))


def test_own_teacher_leaves_nothing_to_learn() -> None:
    scores = (random_pairs().cosines / 0.1).detach().requires_grad_()
    taught(scores, scores.detach()).backward()
    assert scores.grad.abs().max() < 1e-6


@pytest.mark.parametrize(("squared", "weight"), [(False, 0.3), (True, 0.09)])
def test_weights_and_the_published_square(squared: bool, weight: float) -> None:
    pairs = random_pairs()
    value = Distillation(pair_weight=0.3, teacher_weight=2.0, squared_weight=squared)(pairs)
    torch.testing.assert_close(value, weight * build_loss("nt_xent")(pairs) + 2 * Distillation()(pairs))
    alone = Distillation(pair_weight=0.3, teacher_weight=0.0, squared_weight=squared)(pairs)
    torch.testing.assert_close(alone, 0.3 * build_loss("nt_xent")(pairs))


@pytest.mark.parametrize("shape", [None, (8, 8), (0, 8, 8), (2, 8, 7)])
def test_teacher_that_does_not_fit(shape: tuple[int, ...] | None) -> None:
    pairs = replace(random_pairs(), teacher=None if shape is None else torch.zeros(shape))
    with pytest.raises(InputError, match="cosines of teachers"):
        Distillation()(pairs)
    assert torch.isfinite(Distillation(pair_weight=1.0, teacher_weight=0.0)(pairs))


def test_weights_that_leave_nothing() -> None:
    with pytest.raises(InputError, match="both be zero"):
        Distillation(pair_weight=0.0, teacher_weight=0.0)
    with pytest.raises(InputError, match="teacher_weight must be"):
        Distillation(teacher_weight=-1.0)
