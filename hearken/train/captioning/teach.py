"""How a captioner learns: it reads a sound and the caption so far, and says which token comes next (teacher forcing).

The loss is the mean over all tokens of the pairs of all processes, the end of each caption among them.

Legend: `b` pairs of this process, `W` tokens of the longest caption of a part, `V` vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from torch import Tensor, nn

from hearken.losses.captions import build_caption_loss
from hearken.models.captioner import Captioner
from hearken.models.dual import DualEncoder
from hearken.train.batch import Batch
from hearken.train.build import build_tower_of, start_captioner
from hearken.train.captioning.begun import BegunCaptioner, WholeCaptioner
from hearken.train.captioning.lesson import lesson, token_loss
from hearken.train.captioning.look import look
from hearken.train.gather import gather
from hearken.train.recipe import DecoderPart, Recipe
from hearken.train.step import ENCODE_WORD, LOSS_WORD, Learner, Model, autocast, exact, seed_step

if TYPE_CHECKING:
    from hearken.train.feed.held_out import HeldOut


class Captioning:
    """The `Method` of captioners."""

    def begin(self, recipe: Recipe) -> tuple[BegunCaptioner | WholeCaptioner, tuple[DualEncoder, ...]]:
        """Return the ears of a captioner, or a whole one that it starts from. Raises as `build_tower_of` and `start_captioner`."""
        part, seed = recipe.model, recipe.training.seed
        if part.start:
            return WholeCaptioner(start_captioner(part, seed)), ()
        audio, config = build_tower_of(part.audio, seed)
        return BegunCaptioner(audio, config, part.decoder or DecoderPart(), seed), ()

    def loss(self, recipe: Recipe) -> nn.Module:
        """Return the recipe's loss."""
        return build_caption_loss(recipe.loss.name, **recipe.loss.options)

    def encode(self, learner: Learner, part: Batch, step: int, number: int) -> tuple[Tensor, ...]:
        """Return logits (b, W, V) of the tokens of a part's captions, in float32 at least."""
        seed_step(learner.training.seed, step, ENCODE_WORD, learner.rank, number)
        captioner = cast("Captioner", learner.model)
        taught = lesson(captioner.vocabulary, part.texts).to(learner.device)
        with autocast(learner.device, learner.training.precision):
            heard = captioner.hear(part.wave, part.num_samples, part.blend)
            logits = captioner(taught.tokens, heard, taught.padding)
        return (exact(logits),)

    def compare(self, learner: Learner, part: Batch, encoded: tuple[Tensor, ...], step: int) -> Tensor:
        """Return the mean loss () of a token, over the pairs of all processes."""
        seed_step(learner.training.seed, step, LOSS_WORD)
        taught = lesson(cast("Captioner", learner.model).vocabulary, part.texts).to(learner.device)
        total, count = token_loss(learner.loss, encoded[0], taught)
        return gather(total[None]).sum() / gather(count[None]).sum()

    def bound(self, model: Model) -> None:
        """Nothing has bounds here."""

    def temperature(self, model: Model) -> float | None:
        """There is none."""
        del model
        return None

    def look(self, model: Model, learner: Learner, held_out: HeldOut, recipe: Recipe, stop: Callable[[], bool]) -> dict[str, float]:
        """Return the loss of a token and the CIDEr-D of greedy captions."""
        return look(cast("Captioner", model), learner.loss, held_out, precision=recipe.training.precision, stop=stop)


CAPTIONING = Captioning()
