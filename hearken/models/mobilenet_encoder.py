"""EfficientAT's MobileNetV3 as an audio encoder: mn04 and mn10 (Schmid et al., ICASSP 2023).

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `D` embedding, `M` tags.
"""

from __future__ import annotations

from torch import Tensor

from hearken.audio.front_ends import PASST_MEL
from hearken.models.encoder import AudioEncoder
from hearken.models.mobilenet import MEL_PER_FRAME, NUM_TAGS, MobileNetV3


class MobileNetEncoder(MobileNetV3, AudioEncoder):
    """MobileNetV3 whose output is the mean of its last feature maps; names are those of the public `mnXX_as` files.

    Width 0.4 is mn04 (D = 384, 983 599 parameters), width 1.0 is mn10 (D = 960, 4 876 831 parameters).
    """

    mel_per_frame = MEL_PER_FRAME

    def __init__(self, width: float = 0.4, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__(width, num_tags)
        self.front_end, self.dim, self.segment_s = PASST_MEL, self.num_features, segment_s

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F). Raises InputError for another shape."""
        self.check(mel)
        return self.frames(mel).mean(1)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return AudioSet tag logits (B, M) of embeddings (B, D), the same as `MobileNetV3` gives."""
        return self.tags(self.hidden(embedding))
