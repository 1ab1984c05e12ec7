"""Captions as a captioner learns them: numbers to read, numbers to say, and where there is nothing.

Padding is in no mean and is seen by no word. Captions of more tokens than a decoder has positions are cut, and then have no end.

Legend: `b` captions, `W` tokens of the longest of them, `V` vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hearken.models.decoder import MAX_TOKENS
from hearken.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Lesson:
    """Some captions to learn from: what is read, `tokens` (b, W) from the start on; what is to be said after each, `targets` (b, W); and
    `padding` (b, W), true behind a caption."""

    tokens: Tensor
    targets: Tensor
    padding: Tensor

    def to(self, device: torch.device) -> Lesson:
        """Return the lesson on `device`."""
        return Lesson(self.tokens.to(device), self.targets.to(device), self.padding.to(device))


def lesson(vocabulary: Vocabulary, captions: Sequence[str]) -> Lesson:
    """Return `captions` (b) as numbers, each with its start and its end, filled up to the longest."""
    numbers = [vocabulary.encode(caption) for caption in captions]
    rows = [([vocabulary.start, *each][:MAX_TOKENS], [*each, vocabulary.end][:MAX_TOKENS]) for each in numbers]
    width = max(len(read) for read, _ in rows)

    def filled(row: list[int]) -> list[int]:
        return row + [vocabulary.pad] * (width - len(row))

    lengths = torch.tensor([len(read) for read, _ in rows])
    padding = torch.arange(width) >= lengths[:, None]
    return Lesson(torch.tensor([filled(read) for read, _ in rows]), torch.tensor([filled(said) for _, said in rows]), padding)


def token_loss(loss: nn.Module, logits: Tensor, taught: Lesson) -> tuple[Tensor, Tensor]:
    """Return the sum () of the loss over the tokens that are none of padding, and their number (); `logits` (b, W, V)."""
    said = ~taught.padding
    count = said.sum()
    return loss(logits[said], taught.targets[said]) * count, count
