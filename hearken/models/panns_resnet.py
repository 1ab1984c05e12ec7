"""PANNs' residual taggers, ResNet22 and ResNet38: pooling before the convolution instead of strides.

Kong et al., "PANNs" (IEEE/ACM TASLP 2020); equal to the authors' `pytorch/models.py` in names and numbers.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `C` channels, `K` feature frames (L / 32).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import PANNS_LOGMEL_32K, FrontEnd
from hearken.models.conv_blocks import ConvBlock, conv3x3, initialise, pooled
from hearken.models.panns import NUM_TAGS, PannsEncoder

_CHANNELS = (64, 64, 128, 256, 512)


class _BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; `halve` averages 2 x 2 cells first, on both ways."""

    def __init__(self, channels_in: int, channels_out: int, *, halve: bool) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels_in, channels_out)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = conv3x3(channels_out, channels_out)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.pool = (2, 2) if halve else (1, 1)
        self.downsample = (
            nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))
            if halve
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu_(self.bn1(self.conv1(pooled(x, self.pool))))
        y = self.bn2(self.conv2(functional.dropout(y, 0.1, self.training)))
        y += self.downsample(x)
        return functional.relu_(y)


class _ResNet(nn.Module):
    def __init__(self, depths: tuple[int, int, int, int]) -> None:
        super().__init__()
        for number, depth in enumerate(depths, start=1):
            before, width = _CHANNELS[number - 1], _CHANNELS[number]
            blocks = [_BasicBlock(before, width, halve=number > 1), *(_BasicBlock(width, width, halve=False) for _ in range(1, depth))]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


class _PannsResNet(PannsEncoder):
    def __init__(self, depths: tuple[int, int, int, int], front_end: FrontEnd, num_tags: int, segment_s: float) -> None:
        super().__init__(front_end, 2048, 2048, num_tags, segment_s)
        self.conv_block1 = ConvBlock(1, 64)
        self.resnet = _ResNet(depths)
        self.conv_block_after1 = ConvBlock(512, 2048, pool=(1, 1))
        initialise(self)
        for part in self.modules():
            if isinstance(part, _BasicBlock):  # a new block starts as its shortcut
                nn.init.zeros_(part.bn2.weight)

    def maps(self, x: Tensor, wave: Tensor | None) -> Tensor:
        """Return feature maps (B, 2048, K, 2) of a normalised spectrogram `x` (B, 1, L, F)."""
        # Channels last saves a tenth of a forward pass here, and costs as much where gradients flow back.
        x = x if self.training else x.clone(memory_format=torch.channels_last)
        x = self.resnet(functional.dropout(self.conv_block1(x), 0.2, self.training))
        x = functional.dropout(functional.avg_pool2d(x, 2).contiguous(), 0.2, self.training)
        return functional.dropout(self.conv_block_after1(x), 0.2, self.training)


class ResNet22(_PannsResNet):
    """Residual layers of 2, 2, 2 and 2 blocks; D = 2048, 63 675 087 trainable parameters. At least 32 frames."""

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__((2, 2, 2, 2), front_end, num_tags, segment_s)


class ResNet38(_PannsResNet):
    """Residual layers of 3, 4, 6 and 3 blocks; D = 2048, 73 783 247 trainable parameters. At least 32 frames."""

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__((3, 4, 6, 3), front_end, num_tags, segment_s)
