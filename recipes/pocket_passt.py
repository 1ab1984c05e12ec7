"""A small PaSST as the ears of the pocket recipe's design `passt`: the same interface as the tagger, but trained from random weights.

Patches of 32 frames and 16 mel bands, so that it has feature frames as the tagger has; patchout drops a quarter of the
patches of each frame in training (Koutini et al. 2022 drop rows, columns and patches of a spectrogram without such frames).

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` feature frames, `P` patches of a frame, `C` channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hearken.models.mobilenet import NUM_TAGS

_PATCH = (32, 16)
_KEPT = 6  # of eight patches


class SmallPasst(nn.Module):
    """`frames`, `hidden` and `tags`, as `MobileNetV3` has them. 192 channels and 6 layers: 2.9 M parameters."""

    def __init__(self, channels: int = 192, num_layers: int = 6, num_mels: int = 128) -> None:
        super().__init__()
        self.num_features = self.num_hidden = channels
        layer = nn.TransformerEncoderLayer(channels, 3, 4 * channels, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.features = nn.ModuleDict(
            {
                "patches": nn.Conv2d(1, channels, _PATCH, _PATCH),
                "encoder": nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False),
                "norm": nn.LayerNorm(channels),
            }
        )
        self.bands = nn.Parameter(0.02 * torch.randn(num_mels // _PATCH[1], channels))
        self.classifier = nn.Sequential(nn.Linear(channels, channels), nn.GELU(), nn.Linear(channels, NUM_TAGS))
        nn.init.constant_(self.classifier[2].bias, -4.0)  # tags are rare

    def frames(self, mel: Tensor) -> Tensor:
        """Return features (B, K, C) of log-mel `mel` (B, L, F)."""
        patches = self.features["patches"](mel.unsqueeze(1)).permute(0, 2, 3, 1) + self.bands
        batch, length, count, channels = patches.shape
        rates = torch.exp(torch.arange(0, channels, 2) * (-6.0 / channels))
        angles = torch.arange(length)[:, None] * rates
        patches = patches + torch.cat([angles.sin(), angles.cos()], dim=1)[:, None]
        if torch.is_grad_enabled():
            kept = torch.rand(batch, length, count).argsort(-1)[..., :_KEPT, None].expand(-1, -1, -1, channels)
            patches = patches.gather(2, kept)
        seen = self.features["norm"](self.features["encoder"](patches.flatten(1, 2)))
        return seen.unflatten(1, (length, -1)).mean(2)

    def hidden(self, pooled: Tensor) -> Tensor:
        """Return the hidden layer (B, C) for features averaged over time (B, C)."""
        return self.classifier[1](self.classifier[0](pooled))

    def tags(self, hidden: Tensor) -> Tensor:
        """Return tag logits (B, M) for a `hidden` layer (B, C)."""
        return self.classifier[2](hidden)
