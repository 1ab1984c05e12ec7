"""A dual encoder of some ten thousand weights, batches of noise for it, and what an update needs."""

from __future__ import annotations

from typing import Any

import torch

from hearken.losses.base import Loss
from hearken.losses.table import build_loss
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig
from hearken.models.dual import DualEncoder
from hearken.train.batch import Batch
from hearken.train.contrastive import CONTRASTIVE
from hearken.train.optimizer import freeze, make_optimizer
from hearken.train.recipe import OptimizerPart, TrainingPart
from hearken.train.step import Learner
from tests.models.small import text_config, tokenizer

RATE_HZ = 32_000
TEXTS = ("a dog barks", "rain falls on a roof", "a dog", "rain on tin", "a tin roof", "dog barks on a roof", "rain", "a roof falls")


def model(audio: str = "passt_tiny", *, kind: str = "exp", seed: int = 3, dropout: bool = False, **options: Any) -> DualEncoder:
    """A small dual encoder in evaluation mode, without patchout unless `options` says so; `dropout` keeps that of the text side."""
    torch.manual_seed(seed)
    if audio == "passt_tiny":
        options = {"patchout": [0, 0], **options}
    config = AudioConfig(audio, options, segment_s=0.5)
    text = text_config()
    if not dropout:
        text.architecture.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return DualEncoder(DualConfig(config, text, "linear", 24, TemperatureConfig(kind, 0.05)), tokenizer()).eval()  # type: ignore[arg-type]


def batch(size: int = 8, *, seed: int = 0, nan: bool = False) -> Batch:
    """A batch of noise, each row of another length; with `nan`, one sample of the first is no number."""
    generator = torch.Generator().manual_seed(seed)
    lengths = tuple(12_000 + 500 * number for number in range(size))
    wave = torch.zeros(size, max(lengths))
    for row, length in zip(wave, lengths, strict=True):
        row[:length] = 0.1 * torch.randn(length, generator=generator)
    if nan:
        wave[0, 100] = torch.nan
    texts = tuple(TEXTS[(number + seed) % len(TEXTS)] for number in range(size))
    return Batch(wave, lengths, texts, torch.arange(size), tuple(f"clip{number}" for number in range(size)), tuple(range(size)))


def learner(
    dual: DualEncoder, *, optimizer: OptimizerPart | None = None, loss: Loss | None = None, rank: int = 0, **training: Any
) -> Learner:
    """What an update of `dual` needs, on the CPU."""
    loss = loss or build_loss("nt_xent")
    settings = optimizer or OptimizerPart(rate=1e-3)
    freeze(dual, loss, settings.frozen)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    part = TrainingPart(**{"batch": 8, **training})
    return Learner(CONTRASTIVE, dual, loss, make_optimizer(dual, loss, settings), part, scaler, torch.device("cpu"), rank)
