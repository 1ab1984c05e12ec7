"""The sigmoid loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.errors import InputError  # noqa: E402
from hearken.losses.regularizer import regularizer  # noqa: E402
from hearken.losses.sigmoid import Sigmoid  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402

SCORES = [[math.log(3), 0], [0, math.log(3)]]


@pytest.mark.parametrize(
    ("bias", "match", "other"), [(None, 4 / 3, 2), (0.0, 4 / 3, 2), (math.log(3), 10 / 9, 4), (-math.log(3), 2, 4 / 3)]
)
def test_by_hand(bias: float | None, match: float, other: float) -> None:
    value = Sigmoid(temperature=1.0, bias=bias, regularize=False)(pairs_of(SCORES))
    assert value.item() == pytest.approx(math.log(match) + math.log(other))


@pytest.mark.parametrize(("same_clip", "others"), [("negative", 2 * math.log(4)), ("positive", 2 * math.log(4 / 3)), ("removed", 0)])
def test_other_captions_of_the_clip(same_clip: str, others: float) -> None:
    scores = [[0, math.log(3)], [math.log(3), 0]]
    value = Sigmoid(temperature=1.0, bias=0.0, regularize=False, same_clip=same_clip)(pairs_of(scores, [5, 5]))
    assert value.item() == pytest.approx((2 * math.log(2) + others) / 2)


def test_which_temperature_counts() -> None:
    pairs = pairs_of(SCORES, temperature=0.5)
    own, models = Sigmoid(temperature=1.0, bias=None, regularize=False), Sigmoid(temperature=None, bias=None, regularize=False)
    assert [name for name, _ in own.named_parameters()] == ["temperature"]
    assert list(models.parameters()) == []
    assert own(pairs).item() == pytest.approx(math.log(4 / 3) + math.log(2))
    assert models(pairs).item() == pytest.approx(math.log(10 / 9) + math.log(2))


def test_regularizer_is_added_and_far_scores_stay_finite() -> None:
    pairs = pairs_of([[-1, 1], [1, -1]])
    plain = Sigmoid(temperature=1e-3, bias=0.0, regularize=False)(pairs)
    assert plain.item() == pytest.approx(2000, rel=1e-6)
    assert Sigmoid(temperature=1e-3, bias=0.0)(pairs).item() == pytest.approx(plain.item() + regularizer(pairs).item())


def test_temperature_that_is_none() -> None:
    with pytest.raises(InputError, match="temperature"):
        Sigmoid(temperature=0.0)
