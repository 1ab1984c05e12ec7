"""A dual encoder that is exported within a second: a tiny audio encoder of the closed table's kind, and a tiny BERT."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import nn

from hearken.models.build import build_dual
from hearken.models.config import TextConfig
from hearken.models.dual import DualEncoder
from hearken.models.text import TextEncoder
from hearken.models.text_table import build_text
from hearken.text.normalize import TextPolicy

TINY_BERT = {
    "model_type": "bert",
    "vocab_size": 30_522,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


@cache
def word_pieces() -> object:
    """BERT's word pieces."""
    return build_text("all-minilm-l6-v2").tokenizer


def tiny_dual(*, audio: str = "mn04", segment_s: float = 1.0, policy: TextPolicy | None = None, tokenizer: bool = True) -> DualEncoder:
    """`audio` and a BERT of one layer, with random weights, in a space of 12 numbers."""
    pieces = word_pieces() if tokenizer else None  # before the seed: making them the first time draws random numbers
    torch.manual_seed(0)
    config = TextConfig("tiny", TINY_BERT, "mean", policy or TextPolicy("dcase", lower=True, remove="!?.", max_tokens=16))
    text = TextEncoder(config, pieces)
    dual = build_dual(audio=audio, text=text, segment_s=segment_s, dim=12)
    wake(dual)
    return dual.eval()


@torch.no_grad()
def wake(dual: DualEncoder) -> None:
    """Make random weights tell sounds apart: statistics of unlike sounds, and biases that take away what all of them share.

    Statistics of sounds that are alike would blow up rounding to the size of what is tested.
    """
    wave = unlike_sounds(round(dual.rate_hz * (dual.audio.segments.segment_s or 1.0)), dual.rate_hz)
    for module in dual.audio.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0
    dual.audio.train()(wave)
    dual.eval()
    dual.audio_projection.bias.copy_(-(dual.audio_projection.weight @ dual.audio(wave).mean(0)))


def unlike_sounds(num_samples: int, rate_hz: int) -> torch.Tensor:
    """Noise and tones (8, T) of different strength, colour and rhythm."""
    generator = np.random.default_rng(3)
    time_s = np.arange(num_samples) / rate_hz
    rows = []
    for number in range(8):
        noise = generator.standard_normal(num_samples)
        noise = np.cumsum(noise - noise.mean()) / 30 if number % 2 else noise
        tone = np.sin(2 * np.pi * 200 * 1.9**number * time_s / (1 + 0.2 * number))
        rhythm = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * (1 + number) * time_s + number))
        rows.append((0.02 * (1 + number) * noise + 0.3 * tone * (number % 3)) * (rhythm if number > 3 else 1.0))
    return torch.from_numpy(np.stack(rows).astype(np.float32))
