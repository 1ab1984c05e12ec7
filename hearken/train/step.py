"""One update: the gradients of a batch, by one of three ways to fit it into memory, and the guard before they touch a weight.

* all at once;
* ``accumulate``: parts with a loss of their own each, whose mean is learnt from. A part compares its own pairs alone, so this is
  not the same as a large batch. Of several processes, a part has the pairs of the same place in each;
* ``cache_batch``: gradient caching (Gao, Zhang, Han and Callan 2021, "Scaling deep contrastive learning batch size under memory limited
  setup"; GLAP). All is encoded without gradients, part by part; the loss of the whole batch gives the gradients of the
  embeddings; each part is encoded again and takes its share of them back. Equal to all at once, but that batch norms see a part at
  a time. With both, each part of ``accumulate`` is cached for itself.

Legend: `b` pairs of this process, `B` pairs of all, `D` embedding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from hearken.losses.base import Loss, Pairs
from hearken.models.dual import DualEncoder
from hearken.train.batch import Batch
from hearken.train.gather import average_buffers, average_gradients, gather
from hearken.train.recipe import TrainingPart

MAX_BAD_UPDATES = 10
_MAX_LOGIT_SCALE = float(np.log(100.0))
_LOSS_WORD, _ENCODE_WORD = 0x6C6F7373, 0x656E6364
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Learner:
    """All that an update needs: model, `loss`, optimizer, how (`training`), the seed and rank of this process, and `teachers`.

    `scaler` scales the loss of half-precision training, and does nothing otherwise.
    """

    dual: DualEncoder
    loss: Loss
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
    before = [(buffer, buffer.clone()) for norm in _batch_norms(learner.dual) for buffer in norm.buffers()]
    learner.optimizer.zero_grad(set_to_none=True)
    loss = compute_gradients(learner, batch.to(learner.device), step)
    average_gradients(learner.weights)
    average_buffers(learner.dual)
    learner.scaler.unscale_(learner.optimizer)
    norm = nn.utils.get_total_norm([weight.grad for weight in learner.weights if weight.grad is not None])
    is_done = bool(np.isfinite(loss) and torch.isfinite(norm))
    is_searching = learner.scaler.is_enabled() and bool(np.isfinite(loss)) and learner.scaler.get_scale() >= 1.0
    if is_done:
        if learner.training.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(learner.weights, learner.training.clip_norm, norm)
        learner.scaler.step(learner.optimizer)
        _bound_temperature(learner.dual)
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
            loss = _loss(learner, part, *_encode(learner, part, step, drawn), step) / len(parts)
            learner.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
            drawn += 1
    return float(torch.stack(losses).sum())


def _cached(learner: Learner, batch: Batch, pieces: list[Batch], step: int, *, first: int, share: float) -> Tensor:
    """Add `share` of the gradients of the loss of `batch`, encoded in `pieces`, the first of which draws as number `first` of the step."""
    with torch.no_grad(), _unmoved_statistics(learner.dual):
        encoded = [_encode(learner, piece, step, number) for number, piece in enumerate(pieces, start=first)]
    audio, text = (torch.cat(side).requires_grad_() for side in zip(*encoded, strict=True))
    loss = _loss(learner, batch, audio, text, step) * share
    learner.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    if audio.grad is None or text.grad is None:  # a loss that looks at neither side teaches nothing
        return loss.detach()
    gradients = zip(*(torch.split(side, [len(piece) for piece in pieces]) for side in (audio.grad, text.grad)), strict=True)
    for number, (piece, (of_audio, of_text)) in enumerate(zip(pieces, gradients, strict=True), start=first):
        own = _encode(learner, piece, step, number)
        torch.autograd.backward([each for each in own if each.requires_grad], [
            gradient for each, gradient in zip(own, (of_audio, of_text), strict=True) if each.requires_grad
        ])  # fmt: skip
    return loss.detach()


def _parts(batch: Batch, size: int) -> list[Batch]:
    return [batch.part(start, min(start + size, len(batch))) for start in range(0, len(batch), size)]


def _encode(learner: Learner, part: Batch, step: int, number: int) -> tuple[Tensor, Tensor]:
    """Embeddings (b, D) of the sounds and of the captions of a part, in float32 at least: what is compared should not be rounded."""
    seed_step(learner.training.seed, step, _ENCODE_WORD, learner.rank, number)
    with autocast(learner.device, learner.training.precision):
        audio = learner.dual.encode_audio(part.wave, part.num_samples, part.blend)
        text = learner.dual.encode_text(part.texts)
    return (audio.float(), text.float()) if audio.dtype in _DTYPES.values() else (audio, text)


def _loss(learner: Learner, part: Batch, audio: Tensor, text: Tensor, step: int) -> Tensor:
    """The loss over the pairs of all processes. Its draws are alike in all of them."""
    seed_step(learner.training.seed, step, _LOSS_WORD)
    teacher = _teach(learner.teachers, part) if learner.teachers else None
    loss: Tensor = learner.loss(Pairs(gather(audio), gather(text), gather(part.ids), learner.dual.temperature, teacher))
    return loss


@torch.no_grad()
def _teach(teachers: Sequence[DualEncoder], part: Batch) -> Tensor:
    """The cosines (N, B, B) of each teacher."""
    embedded = (
        (gather(dual.encode_audio(part.wave, part.num_samples, part.blend)), gather(dual.encode_text(part.texts))) for dual in teachers
    )
    return torch.stack([audio.float() @ text.float().T for audio, text in embedded])


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """Return the context in which networks compute with `precision`: "32", "bf16" or "fp16"."""
    return torch.autocast(device.type, _DTYPES[precision]) if precision in _DTYPES else contextlib.nullcontext()


def _batch_norms(dual: DualEncoder) -> list[nn.modules.batchnorm._BatchNorm]:
    return [module for module in dual.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@contextlib.contextmanager
def _unmoved_statistics(dual: DualEncoder) -> Iterator[None]:
    """Keep the running means of batch norms where they are: with gradient caching every sound passes twice."""
    norms = _batch_norms(dual)
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


@torch.no_grad()
def _bound_temperature(dual: DualEncoder) -> None:
    """Keep 1 / temperature at 100 at most where its logarithm is learnt, as CLIP does (Radford et al. 2021, section 2.5)."""
    scale = getattr(dual, "logit_scale", None)
    if isinstance(scale, nn.Parameter) and scale.requires_grad:
        scale.clamp_(max=_MAX_LOGIT_SCALE)
