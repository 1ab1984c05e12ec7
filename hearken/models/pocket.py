"""The pocket model: a tagger's ears and a sentence encoder's words in one space.

The audio vector starts as the *tag bridge*: tag probabilities times the sentence embeddings of the tags' names, which
needs no paired audio at all. Since that is a chain of ordinary layers, every one of them can then be trained: the
MobileNet, the tagging head, the bridge matrix itself, and a residual path that starts at zero and carries what the 527
tags cannot say.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` feature frames, `C` feature channels, `M` tags, `W` word
pieces, `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.models.mobilenet import MobileNetV3


class PocketAudio(nn.Module):
    """Log-mel to embedding, in two steps so that one pass over the sound serves windows of any length.

    `tagger` is a MobileNetV3 with loaded weights, `tag_vectors` (M, D) the sentence embeddings of its tags' names.
    """

    def __init__(self, tagger: MobileNetV3, tag_vectors: Tensor) -> None:
        super().__init__()
        self.tagger = tagger
        self.bridge = nn.Parameter(tag_vectors.clone())
        self.residual = nn.Linear(tagger.num_hidden, tag_vectors.shape[1], bias=False)
        nn.init.zeros_(self.residual.weight)

    def frames(self, mel: Tensor) -> Tensor:
        """Return features (B, K, C) of log-mel `mel` (B, L, F); K = ceil(L / 32)."""
        return self.tagger.frames(mel)

    def head(self, pooled: Tensor) -> Tensor:
        """Return unit-length embeddings (B, D) of features averaged over time, `pooled` (B, C)."""
        hidden = self.tagger.hidden(pooled)
        return functional.normalize(torch.sigmoid(self.tagger.tags(hidden)) @ self.bridge + self.residual(hidden), dim=-1)

    def forward(self, mel: Tensor) -> Tensor:
        """Return one unit-length embedding (B, D) for each log-mel in `mel` (B, L, F)."""
        return self.head(self.frames(mel).mean(1))


class PocketText(nn.Module):
    """Word pieces to embedding: a BERT-like `transformer`, mean pooling, and a projection that starts as the identity."""

    def __init__(self, transformer: nn.Module, dim: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.projection = nn.Linear(dim, dim, bias=False)
        nn.init.eye_(self.projection.weight)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit-length embeddings (B, D) of `input_ids` (B, W), where `attention_mask` (B, W) is 1 on real pieces."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1)
        return functional.normalize(self.projection(pooled), dim=-1)
