"""What every loss takes and gives: embeddings of a batch of pairs in, one number out.

A loss knows no model and no file. It is a module because some have numbers of their own to learn (GLAP's bias, LAION-CLAP's second
temperature); most have none. Pair i of a batch is the sound `audio[i]` with the caption `text[i]`.

Legend: `B` pairs of the batch (of all processes together), `D` embedding, `N` teachers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from hearken.errors import InputError


@dataclass(frozen=True)
class Pairs:
    """The embeddings of a batch: unit-length `audio` and `text` (B, D); `ids` (B,) int64 are equal where the sound is the same clip.

    `temperature` () is the model's. `teacher` (N, B, B) are the cosines that teachers give to audio i and text j. `generator` draws what a
    loss draws at random (impostors).
    """

    audio: Tensor
    text: Tensor
    ids: Tensor
    temperature: Tensor
    teacher: Tensor | None = None
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        if self.audio.ndim != 2 or self.audio.shape != self.text.shape or self.ids.shape != self.audio.shape[:1]:
            shapes = f"{tuple(self.audio.shape)}, {tuple(self.text.shape)} and {tuple(self.ids.shape)}"
            raise InputError(f"A loss takes as many sounds as texts, of one size, and an id for each, not shapes {shapes}.")

    @property
    def cosines(self) -> Tensor:
        """The cosines (B, B) of sound i and text j."""
        return self.audio @ self.text.T

    @property
    def same(self) -> Tensor:
        """Whether sound i and text j are of one clip: boolean (B, B), true on the diagonal."""
        return self.ids[:, None] == self.ids[None, :]

    def full(self) -> Pairs:
        """Return the pairs with numbers of half precision widened to float32; others stay as they are."""
        audio, text, temperature = (_widen(x) for x in (self.audio, self.text, self.temperature))
        teacher = None if self.teacher is None else _widen(self.teacher)
        return replace(self, audio=audio, text=text, temperature=temperature, teacher=teacher)


def _widen(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


class Loss(nn.Module):
    """Base of the losses: call one with `Pairs` for a scalar. Subclasses write `compute`."""

    def forward(self, pairs: Pairs) -> Tensor:
        """Return the loss () of a batch of pairs, in float32 (or what is wider) even where autocast is on.

        In half precision, cosines over a temperature of 0.01 would be off by 0.2 and more.
        """
        with torch.autocast(pairs.audio.device.type, enabled=False):
            return self.compute(pairs.full())

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss () of a batch of pairs; the precision has been seen to."""
        raise NotImplementedError
