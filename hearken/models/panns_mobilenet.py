"""PANNs' small taggers, MobileNetV1 and MobileNetV2, with average pooling in place of strides.

Kong et al., "PANNs" (IEEE/ACM TASLP 2020); equal to the authors' `pytorch/models.py` in names and numbers.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `C` channels, `K` feature frames (L / 32), `D` embedding.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import PANNS_LOGMEL_32K, FrontEnd
from hearken.models.conv_blocks import conv3x3, initialise
from hearken.models.panns import NUM_TAGS, PannsEncoder

# Channels out and pooling of MobileNetV1's separable convolutions, from 32 channels on.
_V1_ROWS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class _Row(NamedTuple):
    """A run of MobileNetV2's inverted residuals: factor of expansion, channels out, number of blocks, pooling of the first."""

    expand: int
    channels: int
    depth: int
    pool: int


_V2_ROWS = (
    _Row(1, 16, 1, 1),
    _Row(6, 24, 2, 2),
    _Row(6, 32, 3, 2),
    _Row(6, 64, 4, 2),
    _Row(6, 96, 3, 2),
    _Row(6, 160, 3, 1),
    _Row(6, 320, 1, 1),
)


def _spatial(channels_in: int, channels_out: int, pool: int, activation: type[nn.Module]) -> list[nn.Module]:
    """3 x 3 convolution, by channel where their number stays the same, pooled before the batch norm."""
    groups = channels_in if channels_in == channels_out else 1
    return [conv3x3(channels_in, channels_out, groups=groups), nn.AvgPool2d(pool), nn.BatchNorm2d(channels_out), activation()]


def _pointwise(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)]


class _PannsMobileNet(PannsEncoder):
    features: nn.Sequential
    channels_last = True

    def maps(self, x: Tensor, wave: Tensor | None) -> Tensor:
        """Return feature maps (B, C, K, 2) of a normalised spectrogram `x` (B, 1, L, F)."""
        maps: Tensor = self.features(x)
        return maps


class PannsMobileNetV1(_PannsMobileNet):
    """Thirteen separable convolutions; D = 1024, 4 796 303 trainable parameters. At least 32 frames."""

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__(front_end, 1024, 1024, num_tags, segment_s)
        layers, before = [nn.Sequential(*_spatial(1, 32, 2, nn.ReLU))], 32
        for channels, pool in _V1_ROWS:
            layers.append(nn.Sequential(*_spatial(before, before, pool, nn.ReLU), *_pointwise(before, channels), nn.ReLU()))
            before = channels
        self.features = nn.Sequential(*layers)
        initialise(self)


class _InvertedResidual(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, expand: int, pool: int) -> None:
        super().__init__()
        wide = channels_in * expand
        first = [] if expand == 1 else [*_pointwise(channels_in, wide), nn.ReLU6()]
        self.conv = nn.Sequential(*first, *_spatial(wide, wide, pool, nn.ReLU6), *_pointwise(wide, channels_out))
        self.residual = pool == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


class PannsMobileNetV2(_PannsMobileNet):
    """Seventeen inverted residuals; D = 1024, 4 075 343 trainable parameters. At least 32 frames."""

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__(front_end, 1280, 1024, num_tags, segment_s)
        layers: list[nn.Module] = [nn.Sequential(*_spatial(1, 32, 2, nn.ReLU6))]
        before = 32
        for row in _V2_ROWS:
            for number in range(row.depth):
                layers.append(_InvertedResidual(before, row.channels, row.expand, row.pool if number == 0 else 1))
                before = row.channels
        self.features = nn.Sequential(*layers, nn.Sequential(*_pointwise(before, 1280), nn.ReLU6()))
        initialise(self)

    def layer(self, x: Tensor) -> Tensor:
        """Return the first dense layer (..., D) of features (..., C): this network alone has no dropout before it."""
        return functional.relu_(self.fc1(x))
