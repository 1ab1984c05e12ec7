"""LAION-CLAP's second form."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.errors import InputError  # noqa: E402
from hearken.losses.clap import Clap  # noqa: E402
from hearken.losses.clap_two_scale import ClapTwoScale, two_scale  # noqa: E402
from tests.losses.some_pairs import random_pairs  # noqa: E402


def test_of_one_matrix_twice_it_is_clap() -> None:
    pairs = random_pairs()
    scores = pairs.cosines / pairs.temperature
    torch.testing.assert_close(two_scale(scores, scores), Clap()(pairs))


def test_by_hand() -> None:
    one = torch.tensor([[math.log(3), 0], [0, math.log(3)]])
    other = torch.zeros(2, 2)
    assert two_scale(one, other).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


def test_which_embedding_meets_which_image() -> None:
    loss, pairs = ClapTwoScale(dim=6).eval(), random_pairs()
    with torch.no_grad():
        loss.audio_scale.fill_(1.0)
        loss.text_scale.fill_(2.0)

    def image(network: torch.nn.Sequential, x: torch.Tensor) -> torch.Tensor:
        return (x @ network[0].weight.T + network[0].bias).relu() @ network[3].weight.T + network[3].bias

    scores = math.e * pairs.audio @ image(loss.text_transform, pairs.text).T
    mirrored = math.e**2 * image(loss.audio_transform, pairs.audio) @ pairs.text.T
    torch.testing.assert_close(loss(pairs), two_scale(scores, mirrored))
    loss.audio_transform, loss.text_transform = loss.text_transform, loss.audio_transform
    assert abs(loss(pairs).item() - two_scale(scores, mirrored).item()) > 1e-3


def test_parameters_are_its_own_and_begin_at_007() -> None:
    loss = ClapTwoScale(dim=4)
    assert loss.audio_scale.item() == loss.text_scale.item() == pytest.approx(math.log(1 / 0.07))
    assert len(list(loss.parameters())) == 10
    assert loss.audio_transform[0].weight.shape == (4, 4)
    with pytest.raises(InputError, match="dim"):
        ClapTwoScale(dim=0)
