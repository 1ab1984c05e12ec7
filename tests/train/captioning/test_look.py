"""What validation says of a captioner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hearken.errors import DataError
from hearken.losses.captions import build_caption_loss
from hearken.train.captioning import look as module
from hearken.train.captioning.look import look, references_of
from tests.train.captioning.small_captioner import captioner
from tests.train.small import TEXTS


class Set:
    """A held-out set of noises: clip n has caption n, and clip 0 caption 1 too."""

    name = "noises"

    def __init__(self, unreadable: tuple[int, ...] = ()) -> None:
        self.queries, self.clips = TEXTS[:4], ("a", "b", "c", "d")
        self.relevant = np.eye(4, dtype=bool)
        self.relevant[1, 0] = True
        self._unreadable = unreadable

    def sounds(self) -> Any:
        generator = np.random.default_rng(0)
        sounds = [generator.normal(size=9_000 + 1_000 * number).astype(np.float32) for number in range(4)]
        return ((number, sound) for number, sound in enumerate(sounds) if number not in self._unreadable)


def test_references_are_the_captions_of_each_clip() -> None:
    assert references_of(Set()) == [TEXTS[:2], TEXTS[1:2], TEXTS[2:3], TEXTS[3:4]]  # type: ignore[arg-type]


def test_one_who_knows_all_captions_has_the_highest_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "captions", lambda _, heard: list(TEXTS[: len(heard)]))
    seen = look(captioner(), build_caption_loss("cross_entropy"), Set())  # type: ignore[arg-type]
    assert seen["CIDEr-D"] > 5.0
    monkeypatch.setattr(module, "captions", lambda _, heard: ["nothing"] * len(heard))
    assert look(captioner(), build_caption_loss("cross_entropy"), Set())["CIDEr-D"] == 0.0  # type: ignore[arg-type]


def test_the_loss_is_the_mean_over_the_tokens_of_all_references() -> None:
    made, counted = captioner(), []

    class Counting(nn.Module):
        def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            counted.append(len(targets))
            return torch.tensor(2.5)

    seen = look(made, Counting(), Set())  # type: ignore[arg-type]
    assert seen["loss"] == pytest.approx(2.5)
    assert sum(counted) == sum(len(text.split()) + 1 for text in (*TEXTS[:4], TEXTS[1]))


def test_it_is_the_same_twice_and_leaves_the_model_as_it_was() -> None:
    made = captioner(dropout=0.5).train()
    loss = build_caption_loss("label_smoothing")
    first, second = (look(made, loss, Set()) for _ in range(2))  # type: ignore[arg-type]
    assert first == second
    assert made.training
    assert made.decoder.training
    assert loss.training


def test_clips_that_cannot_be_read_are_left_out() -> None:
    loss = build_caption_loss("label_smoothing")
    assert look(captioner(), loss, Set((1,)))["loss"] != look(captioner(), loss, Set())["loss"]  # type: ignore[arg-type]
    with pytest.raises(DataError, match="None of the 4 clips of noises can be read"):
        look(captioner(), loss, Set((0, 1, 2, 3)))  # type: ignore[arg-type]


def test_it_can_be_stopped() -> None:
    with pytest.raises(KeyboardInterrupt):
        look(captioner(), build_caption_loss("label_smoothing"), Set(), stop=lambda: True)  # type: ignore[arg-type]
