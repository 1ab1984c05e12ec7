"""Self-attention, with a gradient of our own where PyTorch's is slow: in bfloat16 on a CPU.

There the backward pass of PyTorch's fused attention takes 1.5 times as long as computing the weights of the attention again and
multiplying plainly, one sound after the other (69 against 46 ms for six times 284 tokens on one thread of an Intel Xeon with AMX; in
float32 PyTorch's is the faster one). The forward pass is PyTorch's in any case. Everything else (float32, other devices, compilers and exporters, `torch.func`, subclasses of tensors) has PyTorch's gradient.

Legend: `B` batch, `N` tokens, `H` heads, `d` width of a head, `D` = H d.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def attend(qkv: Tensor, heads: int) -> Tensor:
    """Return what every token gathers from all, (B, N, D), of queries, keys and values side by side, `qkv` (B, N, 3 D).

    The softmax of the scores, divided by the square root of d; no mask and no dropout.
    """
    if _suits(qkv):
        product: Tensor = _Attention.apply(qkv, heads)  # type: ignore[no-untyped-call]  # as torch declares it
        return product
    return _fused(qkv, heads)


def _fused(qkv: Tensor, heads: int) -> Tensor:
    query, key, value = (part.reshape(*part.shape[:2], heads, -1).transpose(1, 2) for part in qkv.chunk(3, -1))
    return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def _suits(qkv: Tensor) -> bool:
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or torch._C._are_functorch_transforms_active():  # type: ignore[attr-defined, no-untyped-call]
        return False
    wanted = qkv.requires_grad and torch.is_grad_enabled()
    return wanted and type(qkv) is Tensor and qkv.device.type == "cpu" and qkv.dtype == torch.bfloat16


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, heads: int) -> Tensor:  # noqa: ANN401 - torch gives it no public type
        ctx.save_for_backward(qkv)
        ctx.heads = heads
        return _fused(qkv, heads)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (qkv,) = ctx.saved_tensors
        grads = qkv.new_empty(qkv.shape)
        with torch.autocast("cpu", enabled=False):
            for own, above, into in zip(qkv, grad, grads, strict=True):  # one sound's scores stay in the processor's cache
                _gradient_of_one(own, above.reshape(len(above), ctx.heads, -1).transpose(0, 1).contiguous(), into)
        return grads, None


def _gradient_of_one(qkv: Tensor, grad: Tensor, into: Tensor) -> None:
    """Write into `into` (N, 3 D) the gradient with respect to `qkv` (N, 3 D) of one sound; `grad` (H, N, d) is what comes from above."""
    heads = len(grad)
    scale = grad.shape[-1] ** -0.5
    query, key, value = (part.contiguous() for part in _by_head(qkv, heads))
    to_query, to_key, to_value = _by_head(into, heads)
    query.mul_(scale)
    weights = torch.bmm(query, key.transpose(1, 2)).softmax(-1)
    torch.bmm(weights.transpose(1, 2), grad, out=to_value)
    slope = torch._softmax_backward_data(torch.bmm(grad, value.transpose(1, 2)), weights, -1, weights.dtype)
    torch.bmm(slope.transpose(1, 2), query, out=to_key)
    torch.mul(torch.bmm(slope, key), scale, out=to_query)


def _by_head(qkv: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Views (H, N, d) of the queries, keys and values in (N, 3 D)."""
    query, key, value = qkv.view(len(qkv), 3, heads, -1).permute(1, 2, 0, 3)
    return query, key, value
