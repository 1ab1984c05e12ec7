"""What one step of the pocket recipe's joint training learns from, and all numbers of the recipe.

Legend: `B` sounds, `C` feature channels, `D` embedding, `Q` texts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from pocket_data import Batch, Clip
from pocket_scenes import Key, Phrases
from pocket_teachers import Teachers
from pocket_towers import Words
from torch import Tensor
from torch.nn import functional

from hearken.losses.cross_entropy import multi_positive
from hearken.models.pocket import PocketAudio


@dataclass(frozen=True)
class Settings:
    """All numbers of the recipe; `training.json` records them."""

    design: str = "slope"
    seed: int = 20
    seeds: int = 3
    epochs: int = 6
    batch: int = 64
    mix: float = 0.25
    own_words: float = 1.0
    temperature: float = 0.05
    rate_features: float = 1e-4
    rate_head: float = 4e-4
    rate_text: float = 2e-5
    weight_decay: float = 1e-3
    anchor_audio: float = 5.0
    anchor_text: float = 4.0
    tagged: float = 0.5
    extra_captions: int = 32
    average: float = 0.98
    teachers: str = "mn04"
    order_steps: int = 300
    order_pairs: int = 24
    rate_order: float = 5e-5
    rate_sense: float = 40.0
    turn: float = 0.6
    told: float = 2.0
    phrased: float = 0.0
    kept: float = 12.0


AFTERWARDS = ("seeds", "order_steps", "order_pairs", "rate_order", "rate_sense", "told", "phrased", "kept")
"""Those that no single run of joint training depends on."""


class Texts(NamedTuple):
    """Texts that teach without sound: AudioCaps captions with tag indices, and plain captions."""

    tagged: list[tuple[str, tuple[int, ...]]]
    plain: list[str]


class Sounds(NamedTuple):
    """The sounds of a step: features (B, C) averaged over time, what each is, and the clips in it."""

    pooled: Tensor
    keys: list[Key]
    members: list[tuple[int, ...]]


class Steps:
    """The loss of a step, of clips and of texts. `words` is copied as it is now: captions are anchored there."""

    def __init__(
        self, audio: PocketAudio, words: Words, clips: list[Clip], texts: Texts, phrases: Phrases, teachers: Teachers, settings: Settings
    ) -> None:
        self.audio, self.words, self.clips, self.settings = audio, words, clips, settings
        self.texts, self.phrases, self.teachers = texts, phrases, teachers
        self._first_words = copy.deepcopy(words).requires_grad_(False)

    def loss(self, batches: Sequence[Batch], generator: np.random.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss of one step, weighed; their sum is to be minimised."""
        chosen = self.settings
        sounds = self._hear(batches)
        columns = sorted(set(sounds.keys))
        said = self.words([self.phrases.say_key(key, generator) for key in columns])
        heard = self.audio.head(sounds.pooled)
        anchor = 1 - (heard * self.teachers.of(sounds.members)).sum(1).mean()
        return {
            "clips": contrast(heard, said, sounds.keys, columns, chosen.temperature),
            "anchor_audio": chosen.anchor_audio * anchor,
            "tagged": chosen.tagged * self._tagged(generator),
            "anchor_text": chosen.anchor_text * self._anchored(generator),
        }

    def _hear(self, batches: Sequence[Batch]) -> Sounds:
        pooled = torch.cat([self.audio.frames(torch.from_numpy(batch.mel)).mean(1) for batch in batches])
        members = [indices for batch in batches for indices in batch.members]
        captions = [tuple(self.clips[index].caption for index in indices) for indices in members]
        keys: list[Key] = [found if len(found) == 1 else ("and", *found) for found in captions]
        return Sounds(pooled, keys, members)

    def _tagged(self, generator: np.random.Generator) -> Tensor:
        """AudioCaps captions against the audio vector that their clip's AudioSet tags alone would give."""
        chosen = [self.texts.tagged[i] for i in generator.choice(len(self.texts.tagged), self.settings.extra_captions, replace=False)]
        tags = torch.zeros(len(chosen), self.audio.bridge.shape[0])
        for row, (_, indices) in zip(tags, chosen, strict=True):
            row[list(indices)] = torch.from_numpy(generator.uniform(0.3, 1.0, len(indices)).astype(np.float32))
        imagined = functional.normalize(tags @ self.audio.bridge, dim=-1)
        own = torch.eye(len(chosen), dtype=torch.bool)
        return multi_positive(imagined, self.words([caption for caption, _ in chosen]), own, self.settings.temperature)

    def _anchored(self, generator: np.random.Generator) -> Tensor:
        """Plain captions stay near where MiniLM put them, so that words the train split lacks keep their places."""
        captions = [self.texts.plain[i] for i in generator.choice(len(self.texts.plain), self.settings.extra_captions, replace=False)]
        with torch.no_grad():
            anchor = self._first_words(captions)
        return 1 - (self.words(captions) * anchor).sum(1).mean()


def contrast(heard: Tensor, said: Tensor, keys: list[Key], columns: list[Key], temperature: float) -> Tensor:
    """Return the symmetric cross-entropy () of sounds (B, D) and texts (Q, D), by what they are."""
    positives = torch.tensor([[key == column for column in columns] for key in keys])
    return multi_positive(heard, said, positives, temperature)
