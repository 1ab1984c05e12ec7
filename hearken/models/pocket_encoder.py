"""The ears of *pocket* as an audio encoder: mn04's convolutions without batch norms.

*pocket* is shipped as graphs whose batch norms were multiplied into the convolutions, exactly and for good: so its weights are read
back (`convert/pocket.py`), and so they are trained on. Small sets of sounds lose nothing by that, as their batch statistics would
be noise. The tagger's head is pocket's audio projection (`projection.TagBridge`).

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` feature frames, `D` embedding.
"""

from __future__ import annotations

from torch import Tensor, nn

from hearken.audio.front_ends import PASST_MEL
from hearken.models.encoder import AudioEncoder
from hearken.models.mobilenet import MEL_PER_FRAME, feature_layers, frames_of, num_features


class PocketEncoder(AudioEncoder):
    """The feature layers of a MobileNetV3 of `width` with biases for batch norms; at width 0.4 D = 384, as in mn04."""

    mel_per_frame = MEL_PER_FRAME

    def __init__(self, width: float = 0.4, segment_s: float = 10.24) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s = PASST_MEL, num_features(width), segment_s
        self.features = feature_layers(width, fused=True)
        for module in self.features.modules():
            # without norms, random weights must keep the scale themselves (He et al. 2015)
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)

    def frames(self, mel: Tensor) -> Tensor:
        """Return feature frames (B, K, D) of log-mel `mel` (B, L, F)."""
        return frames_of(self.features, mel)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F). Raises InputError for another shape."""
        self.check(mel)
        return self.frames(mel).mean(1)
