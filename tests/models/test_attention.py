"""Our gradient of attention in bfloat16 is that of attention written plainly; everything else goes through PyTorch's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from hearken.models import attention  # noqa: E402
from hearken.models.attention import attend  # noqa: E402

HEADS = 3


def packed(dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Queries, keys and values of 2 sounds with 7 tokens, 3 heads of 4."""
    return torch.randn(2, 7, 36, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()


def plainly(qkv: torch.Tensor) -> torch.Tensor:
    query, key, value = qkv.reshape(2, 7, 3, HEADS, 4).permute(2, 0, 3, 1, 4)
    weights = (query @ key.transpose(-2, -1) / 2).softmax(-1)
    return (weights @ value).transpose(1, 2).reshape(2, 7, 12)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """The types of those tensors whose gradient was ours."""
    seen: list[torch.dtype] = []
    original: Callable[..., None] = attention._gradient_of_one

    def counted(qkv: torch.Tensor, *rest: torch.Tensor) -> None:
        seen.append(qkv.dtype)
        original(qkv, *rest)

    monkeypatch.setattr(attention, "_gradient_of_one", counted)
    return seen


@pytest.mark.parametrize(("dtype", "ours", "near"), [(torch.bfloat16, True, 0.02), (torch.float32, False, 1e-5)])
def test_values_and_gradients_are_those_of_plain_attention(dtype: torch.dtype, ours: bool, near: float, calls: list[torch.dtype]) -> None:
    qkv = packed(dtype)
    exact = qkv.detach().double().requires_grad_()
    above = torch.randn(2, 7, 12, generator=torch.Generator().manual_seed(1))
    gathered, expected = attend(qkv, HEADS), plainly(exact)
    assert gathered.dtype == dtype
    torch.testing.assert_close(gathered.double(), expected, rtol=0, atol=near)
    (grad,), (wanted,) = torch.autograd.grad(gathered, qkv, above.to(dtype)), torch.autograd.grad(expected, exact, above.double())
    assert (grad.double() - wanted).norm() < near * wanted.norm()
    assert calls == [torch.bfloat16] * 2 * ours


def test_our_gradient_is_exact_but_for_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_suits", lambda _: True)
    qkv = packed(torch.float64)
    assert torch.autograd.gradcheck(lambda given: attend(given, HEADS), (qkv,))


def test_without_gradients_and_under_transforms_it_is_pytorch_s(calls: list[torch.dtype]) -> None:
    qkv = packed()
    with torch.no_grad():
        assert not attend(qkv, HEADS).requires_grad
    assert attend(qkv.detach(), HEADS).shape == (2, 7, 12)
    assert torch.func.grad(lambda given: attend(given, HEADS).sum())(qkv).shape == qkv.shape
    assert calls == []


def test_backward_inside_autocast_keeps_its_type(calls: list[torch.dtype]) -> None:
    qkv = packed()
    with torch.autocast("cpu", torch.bfloat16):
        attend(qkv, HEADS).sum().backward()
    assert qkv.grad is not None
    assert qkv.grad.dtype == torch.bfloat16
    assert len(calls) == 2
