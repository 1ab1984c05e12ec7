"""The ears of *pocket* as an audio encoder: mn04's convolutions without batch norms.

*pocket* is shipped as graphs whose batch norms were multiplied into the convolutions, exactly and for good: so its weights are read
back (`convert/pocket.py`), and so they are trained on. Small sets of sounds lose nothing by that, as their batch statistics would
be noise. The tagger's head is pocket's audio projection (`projection.TurnedTags`, which needs the slope; without it `projection.TagBridge`).

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` feature frames, `C` feature channels, `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hearken.audio.front_ends import PASST_MEL
from hearken.models.encoder import AudioEncoder
from hearken.models.mobilenet import MEL_PER_FRAME, feature_layers, frames_of, num_features
from hearken.models.pocket import slope_of


class PocketEncoder(AudioEncoder):
    """The feature layers of a MobileNetV3 of `width` with biases for batch norms; at width 0.4 frames have 384 numbers, as in mn04.

    So has the embedding, their mean; with `hears_slope` their slope comes behind it, and D = 768.
    """

    mel_per_frame = MEL_PER_FRAME

    def __init__(self, width: float = 0.4, segment_s: float = 10.24, *, hears_slope: bool = False) -> None:
        super().__init__()
        self.front_end, self.segment_s, self.hears_slope = PASST_MEL, segment_s, hears_slope
        self.dim = num_features(width) * (2 if hears_slope else 1)
        self.features = feature_layers(width, fused=True)
        for module in self.features.modules():
            # without norms, random weights must keep the scale themselves (He et al. 2015)
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)

    def frames(self, mel: Tensor) -> Tensor:
        """Return feature frames (B, K, C) of log-mel `mel` (B, L, F)."""
        return frames_of(self.features, mel)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F). Raises InputError for another shape."""
        self.check(mel)
        frames = self.frames(mel)
        mean = frames.mean(1)
        return torch.cat([mean, slope_of(frames)], dim=1) if self.hears_slope else mean
