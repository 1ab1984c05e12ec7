"""VGGish (Hershey et al., ICASSP 2017): 128 numbers for each 0.96 s of sound, by a VGG of eight layers.

Names and numbers are those of the public PyTorch port harritaylor/torchvggish (`features.N`, `embeddings.N`; 72 141 184
parameters), whose weights are the TensorFlow authors'.

Legend: `B` batch, `L` spectrogram frames, `F` = 64 mel bands, `P` patches, `N` = 96 frames of a patch, `D` = 128.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hearken.audio.front_ends import VGGISH_LOGMEL_16K
from hearken.models.encoder import AudioEncoder
from hearken.models.patches import cut_patches

DIM = 128
PATCH = 96  # frames of 10 ms, side by side
_CHANNELS = (64, 0, 128, 0, 256, 256, 0, 512, 512, 0)  # 0: the maximum of 2 x 2 cells


class Vggish(AudioEncoder):
    """The mean over a clip's patches; `patch_embeddings` gives them one by one, as the authors do."""

    def __init__(self, segment_s: float = 10.0) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s = VGGISH_LOGMEL_16K, DIM, segment_s
        layers: list[nn.Module] = []
        before = 1
        for channels in _CHANNELS:
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU(inplace=True)] if channels else [nn.MaxPool2d(2)]
            before = channels or before
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(512 * (PATCH // 16) * (self.front_end.num_mels // 16), 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, DIM), nn.ReLU(inplace=True),
        )  # fmt: skip

    def patch_embeddings(self, mel: Tensor) -> Tensor:
        """Return embeddings (B, P, D) of log-mel `mel` (B, L, F), one for each 0.96 s; a shorter tail is dropped, as the authors do."""
        self.check(mel)
        patches = cut_patches(mel, PATCH, PATCH, self.front_end, keep_tail=False)
        maps = self.features(patches.flatten(0, 1).unsqueeze(1).clone(memory_format=torch.channels_last))
        # TensorFlow keeps channels last, and the first dense layer's weights follow it.
        embeddings: Tensor = self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))
        return embeddings.reshape(*patches.shape[:2], DIM)

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the embeddings of the patches (B, P, D), whose mean is the clip's."""
        return self.patch_embeddings(mel)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F), the mean over the patches."""
        return self.patch_embeddings(mel).mean(1)


class VggishPostprocessor(nn.Module):
    """What AudioSet's released features went through after VGGish: a whitening rotation and eight bits.

    Parameters have the names of the public file of PCA constants; they are zeros until loaded, and never trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pca_eigen_vectors = nn.Parameter(torch.zeros(DIM, DIM), requires_grad=False)
        self.pca_means = nn.Parameter(torch.zeros(DIM, 1), requires_grad=False)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return whole numbers 0 ... 255, as floats (..., D), of VGGish embeddings (..., D)."""
        rotated = (embeddings - self.pca_means[:, 0]) @ self.pca_eigen_vectors.T
        return torch.round((rotated.clamp(-2.0, 2.0) + 2.0) * (255.0 / 4.0))
