"""What one step of the pocket recipe learns from.

Legend: `B` sounds, `K` feature frames, `C` feature channels, `D` embedding, `Q` texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pocket_data import POLICY, Batch, Clip
from pocket_scenes import Key, Phrases, overlooks, pairs
from pocket_teachers import Teachers
from pocket_towers import Words
from torch import Tensor
from torch.nn import functional

from hearken.losses.cross_entropy import rows, symmetric
from hearken.models.pocket import PocketAudio, slope_of

_FEW_WORDS = 8
_FAR = -1e4  # a score that no softmax sees


@dataclass(frozen=True)
class Settings:
    """All numbers of the recipe; the card records them."""

    design: str = "slope"
    seed: int = 20
    text_steps: int = 160
    epochs: int = 6
    batch: int = 64
    mix: float = 0.25
    num_orders: int = 12
    frozen_layers: int = 4
    temperature: float = 0.05
    rate_features: float = 1e-4
    rate_head: float = 4e-4
    rate_text: float = 2e-5
    rate_text_alone: float = 5e-5
    rate_sense: float = 40.0
    weight_decay: float = 1e-3
    anchor_audio: float = 5.0
    anchor_moment: float = 1.0
    anchor_text: float = 4.0
    moments: float = 0.3
    order: float = 0.5
    told: float = 2.0
    alike: float = 0.3
    tagged: float = 0.5
    extra_captions: int = 16
    own_words: float = 0.75
    average: float = 0.98


class Texts(NamedTuple):
    """Texts that teach without sound: captions with tag indices; plain captions, with MiniLM's embeddings (N, D); pairs that mean the same; and
    captions of training sounds that may mean each other."""

    tagged: list[tuple[str, tuple[int, ...]]]
    plain: list[str]
    anchors: Tensor
    alike: list[tuple[str, str]]
    alike_captions: frozenset[frozenset[str]]

    @property
    def short(self) -> NDArray[np.int64]:
        """Places of plain captions of few words, which two of can be joined to a sentence."""
        return np.flatnonzero([len(text.split()) <= _FEW_WORDS for text in self.plain])


class Sounds(NamedTuple):
    """The sounds of a step: features (K, C) of each, what it is, the clips in it, and the first frame of its crop."""

    frames: list[Tensor]
    keys: list[Key]
    members: list[tuple[int, ...]]
    starts: list[int]


class Steps:
    """The loss of a step, of clips and of texts."""

    def __init__(
        self, audio: PocketAudio, words: Words, clips: list[Clip], texts: Texts, phrases: Phrases, teachers: Teachers, settings: Settings
    ) -> None:
        self.audio, self.words, self.clips, self.settings = audio, words, clips, settings
        self.texts, self.phrases, self.teachers = texts, phrases, teachers

    def loss(self, batches: Sequence[Batch], generator: np.random.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss of one step, weighed; their sum is to be minimised."""
        chosen = self.settings
        sounds = self._hear(batches)
        scenes = pairs(sounds.keys, chosen.num_orders, generator) if chosen.design != "mean" else []
        keys = [*sounds.keys, *(("then", *sounds.keys[one], *sounds.keys[two]) for pair in scenes for one, two in (pair, pair[::-1]))]
        frames = [*sounds.frames, *(torch.cat([sounds.frames[a], sounds.frames[b]]) for p in scenes for a, b in (p, p[::-1]))]
        heard = self._head(frames)
        columns = sorted(set(keys))
        said = self.words([self.phrases.say_key(key, generator) for key in columns])
        count = len(sounds.keys)
        content = self.audio.head(
            torch.stack([rows.mean(0) for rows in sounds.frames])
        )  # how a sound goes on is no matter of the teachers'
        anchor = 1 - (content * self.teachers.of(sounds.members)).sum(1).mean()
        parts = {
            "clips": contrast(heard, said, keys, columns, chosen.temperature, self.texts.alike_captions),
            "anchor_audio": chosen.anchor_audio * anchor,
            "tagged": chosen.tagged * self._tagged(generator),
            "anchor_text": chosen.anchor_text * self._anchored(generator),
            "alike": chosen.alike * self._alike(generator),
        }
        if scenes:
            parts["order"] = chosen.order * self._order(heard[count:], said, keys[count:], columns)
            parts["told"] = chosen.told * self._told(generator)
        if chosen.moments or chosen.anchor_moment:
            moments, anchored = self._moments(sounds, said, columns)
            parts |= {"moments": chosen.moments * moments, "anchor_moment": chosen.anchor_moment * anchored}
        return parts

    def _hear(self, batches: Sequence[Batch]) -> Sounds:
        frames = [row for batch in batches for row in self.audio.frames(torch.from_numpy(batch.mel))]
        members = [indices for batch in batches for indices in batch.members]
        captions = [tuple(self.clips[index].caption for index in indices) for indices in members]
        keys: list[Key] = [found if len(found) == 1 else ("and", *sorted(found)) for found in captions]
        return Sounds(frames, keys, members, [start for batch in batches for start in batch.starts])

    def _head(self, pieces: Sequence[Tensor]) -> Tensor:
        pooled = torch.stack([piece.mean(0) for piece in pieces])
        if self.settings.design == "mean":
            return self.audio.head(pooled)
        return self.audio.head(pooled, torch.stack([slope_of(piece[None])[0] for piece in pieces]))

    def _order(self, heard: Tensor, said: Tensor, keys: list[Key], columns: list[Key]) -> Tensor:
        """Which of two orders: rows come in pairs of one order and the other."""
        own = said[[columns.index(key) for key in keys]].unflatten(0, (-1, 2))
        scores = heard.unflatten(0, (-1, 2)) @ own.transpose(1, 2) / self.settings.temperature
        right = torch.arange(2).expand(len(scores), 2)
        return (functional.cross_entropy(scores, right) + functional.cross_entropy(scores.transpose(1, 2), right)) / 2

    def _moments(self, sounds: Sounds, said: Tensor, columns: list[Key]) -> tuple[Tensor, Tensor]:
        """The moment of each clip that fits its caption best, against all captions; and all moments near the teacher's."""
        single = [place for place, key in enumerate(sounds.keys) if len(key) == 1]
        windows = [
            (place, first, stop) for place in single for first, stop in POLICY.windows(len(sounds.frames[place])) if stop - first <= 4
        ]
        heard = self._head([sounds.frames[place][first:stop] for place, first, stop in windows])
        taught = [(sounds.members[place][0], sounds.starts[place] + first, sounds.starts[place] + stop) for place, first, stop in windows]
        anchored = 1 - (heard * self.teachers.moments(taught)).sum(1).mean()
        owners = np.array([place for place, _, _ in windows])
        with torch.no_grad():
            fits = (heard * said[[columns.index(sounds.keys[place]) for place in owners]]).sum(1).numpy()
        best = [int(found[fits[found].argmax()]) for place in single if len(found := np.flatnonzero(owners == place))]
        keys = [sounds.keys[owners[row]] for row in best]
        plain = [number for number, key in enumerate(columns) if key in set(keys)]
        asked = [columns[number] for number in plain]
        return contrast(heard[best], said[plain], keys, asked, self.settings.temperature, self.texts.alike_captions), anchored

    def _tagged(self, generator: np.random.Generator) -> Tensor:
        """AudioCaps captions against the audio vector that their clip's AudioSet tags alone would give."""
        chosen = [self.texts.tagged[i] for i in generator.choice(len(self.texts.tagged), self.settings.extra_captions, replace=False)]
        tags = torch.zeros(len(chosen), self.audio.bridge.shape[0])
        for row, (_, indices) in zip(tags, chosen, strict=True):
            row[list(indices)] = torch.from_numpy(generator.uniform(0.3, 1.0, len(indices)).astype(np.float32))
        imagined = functional.normalize(tags @ self.audio.bridge, dim=-1)
        scores = imagined @ self.words([caption for caption, _ in chosen]).T / self.settings.temperature
        return symmetric(scores, torch.eye(len(chosen)) / len(chosen))

    def _anchored(self, generator: np.random.Generator) -> Tensor:
        """Plain captions stay near where MiniLM put them, so that words the train split lacks keep their places."""
        chosen = generator.choice(len(self.texts.plain), self.settings.extra_captions, replace=False)
        said = self.words([self.texts.plain[i] for i in chosen])
        return 1 - (said * self.texts.anchors[torch.from_numpy(chosen)].float()).sum(1).mean()

    def text_loss(self, generator: np.random.Generator) -> Tensor:
        """Return the loss of a step without sound: order, told in all ways, while plain captions stay where they are."""
        return self.settings.told * self._told(generator) + self.settings.anchor_text * self._anchored(generator)

    def _told(self, generator: np.random.Generator) -> Tensor:
        """Two plain captions, in both orders: where the audio tower would put such sounds, were each as its caption is; and which is which."""
        short, anchors = self.texts.short, self.texts.anchors
        one, two = (short[places] for places in generator.choice(len(short), (2, self.settings.extra_captions), replace=False))
        first, last = (anchors[torch.from_numpy(chosen)].float() for chosen in (one, two))
        course = (last - first) / 2  # the late half less the early one, each of which holds a quarter of the other
        with torch.no_grad():
            content, turned = functional.normalize(first + last, dim=-1), self.audio.turn(course)
            targets = functional.normalize(torch.stack([content + turned, content - turned], dim=1), dim=-1)
        keys = [("then", self.texts.plain[a], self.texts.plain[b]) for pair in zip(one, two, strict=True) for a, b in (pair, pair[::-1])]
        said = self.words([self.phrases.say_key(key, generator) for key in keys]).unflatten(0, (-1, 2))
        scores = said @ targets.transpose(1, 2) / self.settings.temperature
        right = torch.arange(2).expand(len(scores), 2)
        return 1 - (said * targets).sum(-1).mean() + functional.cross_entropy(scores, right) / 2

    def _alike(self, generator: np.random.Generator) -> Tensor:
        """Texts that mean the same are near each other: names and their glosses, ways to put a thing, slips of the fingers."""
        chosen = generator.choice(len(self.texts.alike), self.settings.extra_captions, replace=False)
        one, two = (self.words([self.texts.alike[i][side] for i in chosen]) for side in (0, 1))
        return symmetric(one @ two.T / self.settings.temperature, torch.eye(len(chosen)) / len(chosen))


def contrast(
    heard: Tensor, said: Tensor, keys: list[Key], columns: list[Key], temperature: float, alike: frozenset[frozenset[str]]
) -> Tensor:
    """Return the symmetric cross-entropy () of sounds (B, D) and texts (Q, D), by what they are; see `overlooks` for what is left out."""
    positives = torch.tensor([[key == column for column in columns] for key in keys])
    left_out = torch.tensor([[overlooks(key, column, alike) for column in columns] for key in keys])
    scores = (heard @ said.T / temperature).masked_fill(left_out, _FAR)
    return symmetric(scores, *rows(positives, scores.dtype))
