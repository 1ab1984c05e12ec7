"""Small networks with the operations that make exporting hard, for tests of export and of what runs its result."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.melspec import PANNS_LOGMEL_32K
from hearken.models.encoder import AudioEncoder

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "a", "dog", "barks", "rain", "falls", "water", "glass", "breaking", "man", "speaks", "birds"]


class TinyEncoder(AudioEncoder):
    """Log-mel through a bicubic resizing, a convolution, windows that are shifted, attention and a GRU: (B, L, F) to (B, 24)."""

    front_end = PANNS_LOGMEL_32K
    dim = 24
    segment_s = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 24, 16, stride=16)
        self.norm = nn.BatchNorm1d(64)
        self.qkv = nn.Linear(24, 72)
        self.rnn = nn.GRU(24, 12, batch_first=True, bidirectional=True)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, 24) of log-mel (B, L, 64)."""
        x = self.norm(mel.transpose(1, 2)).transpose(1, 2).unsqueeze(1) / 10
        x = functional.interpolate(x, (128, 64), mode="bicubic", align_corners=True)
        x = torch.roll(self.patches(x), (-1, -2), (2, 3)).flatten(2).transpose(1, 2)
        query, key, value = self.qkv(x).chunk(3, dim=-1)
        x = x + functional.scaled_dot_product_attention(query, key, value)
        return self.rnn(functional.gelu(x))[0].mean(1)


class TinyWaveEncoder(TinyEncoder):
    """The same with a strided convolution over the samples beside it."""

    needs_wave = True

    def __init__(self) -> None:
        super().__init__()
        self.ears = nn.Conv1d(1, 24, 64, stride=32)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, 24) of log-mel (B, L, 64) and wave (B, T)."""
        return super().forward(mel) if wave is None else super().forward(mel) + self.ears(wave.unsqueeze(1)).abs().mean(2)


def tiny_transformer(kind: str) -> nn.Module:
    """A transformer of the architecture `kind`, with random weights."""
    import transformers

    sizes: dict[str, Any] = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"intermediate_size": 64, "max_position_embeddings": 140, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    if kind == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=len(WORDS), n_embd=32, n_layer=2, n_head=4, n_positions=140, bos_token_id=0, eos_token_id=2, use_cache=False
        )
        return transformers.GPT2Model(config).eval()
    if kind == "bert":
        return transformers.BertModel(transformers.BertConfig(**sizes)).eval()
    if kind == "roberta":
        return transformers.RobertaModel(transformers.RobertaConfig(**sizes)).eval()
    return transformers.MPNetModel(transformers.MPNetConfig(**sizes)).eval()
