"""How the pocket model's text tower learns to tell order and other ways to put a thing, after joint training and without any sound.

The audio tower hears the late half of a sound less its early half as a vector of its own, turned to where little else lies
(`hearken/models/pocket.py`). So where two sounds, one after the other, would lie is known from where each of them lies; and where each
lies is known from its caption, as that is what the towers were trained for. The text tower learns to put "a dog barks, then a
car passes" there, told in many ways. Everything else stays where it is; with `phrased`, other phrasings of a training caption are
drawn to where the caption lies. The ears do not change.

Legend: `P` pairs of captions, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pocket_scenes import Key, Phrases
from pocket_steps import Settings
from pocket_towers import Words
from torch import Tensor, nn
from torch.nn import functional

FEW_WORDS = 8
"""Captions of at most so many words can be joined to a sentence that somebody would say."""
TEMPERATURE = 0.05


class OrderSteps:
    """The loss of a step. `plain` are captions from everywhere, `own` those of the training sounds; half of each makes a step.

    `turn` is the audio tower's. `words` is copied as it is now: that is where single captions lie, and stay.
    """

    def __init__(
        self, words: Words, turn: nn.Linear, plain: Sequence[str], own: Sequence[str], phrases: Phrases, settings: Settings
    ) -> None:
        self.words, self.phrases, self.settings = words, phrases, settings
        self._turn = turn.weight.detach()
        self._texts = [*plain, *own]
        self._first = words.in_parts(self._texts)
        short = np.array([len(text.split()) <= FEW_WORDS for text in self._texts])
        places = np.arange(len(self._texts))
        self._plain, self._own = places[: len(plain)], places[len(plain) :]
        self._short = [self._plain[short[: len(plain)]], self._own[short[len(plain) :]]]

    def loss(self, generator: np.random.Generator) -> Tensor:
        """Return the loss () of one step."""
        chosen = self.settings
        told = self._told(*self._drawn(generator, self._short, chosen.order_pairs, 2), generator)
        (kept,) = self._drawn(generator, [self._plain, self._own], chosen.extra_captions, 1)
        moved = 1 - (self.words([self._texts[place] for place in kept]) * self._first[kept]).sum(1).mean()
        parts = [told, chosen.kept * moved]
        if chosen.phrased:
            parts.append(chosen.phrased * self._phrased(generator))
        return torch.stack(parts).sum()

    def _phrased(self, generator: np.random.Generator) -> Tensor:
        """Other ways to say captions of the training sounds, near these."""
        (places,) = self._drawn(generator, [self._own], self.settings.extra_captions, 1)
        said = self.words([self.phrases.other(self._texts[place], generator) for place in places])
        return 1 - (said * self._first[places]).sum(1).mean()

    @staticmethod
    def _drawn(
        generator: np.random.Generator, sources: Sequence[NDArray[np.int64]], count: int, times: int
    ) -> tuple[NDArray[np.int64], ...]:
        """Return `times` arrays of `count` places, as many from each source, no place twice."""
        parts = [generator.choice(source, (times, count // len(sources)), replace=False) for source in sources]
        return tuple(np.concatenate(parts, axis=1))

    def _told(self, one: NDArray[np.int64], two: NDArray[np.int64], generator: np.random.Generator) -> Tensor:
        """Two captions in both orders: near where the audio tower would put such sounds, and which of them is which."""
        first, last = self._first[one], self._first[two]
        content = functional.normalize(first + last, dim=-1)
        turned = (last - first) / 2 @ self._turn.T  # the late half less the early one, each of which holds a quarter of the other
        targets = functional.normalize(torch.stack([content + turned, content - turned], dim=1), dim=-1)
        pairs = [(self._texts[a], self._texts[b]) for a, b in zip(one, two, strict=True)]
        keys: list[Key] = [("then", *pair) for a, b in pairs for pair in ((a, b), (b, a))]
        said = self.words([Phrases({}).say_key(key, generator) for key in keys]).unflatten(0, (-1, 2))
        scores = said @ targets.transpose(1, 2) / TEMPERATURE
        right = torch.arange(2).expand(len(scores), 2)
        return self.settings.told * (1 - (said * targets).sum(-1).mean()) + functional.cross_entropy(scores, right)


def teach_order(words: Words, steps: OrderSteps, chosen: Settings) -> None:
    """Train `words` in place; what is new to the text tower, the sense and the turn, learns `rate_sense` times as fast."""
    new = [*words.tower.sense.parameters(), *words.tower.turn.parameters()]
    known = [weight for weight in words.parameters() if not any(weight is other for other in new)]
    groups = [{"params": known, "lr": chosen.rate_order}, {"params": new, "lr": chosen.rate_order * chosen.rate_sense}]
    adam = torch.optim.AdamW(groups, weight_decay=chosen.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min(1.0, (step + 1) / 20) * (1 - step / chosen.order_steps))
    for step in range(chosen.order_steps):
        loss = steps.loss(np.random.default_rng([chosen.seed, 1_000_000 + step]))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(words.parameters(), 1.0)
        adam.step()
        schedule.step()
