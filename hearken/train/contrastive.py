"""How a dual encoder learns: sounds and captions become vectors, and the loss compares those of all processes.

Legend: `b` pairs of this process, `B` pairs of all, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn

from hearken.losses.base import Loss, Pairs
from hearken.losses.table import build_loss
from hearken.models.dual import DualEncoder
from hearken.models.tower import AudioTower
from hearken.train.batch import Batch
from hearken.train.build import build_model, teacher_models
from hearken.train.gather import gather
from hearken.train.recipe import Recipe
from hearken.train.step import ENCODE_WORD, LOSS_WORD, Learner, Model, autocast, exact, seed_step
from hearken.train.validate import embed, figures, loss_of

if TYPE_CHECKING:
    from hearken.train.feed.held_out import HeldOut

_MAX_LOGIT_SCALE = float(np.log(100.0))


@dataclass(frozen=True)
class BegunDual:
    """A dual encoder, which needs no data to be built."""

    dual: DualEncoder

    @property
    def audio(self) -> AudioTower:
        """Its audio side."""
        return self.dual.audio

    def complete(
        self, captions: Callable[[], Iterable[str]], kept: Path, *, is_new: bool, is_first: bool, wait: Callable[[], None]
    ) -> DualEncoder:  # fmt: skip
        """Return the dual encoder."""
        del captions, kept, is_new, is_first, wait
        return self.dual


class Contrastive:
    """The `Method` of dual encoders."""

    def begin(self, recipe: Recipe) -> tuple[BegunDual, tuple[DualEncoder, ...]]:
        """Return the dual encoder of a recipe and its teachers. Raises as `build_model` and `teacher_models`."""
        dual = build_model(recipe.model, recipe.training.seed)
        return BegunDual(dual), teacher_models(recipe, dual.rate_hz)

    def loss(self, recipe: Recipe) -> Loss:
        """Return the recipe's loss."""
        return build_loss(recipe.loss.name, **recipe.loss.options)

    def encode(self, learner: Learner, part: Batch, step: int, number: int) -> tuple[Tensor, ...]:
        """Return embeddings (b, D) of the sounds and of the captions of a part, in float32 at least."""
        seed_step(learner.training.seed, step, ENCODE_WORD, learner.rank, number)
        dual = _dual(learner.model)
        with autocast(learner.device, learner.training.precision):
            audio = dual.encode_audio(part.wave, part.num_samples, part.blend)
            text = dual.encode_text(part.texts)
        return exact(audio), exact(text)

    def compare(self, learner: Learner, part: Batch, encoded: tuple[Tensor, ...], step: int) -> Tensor:
        """Return the loss () over the pairs of all processes. Its draws are alike in all of them."""
        audio, text = encoded
        seed_step(learner.training.seed, step, LOSS_WORD)
        teacher = _teach(learner.teachers, part) if learner.teachers else None
        pairs = Pairs(gather(audio), gather(text), gather(part.ids), _dual(learner.model).temperature, teacher)
        loss: Tensor = learner.loss(pairs)
        return loss

    @torch.no_grad()
    def bound(self, model: Model) -> None:
        """Keep 1 / temperature at 100 at most where its logarithm is learnt, as CLIP does (Radford et al. 2021, section 2.5)."""
        scale = getattr(model, "logit_scale", None)
        if isinstance(scale, nn.Parameter) and scale.requires_grad:
            scale.clamp_(max=_MAX_LOGIT_SCALE)

    def temperature(self, model: Model) -> float | None:
        """Return what cosines are divided by."""
        return float(_dual(model).temperature.detach())

    def look(self, model: Model, learner: Learner, held_out: HeldOut, recipe: Recipe, stop: Callable[[], bool]) -> dict[str, float]:
        """Return how well both directions retrieve, and the loss unless teachers have a say in it."""
        dual, training = _dual(model), recipe.training
        embedded = embed(dual, held_out, precision=training.precision, stop=stop)
        seen = figures(embedded)
        if not learner.teachers:  # who are not asked about what they may have been trained on
            seen["loss"] = loss_of(
                cast("Loss", learner.loss), embedded, dual.temperature.detach(), batch=training.batch, seed=training.seed,
                positives=recipe.data.positives,
            )  # fmt: skip
        return seen


CONTRASTIVE = Contrastive()


def _dual(model: Model) -> DualEncoder:
    return cast("DualEncoder", model)


@torch.no_grad()
def _teach(teachers: Sequence[DualEncoder], part: Batch) -> Tensor:
    """The cosines (N, B, B) of each teacher."""
    embedded = (
        (gather(dual.encode_audio(part.wave, part.num_samples, part.blend)), gather(dual.encode_text(part.texts))) for dual in teachers
    )
    return torch.stack([audio.float() @ text.float().T for audio, text in embedded])
