"""The pocket model: a tagger's ears and a sentence encoder's words in one space.

The audio vector starts as the *tag bridge*: tag probabilities times the sentence embeddings of the tags' names, which
needs no paired audio at all. Since that is a chain of ordinary layers, every one of them can then be trained: the
MobileNet, the tagging head, the bridge matrix itself, and a *residual* path that starts at zero and carries what the 527
tags cannot say. The *turn* carries order: the mean over time of a dog and then a car is that of a car and then a dog,
so what the late half sounds like less what the early half sounds like is turned to where little else lies, and added.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` feature frames, `C` feature channels, `M` tags, `W` word
pieces, `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.models.mobilenet import MobileNetV3
from hearken.models.projection import new_turn, sense_of, with_turn
from hearken.models.text import pool


def slope_of(frames: Tensor) -> Tensor:
    """Return the slope (B, C) of `frames` (B, K, C), as `hearken.audio.pooling` defines it."""
    count = frames.shape[1]
    rise = (2 * torch.arange(count, dtype=frames.dtype, device=frames.device) + 1) / count - 1
    return 2 / count * torch.einsum("k,bkc->bc", rise, frames)


class FrameTransformer(nn.Module):
    """Self-attention over feature frames (B, K, C), added to them; it starts as the identity.

    Places are told by sines, so any number of frames will do; a chunk of 10 s has 32.
    """

    def __init__(self, channels: int, num_layers: int, num_heads: int = 6) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            channels, num_heads, 2 * channels, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Return frames (B, K, C) that have looked at each other."""
        length, channels = frames.shape[1], frames.shape[2]
        rates = torch.exp(torch.arange(0, channels, 2, dtype=frames.dtype) * (-6.0 / channels))
        angles = torch.arange(length, dtype=frames.dtype)[:, None] * rates
        places = torch.cat([angles.sin(), angles.cos()], dim=1)
        changed: Tensor = self.out(self.encoder(frames + places))
        return frames + changed


class PocketAudio(nn.Module):
    """Log-mel to embedding, in two steps so that one pass over the sound serves windows of any length.

    `tagger` is a MobileNetV3 with loaded weights, `tag_vectors` (M, D) the sentence embeddings of its tags' names. With
    `num_layers`, frames go through a `FrameTransformer` before they are averaged.
    """

    def __init__(self, tagger: MobileNetV3, tag_vectors: Tensor, *, num_layers: int = 0) -> None:
        super().__init__()
        dim = tag_vectors.shape[1]
        self.tagger = tagger
        self.bridge = nn.Parameter(tag_vectors.clone())
        self.residual = nn.Linear(tagger.num_hidden, dim, bias=False)
        self.turn = new_turn(dim)
        self.transformer = FrameTransformer(tagger.num_features, num_layers) if num_layers else None
        nn.init.zeros_(self.residual.weight)

    def frames(self, mel: Tensor) -> Tensor:
        """Return features (B, K, C) of log-mel `mel` (B, L, F); K = ceil(L / 32)."""
        frames = self.tagger.frames(mel)
        return frames if self.transformer is None else self.transformer(frames)

    def head(self, pooled: Tensor, slope: Tensor | None = None) -> Tensor:
        """Return unit-length embeddings (B, D) of features averaged over time, `pooled` (B, C), and their `slope` (B, C)."""
        if slope is None:
            return self._content(pooled)
        return functional.normalize(with_turn(self._content, self.turn, pooled, slope), dim=-1)

    def _content(self, pooled: Tensor) -> Tensor:
        hidden = self.tagger.hidden(pooled)
        return functional.normalize(torch.sigmoid(self.tagger.tags(hidden)) @ self.bridge + self.residual(hidden), dim=-1)

    def forward(self, mel: Tensor) -> Tensor:
        """Return one unit-length embedding (B, D) for each log-mel in `mel` (B, L, F)."""
        frames = self.frames(mel)
        return self.head(frames.mean(1), slope_of(frames))


class PocketText(nn.Module):
    """Word pieces to embedding: a BERT-like `transformer`, mean pooling, and a projection that starts as the identity.

    What the late words say less what the early ones say is turned as on the audio side, and counts as much as the *sense* of
    the sentence tells, a number: positive where it is told in order of time ("a dog, then a car"), negative where it is told
    backwards ("a car after a dog"), and zero where order is none of its business, which is how it starts.
    """

    def __init__(self, transformer: nn.Module, dim: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.projection = nn.Linear(dim, dim, bias=False)
        self.turn = new_turn(dim)
        self.sense = nn.Linear(dim, 1)
        nn.init.eye_(self.projection.weight)
        nn.init.zeros_(self.sense.weight)
        nn.init.zeros_(self.sense.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit-length embeddings (B, D) of `input_ids` (B, W), where `attention_mask` (B, W) is 1 on real pieces, which come first."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask)[0]
        pooled, slope = pool(states, attention_mask, "mean_and_slope").chunk(2, dim=-1)
        share = sense_of(self.sense, pooled)
        return functional.normalize(with_turn(self._content, self.turn, pooled, slope, share), dim=-1)

    def _content(self, pooled: Tensor) -> Tensor:
        return functional.normalize(self.projection(pooled), dim=-1)
