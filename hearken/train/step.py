"""One update: the gradients of a batch, by one of three ways to fit it into memory, and the guard before they touch a weight.

* all at once;
* ``accumulate``: parts with a loss of their own each, whose mean is learnt from. A part compares its own pairs alone, so this is
  not the same as a large batch. Of several processes, a part has the pairs of the same place in each;
* ``cache_batch``: gradient caching (Gao, Zhang, Han and Callan 2021, "Scaling deep contrastive learning batch size under memory limited
  setup"; GLAP). All is encoded without gradients, part by part; the loss of the whole batch gives the gradients of the
  embeddings; each part is encoded again and takes its share of them back. Equal to all at once, but that batch norms see a part at
  a time. With both, each part of ``accumulate`` is cached for itself.

What a network computes of a batch, and what the loss makes of it, is the affair of its `Method`: `contrastive.py` for dual encoders,
`captioning/teach.py` for captioners. All else, here and in the loop, is alike for both.

Legend: `b` pairs of this process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hearken.models.captioner import Captioner
from hearken.models.dual import DualEncoder
from hearken.models.tower import AudioTower
from hearken.train.batch import Batch
from hearken.train.gather import average_buffers, average_gradients
from hearken.train.recipe import Recipe, TrainingPart

if TYPE_CHECKING:
    from hearken.train.feed.held_out import HeldOut

MAX_BAD_UPDATES = 10
LOSS_WORD, ENCODE_WORD = 0x6C6F7373, 0x656E6364
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


Model = DualEncoder | Captioner
"""What can be trained."""


class Begun(Protocol):
    """A model as far as it can be built before any data are read: what must be known of it to read them."""

    @property
    def audio(self) -> AudioTower:
        """The audio side, with its weights."""
        ...

    def complete(
        self, captions: Callable[[], Iterable[str]], kept: Path, *, is_new: bool, is_first: bool, wait: Callable[[], None]
    ) -> Model:
        """Return the model; what it has to learn from all `captions` first is written to the file `kept`, or read there where the run goes on.

        Only the first process writes; `wait` lets the others wait for it.
        """
        ...


class Method(Protocol):
    """How one kind of model is built, learns and is looked at. It keeps nothing: all that changes is the `Learner`'s."""

    def begin(self, recipe: Recipe) -> tuple[Begun, tuple[DualEncoder, ...]]:
        """Return the model of a recipe as far as it needs no data, and its teachers."""
        ...

    def loss(self, recipe: Recipe) -> nn.Module:
        """Return the recipe's loss."""
        ...

    def encode(self, learner: Learner, part: Batch, step: int, number: int) -> tuple[Tensor, ...]:
        """Return what the network makes of part `number` of a step's batch."""
        ...

    def compare(self, learner: Learner, part: Batch, encoded: tuple[Tensor, ...], step: int) -> Tensor:
        """Return the loss () of what was encoded, over the pairs of all processes, the same in each."""
        ...

    def bound(self, model: Model) -> None:
        """Bring weights back into their bounds after an update."""
        ...

    def temperature(self, model: Model) -> float | None:
        """Return the temperature of a model that has one."""
        ...

    def look(self, model: Model, learner: Learner, held_out: HeldOut, recipe: Recipe, stop: Callable[[], bool]) -> dict[str, float]:
        """Return the figures of `model` on clips that it does not learn from; `stop` may break it off with KeyboardInterrupt."""
        ...


@dataclass(frozen=True)
class Learner:
    """All that an update needs: its `method`, `model`, `loss`, optimizer, how (`training`), the rank of this process, and `teachers`.

    `scaler` scales the loss of half-precision training, and does nothing otherwise.
    """

    method: Method
    model: Model
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    training: TrainingPart
    scaler: torch.amp.GradScaler
    device: torch.device
    rank: int = 0
    teachers: tuple[DualEncoder, ...] = ()

    @property
    def weights(self) -> list[nn.Parameter]:
        """The weights that learn."""
        return [weight for group in self.optimizer.param_groups for weight in group["params"]]


@dataclass(frozen=True)
class Update:
    """What came of a step: the `loss`, the gradient's `norm`, and whether the weights were changed (`is_done`).

    `is_bad` where they were not, and not because half precision still looks for a scale at which its gradients do not overflow.
    """

    loss: float
    norm: float
    is_done: bool
    is_bad: bool = False
    names: tuple[str, ...] = field(default=(), repr=False)


def seed_step(seed: int, step: int, *words: int) -> None:
    """Make torch's draws (dropout, patchout, masks) a pure function of where training is, so that a resumed run makes the same."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, *words]).generate_state(1, np.uint64)[0] >> np.uint64(1)))


def update(learner: Learner, batch: Batch, step: int) -> Update:
    """Learn from `batch` (b pairs of this process) as update number `step`, unless loss or gradient are not finite.

    Then neither weights nor running batch statistics change. All processes decide alike: they see one loss and the same averaged gradients.
    """
    before = [(buffer, buffer.clone()) for norm in _batch_norms(learner.model) for buffer in norm.buffers()]
    learner.optimizer.zero_grad(set_to_none=True)
    loss = compute_gradients(learner, batch.to(learner.device), step)
    average_gradients(learner.weights)
    average_buffers(learner.model)
    learner.scaler.unscale_(learner.optimizer)
    norm = nn.utils.get_total_norm([weight.grad for weight in learner.weights if weight.grad is not None])
    is_done = bool(np.isfinite(loss) and torch.isfinite(norm))
    is_searching = learner.scaler.is_enabled() and bool(np.isfinite(loss)) and learner.scaler.get_scale() >= 1.0
    if is_done:
        if learner.training.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(learner.weights, learner.training.clip_norm, norm)
        learner.scaler.step(learner.optimizer)
        learner.method.bound(learner.model)
    else:
        for buffer, value in before:
            buffer.copy_(value)
    learner.scaler.update()
    return Update(loss, float(norm), is_done, not (is_done or is_searching), batch.names)


def compute_gradients(learner: Learner, batch: Batch, step: int) -> float:
    """Add the gradients of the loss of `batch` to the weights, and return that loss, over the pairs of all processes."""
    training = learner.training
    parts = _parts(batch, -(-len(batch) // training.accumulate))
    losses, drawn = [], 0
    for part in parts:
        if training.cache_batch is not None and training.cache_batch < len(part):
            pieces = _parts(part, training.cache_batch)
            losses.append(_cached(learner, part, pieces, step, first=drawn, share=1 / len(parts)))
            drawn += len(pieces)
        else:
            encoded = learner.method.encode(learner, part, step, drawn)
            loss = learner.method.compare(learner, part, encoded, step) / len(parts)
            learner.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
            drawn += 1
    return float(torch.stack(losses).sum())


def _cached(learner: Learner, batch: Batch, pieces: list[Batch], step: int, *, first: int, share: float) -> Tensor:
    """Add `share` of the gradients of the loss of `batch`, encoded in `pieces`, the first of which draws as number `first` of the step."""
    encode = learner.method.encode
    with torch.no_grad(), _unmoved_statistics(learner.model):
        encoded = [encode(learner, piece, step, number) for number, piece in enumerate(pieces, start=first)]
    sides = tuple(torch.cat(side).requires_grad_() for side in zip(*encoded, strict=True))
    loss = learner.method.compare(learner, batch, sides, step) * share
    learner.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    found = [side.grad for side in sides if side.grad is not None]
    if len(found) < len(sides):  # a loss that looks at neither side teaches nothing
        return loss.detach()
    gradients = zip(*(torch.split(side, [len(piece) for piece in pieces]) for side in found), strict=True)
    for number, (piece, of_sides) in enumerate(zip(pieces, gradients, strict=True), start=first):
        own = encode(learner, piece, step, number)
        torch.autograd.backward([each for each in own if each.requires_grad], [
            gradient for each, gradient in zip(own, of_sides, strict=True) if each.requires_grad
        ])  # fmt: skip
    return loss.detach()


def _parts(batch: Batch, size: int) -> list[Batch]:
    return [batch.part(start, min(start + size, len(batch))) for start in range(0, len(batch), size)]


def exact(values: Tensor) -> Tensor:
    """Return `values` in float32 at least: what is compared should not be rounded."""
    return values.float() if values.dtype in _DTYPES.values() else values


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """Return the context in which networks compute with `precision`: "32", "bf16" or "fp16"."""
    return torch.autocast(device.type, _DTYPES[precision]) if precision in _DTYPES else contextlib.nullcontext()


def _batch_norms(model: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@contextlib.contextmanager
def _unmoved_statistics(model: nn.Module) -> Iterator[None]:
    """Keep the running means of batch norms where they are: with gradient caching every sound passes twice."""
    norms = _batch_norms(model)
    before = [(norm.momentum, norm.num_batches_tracked.clone() if norm.num_batches_tracked is not None else None) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before, strict=True):
            norm.momentum = momentum
            if count is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(count)
