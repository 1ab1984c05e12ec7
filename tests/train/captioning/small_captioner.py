"""A captioner of some ten thousand weights, and what an update of it needs."""

from __future__ import annotations

from typing import Any

import torch

from hearken.losses.captions import build_caption_loss
from hearken.models.captioner import Captioner
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig
from hearken.text.vocabulary import WordVocabulary
from hearken.train.captioning.teach import CAPTIONING
from hearken.train.optimizer import freeze, make_optimizer
from hearken.train.recipe import OptimizerPart, TrainingPart
from hearken.train.step import Learner
from tests.train.small import TEXTS

ACT = {"depth": 1, "dim": 16, "heads": 2, "num_tags": 6, "dropout": 0.0}


def captioner(kind: str = "cross", *, dropout: float = 0.0, seed: int = 3) -> Captioner:
    """A small captioner in evaluation mode, that knows the words of `TEXTS`."""
    torch.manual_seed(seed)
    config = CaptionerConfig(AudioConfig("act", dict(ACT), segment_s=0.5), DecoderConfig(kind, 16, 1, 2, 24, dropout))
    return Captioner(config, WordVocabulary.learn(TEXTS)).eval()


def learner(model: Captioner, *, optimizer: OptimizerPart | None = None, rank: int = 0, **training: Any) -> Learner:
    """What an update of `model` needs, on the CPU."""
    loss = build_caption_loss("label_smoothing", smoothing=0.1)
    settings = optimizer or OptimizerPart(rate=1e-3)
    freeze(model, loss, settings.frozen)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    part = TrainingPart(**{"batch": 8, **training})
    return Learner(CAPTIONING, model, loss, make_optimizer(model, loss, settings), part, scaler, torch.device("cpu"), rank)
