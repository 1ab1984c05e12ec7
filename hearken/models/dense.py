"""Linear layers that multiply float32 matrices on the CPU with oneDNN, the library that PyTorch convolves with.

PyTorch's own `linear` calls MKL there, whose float32 product is slow on processors that are not Intel's: measured 104
against 225 GFLOP/s on one core of an AMD EPYC with AVX-512. On Intel's it is the other way round, 165 against 120, so there it
stays. Both compute the same sums in another order (1e-6 apart), and on one machine the choice depends on shapes and types
alone, so equal inputs give equal outputs.

In bfloat16 (autocast on a CPU) the gradient of the weights is a product over a transposed matrix, at which oneDNN is slow: 280 against
700 GFLOP/s on one core of an Intel Xeon with AMX. Where one of the two matrices is much narrower, that one is transposed first.

Everything else (other devices and types, compilers and exporters, `torch.func`, subclasses of tensors, small inputs) goes the ordinary way.

Legend: `N` rows (the product of all leading axes), `I` inputs, `O` outputs.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

_PLAIN = (Tensor, nn.Parameter)
_MIN_ROWS_BF16 = 1024  # below it, transposing costs as much as it saves
_MIN_ROWS = 64  # below it, bringing the weights into oneDNN's layout costs more than is gained


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x @ weight.T + bias, of shape (..., O), for `x` (..., I), `weight` (O, I) and `bias` (O,)."""
    if _suits_bf16(x, weight):
        half: Tensor = _Bf16Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]  # as torch declares it
        return half
    if not _suits_onednn(x, weight):
        return functional.linear(x, weight, bias)
    product: Tensor = _OneDnnLinear.apply(x, weight, bias)  # type: ignore[no-untyped-call]  # as torch declares it
    return product


class Linear(nn.Linear):
    """`torch.nn.Linear` with the same parameters and numbers, through `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., O) of `x` (..., I)."""
        return linear(x, self.weight, self.bias)


@functools.cache
def _mkl_is_fast() -> bool:
    """Whether `torch.nn.functional.linear` is MKL's on a processor of MKL's maker, or this torch has no oneDNN."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # as torch declares it
        return True
    try:
        processor = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")[:1000]  # Linux; the first core's lines
    except OSError:
        processor = platform.processor()  # Windows' name has the maker at its end
    has_mkl = bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]
    return has_mkl and "GenuineIntel" in processor


def _suits_onednn(x: Tensor, weight: Tensor) -> bool:
    if not _is_plain(x, weight) or torch.is_autocast_enabled("cpu") or _mkl_is_fast():  # a compiler would trace into a cached function
        return False
    return (
        x.dtype == weight.dtype == torch.float32
        and x.device.type == "cpu"
        and x.shape[-1] == weight.shape[-1]
        and x.numel() >= _MIN_ROWS * max(1, x.shape[-1])
        and bool(torch.backends.mkldnn.enabled)
    )


def _suits_bf16(x: Tensor, weight: Tensor) -> bool:
    return (
        torch.is_grad_enabled()
        and weight.requires_grad
        and x.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and x.dtype in (torch.float32, torch.bfloat16)
        and weight.dtype == torch.float32
        and x.shape[-1] == weight.shape[-1]
        and x.numel() >= _MIN_ROWS_BF16 * max(1, x.shape[-1])
        and _is_plain(x, weight)
    )


def _is_plain(x: Tensor, weight: Tensor) -> bool:
    """Whether nothing watches: no compiler, exporter or transform; fake, distributed and other tensors have no oneDNN form."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    if torch._C._are_functorch_transforms_active():
        return False
    return type(x) in _PLAIN and type(weight) in _PLAIN


class _Bf16Linear(torch.autograd.Function):
    """What autocast makes of a linear layer, in bfloat16, with the gradients of weight and bias summed into float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch gives it no public type
        half, weight_half = x.to(torch.bfloat16), weight.to(torch.bfloat16)
        ctx.save_for_backward(half, weight_half)
        ctx.dtype = x.dtype
        return functional.linear(half, weight_half, None if bias is None else bias.to(torch.bfloat16))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # noqa: ANN401
        x, weight = ctx.saved_tensors
        rows = grad.flatten(0, -2)
        return (
            (grad @ weight).to(ctx.dtype) if ctx.needs_input_grad[0] else None,
            _weight_gradient(rows, x.flatten(0, -2)) if ctx.needs_input_grad[1] else None,
            rows.sum(0, dtype=torch.float32) if ctx.needs_input_grad[2] else None,
        )


def _weight_gradient(grad: Tensor, x: Tensor) -> Tensor:
    """grad.T @ x, (O, I) in float32, of `grad` (N, O) and `x` (N, I)."""
    narrow, wide = sorted((grad.shape[1], x.shape[1]))
    if wide < 2 * narrow:
        return (grad.t() @ x).float()
    if grad.shape[1] == narrow:
        return (grad.t().contiguous() @ x).float()
    return (x.t().contiguous() @ grad).t().to(torch.float32, memory_format=torch.contiguous_format)


class _OneDnnLinear(torch.autograd.Function):
    """The product and its gradients, which are two more products; torch has no gradient of its own for oneDNN tensors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch gives it no public type
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # noqa: ANN401
        x, weight = ctx.saved_tensors
        rows = grad.flatten(0, -2)
        return (
            _product(grad, weight.t()) if ctx.needs_input_grad[0] else None,
            _product(rows.t(), x.flatten(0, -2).t()) if ctx.needs_input_grad[1] else None,
            rows.sum(0) if ctx.needs_input_grad[2] else None,
        )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    packed = functional.linear(x.to_mkldnn(), weight.to_mkldnn(), None if bias is None else bias.to_mkldnn())
    return packed.to_dense()
