"""CLAP's loss: whose temperature counts."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.errors import InputError  # noqa: E402
from hearken.losses.clap import Clap  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402


def test_two_pairs_by_hand_with_a_scale_of_its_own() -> None:
    loss = Clap(temperature=0.5)
    assert [name for name, _ in loss.named_parameters()] == ["logit_scale"]
    value = loss(pairs_of([[1, 0], [0, 1]], temperature=77.0))
    assert value.item() == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-6)


def test_without_one_the_models_counts_and_learns() -> None:
    pairs = pairs_of([[1, 0], [0, 1]], temperature=0.5)
    pairs.temperature.requires_grad_()
    Clap()(pairs).backward()
    assert list(Clap().parameters()) == []
    share = math.exp(-2) / (1 + math.exp(-2))  # dL/dτ = (wrong answer's probability) / τ²
    assert pairs.temperature.grad.item() == pytest.approx(share / 0.25)


def test_scale_learns_to_sharpen_what_is_right() -> None:
    loss = Clap(temperature=1.0)
    loss(pairs_of([[1, 0], [0, 1]])).backward()
    assert loss.logit_scale.grad.item() < 0
    assert Clap()(random_pairs()).item() > 0


@pytest.mark.parametrize("temperature", [0, -1, math.inf, math.nan])
def test_temperature_that_is_none(temperature: float) -> None:
    with pytest.raises(InputError, match="temperature must be"):
        Clap(temperature)
