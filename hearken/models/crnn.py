"""The audio side of the DCASE 2022 baseline for language-based audio retrieval: convolutions, a GRU, the mean over time.

Xie et al. (DCASE 2022); equal to `CRNNEncoder(in_dim=64, out_dim=300, up_sampling="linear")` of the authors' code in
names and numbers. Their checkpoint puts `audio_enc.` before each name.

Legend: `B` batch, `L` spectrogram frames, `F` = 64 mel bands, `K` = L // 4 feature frames, `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import DCASE2022_LOGMEL_44K
from hearken.models.encoder import AudioEncoder


def _block(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels_in), nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.LeakyReLU(0.1)]


class _PowerMean(nn.Module):
    """`nn.LPPool2d(4, cell)`: the fourth root of the sum of fourth powers, by squares and roots, which take half the time."""

    def __init__(self, cell: tuple[int, int]) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> Tensor:
        powers = functional.avg_pool2d(x.square().square(), self.cell) * float(self.cell[0] * self.cell[1])
        return powers.clamp_min(1e-30).sqrt().sqrt()  # the root of nought has no slope


class _Cnn(nn.Module):
    """Five convolutions; the power mean of order 4 pools them to one band in all and a quarter of the frames."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(1, 32), _PowerMean((2, 4)),
            *_block(32, 128), *_block(128, 128), _PowerMean((2, 4)),
            *_block(128, 128), *_block(128, 128), _PowerMean((1, 4)),
            nn.Dropout(0.3),
        )  # fmt: skip
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight)

    def forward(self, mel: Tensor) -> Tensor:
        norm, *layers = self.features.children()
        maps: Tensor = norm(mel.unsqueeze(1)).clone(memory_format=torch.channels_last)  # convolved faster so
        for layer in layers:
            maps = layer(maps)
        return maps.transpose(1, 2).flatten(2)


class Dcase2022Crnn(AudioEncoder):
    """Log-mel to one vector; `dim` D is that of the word vectors it is trained beside. At least 4 frames."""

    min_num_frames = 4

    def __init__(self, dim: int = 300, segment_s: float = 30.0) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s = DCASE2022_LOGMEL_44K, dim, segment_s
        self.cnn = _Cnn()
        self.gru = nn.GRU(128 * (self.front_end.num_mels // 64), dim // 2, bidirectional=True, batch_first=True)

    def frames(self, mel: Tensor) -> Tensor:
        """Return one vector for each frame (B, L, D), interpolated between the K that the GRU gives, of log-mel `mel` (B, L, F).

        Raises InputError for another shape and for fewer than 4 frames.
        """
        states = self.tokens(mel)
        return functional.interpolate(states.transpose(1, 2), mel.shape[1], mode="linear", align_corners=False).transpose(1, 2)

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return what the GRU gives (B, K, D), before `frames` interpolates it. Raises as that."""
        self.check(mel)
        states: Tensor = self.gru(self.cnn(mel))[0]
        return states

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F)."""
        return self.frames(mel).mean(1)
