"""The embedding regulariser by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.base import Pairs  # noqa: E402
from hearken.losses.regularizer import regularizer  # noqa: E402


def pairs(audio: list[list[float]], text: list[list[float]]) -> Pairs:
    return Pairs(torch.tensor(audio, requires_grad=True), torch.tensor(text), torch.arange(len(audio)), torch.tensor(0.1))


def test_by_hand() -> None:
    value = regularizer(pairs([[3.0, -4.0], [0, 0]], [[1.0, 0.0], [0.0, 1.0]]))
    assert value.item() == pytest.approx(7 / 4 / 5 + 2 / 4 / math.sqrt(2))


def test_all_zero_is_finite() -> None:
    given = pairs([[0.0, 0.0]], [[0.0, 0.0]])
    value = regularizer(given)
    value.backward()
    assert value.item() == 0
    assert torch.isfinite(given.audio.grad).all()
