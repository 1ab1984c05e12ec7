"""What goes into a loss, and the precision that it is computed in."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from hearken.errors import InputError  # noqa: E402
from hearken.losses.base import Loss, Pairs  # noqa: E402
from hearken.losses.table import build_loss  # noqa: E402
from tests.losses.some_pairs import IDS, random_pairs  # noqa: E402


def test_cosines_and_same() -> None:
    pairs = Pairs(torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([4, 4]), torch.tensor(0.1))
    assert torch.equal(pairs.cosines, torch.tensor([[0.0, 1.0], [0.8, 0.6]]))
    assert pairs.same.tolist() == [[True, True], [True, True]]
    assert replace(pairs, ids=torch.tensor([4, 5])).same.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(("audio", "text", "ids"), [((2, 3), (3, 3), 2), ((2, 3), (2, 4), 2), ((2, 3), (2, 3), 3), ((3,), (3,), 3)])
def test_what_is_no_batch_of_pairs(audio: tuple[int, ...], text: tuple[int, ...], ids: int) -> None:
    with pytest.raises(InputError, match="not shapes"):
        Pairs(torch.zeros(audio), torch.zeros(text), torch.zeros(ids), torch.tensor(0.1))


def test_half_precision_is_widened_and_double_kept() -> None:
    pairs = random_pairs()
    half = replace(pairs, audio=pairs.audio.half(), text=pairs.text.bfloat16(), teacher=pairs.teacher.half())
    assert {x.dtype for x in (half.full().audio, half.full().text, half.full().teacher)} == {torch.float32}
    double = replace(pairs, audio=pairs.audio.double(), text=pairs.text.double(), teacher=None)
    assert double.full().audio.dtype == torch.float64
    assert double.full().teacher is None


def test_autocast_changes_nothing() -> None:
    """A product in bfloat16 under a temperature of 0.01 would be far off."""
    pairs, loss = random_pairs(temperature=0.01), build_loss("nt_xent")
    expected = loss(pairs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (pairs.cosines - pairs.audio @ pairs.text.T).abs().max() == 0
        assert pairs.cosines.dtype == torch.bfloat16
        found = loss(pairs)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_bfloat16_embeddings_give_a_float32_loss_and_gradients_of_their_own_kind() -> None:
    pairs = random_pairs()
    audio = pairs.audio.detach().bfloat16().requires_grad_()
    value = build_loss("nt_xent")(replace(pairs, audio=audio))
    value.backward()
    assert value.dtype == torch.float32
    assert audio.grad is not None
    assert audio.grad.dtype == torch.bfloat16


def test_base_has_no_loss_of_its_own() -> None:
    with pytest.raises(NotImplementedError):
        Loss()(random_pairs(IDS))
