"""What goes between the processes of a run: embeddings there and back, gradients, and batch statistics.

Each process encodes its own pairs, all compare all pairs, and each gets the gradients for its own. The loss is the same
everywhere, and the mean of the processes' gradients is the gradient of one process with the joint batch::

    process r:  e_r = f(x_r; w)      E = gather(e_1 ... e_R)      L(E)
    backward:   sum over processes of dL/de_r = R dL/de_r;        mean over processes of R (de_r/dw)' dL/de_r = dL/dw

The gradients are averaged once, after the last backward pass of a step, and not while one is under way as
DistributedDataParallel does: gradient caching and accumulation go backward several times, tag heads are never used, and the temperature
is no part of the encoders' forward pass.

Legend: `b` pairs of this process, `B` = R b pairs of all, `D` embedding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, distributed, nn

from hearken.errors import RunError

_BUCKET_NUMEL = 1 << 26


def num_processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


@contextlib.contextmanager
def _with_others() -> Iterator[None]:
    """Say in words that another process has gone: what a backend raises then is a RuntimeError about sockets."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise RunError(
            "Another process of this training has ended, and so this one does.", "See what that one says; --resume goes on."
        ) from error


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:  # noqa: ANN401 - torch's context has no type
        ctx.size = len(local)
        parts = [torch.empty_like(local) for _ in range(num_processes())]
        with _with_others():
            distributed.all_gather(parts, local.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        (gradient,) = gradients
        gradient = gradient.contiguous()
        with _with_others():
            distributed.all_reduce(gradient)
        start = distributed.get_rank() * ctx.size
        return gradient[start : start + ctx.size]


def gather(local: Tensor) -> Tensor:
    """Return the rows (B, ...) of all processes, in their order, of this one's `local` (b, ...); gradients flow back. b must be equal everywhere."""
    if num_processes() == 1:
        return local
    gathered: Tensor = _Gather.apply(local)  # type: ignore[no-untyped-call]
    return gathered


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients of `parameters` by their mean over all processes; those without one are left out, alike everywhere."""
    if num_processes() > 1:
        _average([parameter.grad for parameter in parameters if parameter.grad is not None])


@torch.no_grad()
def average_buffers(module: nn.Module) -> None:
    """Replace the running statistics of all batch norms in `module` by their mean over all processes.

    Other buffers, such as mel filters and a fixed temperature, are the same everywhere, and stay so to the last bit.
    """
    if num_processes() > 1:
        norms = (each for each in module.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm))
        _average([buffer for norm in norms for buffer in norm.buffers() if buffer.is_floating_point()])


@torch.no_grad()
def broadcast(module: nn.Module) -> None:
    """Give all processes the weights and buffers of the first."""
    if num_processes() > 1:
        with _with_others():
            for tensor in (*module.parameters(), *module.buffers()):
                distributed.broadcast(tensor.data, 0)


def any_of(wish: bool, device: torch.device) -> bool:
    """Say whether `wish` is true in any process: all have to do the same at the same step, or they would wait for each other for ever."""
    if num_processes() == 1:
        return wish
    wishes = torch.tensor(float(wish), device=device)
    with _with_others():
        distributed.all_reduce(wishes)
    return bool(wishes > 0)


def first_value(value: float, device: torch.device) -> float:
    """Return the first process' `value` in all of them; the others wait for it."""
    if num_processes() == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=device)
    with _with_others():
        distributed.broadcast(shared, 0)
    return float(shared)


def _average(tensors: list[Tensor]) -> None:
    """Average in place, many small tensors in one message."""
    bucket: list[Tensor] = []
    for number, tensor in enumerate(tensors):
        bucket.append(tensor)
        if number == len(tensors) - 1 or sum(each.numel() for each in bucket) >= _BUCKET_NUMEL:
            flat = torch.cat([each.reshape(-1) for each in bucket])
            with _with_others():
                distributed.all_reduce(flat)
            flat /= num_processes()
            for each, part in zip(bucket, torch.split(flat, [each.numel() for each in bucket]), strict=True):
                each.copy_(part.view_as(each))
            bucket = []
