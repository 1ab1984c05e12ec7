"""MobileNetV3 for log-mel spectrograms, as in EfficientAT (Schmid et al., ICASSP 2023), any width.

Module names equal those of the public `mnXX_as` checkpoints, so their state dicts load strictly. At width 0.4 this is
`mn04_as`: 983 599 parameters, AudioSet mAP .432. Input is the `passt_mel` front end.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `K` = ceil(L / 32) feature frames, `C` feature channels, `H`
hidden units of the head, `M` tags.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

NUM_TAGS = 527
MEL_PER_FRAME = 32
"""Spectrogram frames that make one feature frame: five layers halve the time axis."""


class _Row(NamedTuple):
    """One inverted residual of MobileNetV3-Large: channels in, kernel, expanded, out; squeeze-excite; Hardswish; stride."""

    channels_in: int
    kernel: int
    expanded: int
    channels_out: int
    squeeze: bool
    hardswish: bool
    stride: int


_ROWS = (
    _Row(16, 3, 16, 16, False, False, 1),
    _Row(16, 3, 64, 24, False, False, 2),
    _Row(24, 3, 72, 24, False, False, 1),
    _Row(24, 5, 72, 40, True, False, 2),
    _Row(40, 5, 120, 40, True, False, 1),
    _Row(40, 5, 120, 40, True, False, 1),
    _Row(40, 3, 240, 80, False, True, 2),
    _Row(80, 3, 200, 80, False, True, 1),
    _Row(80, 3, 184, 80, False, True, 1),
    _Row(80, 3, 184, 80, False, True, 1),
    _Row(80, 3, 480, 112, True, True, 1),
    _Row(112, 3, 672, 112, True, True, 1),
    _Row(112, 5, 672, 160, True, True, 2),
    _Row(160, 5, 960, 160, True, True, 1),
    _Row(160, 5, 960, 160, True, True, 1),
)


def round_channels(channels: float) -> int:
    """Round to a multiple of 8, never down by more than a tenth (the MobileNet papers' rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _conv(
    channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1, activation: type[nn.Module] | None,
    fused: bool = False,
) -> nn.Sequential:  # fmt: skip
    """A convolution, its batch norm and `activation`; `fused` ones have a bias in the place of the batch norm."""
    layers: list[nn.Module] = [nn.Conv2d(channels_in, channels_out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=fused)]
    if not fused:
        layers.append(nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01))
    return nn.Sequential(*layers, *([activation()] if activation else []))


class _Gate(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, round_channels(channels // 4))
        self.fc2 = nn.Linear(round_channels(channels // 4), channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3))))))


class _Squeeze(nn.Module):
    """Squeeze and excitation over channels; the nesting only serves the checkpoint's key names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Gate(channels)])

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.conc_se_layers[0](x)
        return x * weights[:, :, None, None]


class _InvertedResidual(nn.Module):
    def __init__(self, row: _Row, width: float, *, fused: bool) -> None:
        super().__init__()
        activation = nn.Hardswish if row.hardswish else nn.ReLU
        channels_in, expanded, channels_out = (round_channels(c * width) for c in (row.channels_in, row.expanded, row.channels_out))
        layers: list[nn.Module] = []
        if expanded != channels_in:
            layers.append(_conv(channels_in, expanded, 1, activation=activation, fused=fused))
        layers.append(_conv(expanded, expanded, row.kernel, stride=row.stride, groups=expanded, activation=activation, fused=fused))
        if row.squeeze:
            layers.append(_Squeeze(expanded))
        layers.append(_conv(expanded, channels_out, 1, activation=None, fused=fused))
        self.block = nn.Sequential(*layers)
        self.residual = row.stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return x + y if self.residual else y


def num_features(width: float) -> int:
    """Return the feature channels C at this `width`."""
    return 6 * round_channels(160 * width)


def feature_layers(width: float, *, fused: bool = False) -> nn.Sequential:
    """Return the layers that turn a spectrogram (B, 1, F, L) into feature maps (B, C, F / 32, K).

    With `fused` every convolution has a bias in the place of its batch norm: what is left of a network whose batch norms, in
    evaluation mode, were multiplied into the convolutions before them.
    """
    return nn.Sequential(
        _conv(1, round_channels(16 * width), 3, stride=2, activation=nn.Hardswish, fused=fused),
        *(_InvertedResidual(row, width, fused=fused) for row in _ROWS),
        _conv(round_channels(160 * width), num_features(width), 1, activation=nn.Hardswish, fused=fused),
    )


def frames_of(features: nn.Module, mel: Tensor) -> Tensor:
    """Return what `features` make of log-mel `mel` (B, L, F), averaged over frequency: (B, K, C)."""
    maps: Tensor = features(mel.transpose(1, 2).unsqueeze(1))
    return maps.mean(2).transpose(1, 2)


class MobileNetV3(nn.Module):
    """Audio tagger: `frames` gives features over time, `forward` gives tag logits of the whole input."""

    def __init__(self, width: float = 0.4, num_tags: int = NUM_TAGS) -> None:
        super().__init__()
        self.num_features = num_features(width)
        self.num_hidden = round_channels(1280 * width)
        self.features = feature_layers(width)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(self.num_features, self.num_hidden), nn.Hardswish(), nn.Dropout(0.2),
            nn.Linear(self.num_hidden, num_tags),
        )  # fmt: skip

    def frames(self, mel: Tensor) -> Tensor:
        """Return features (B, K, C), averaged over frequency, of log-mel `mel` (B, L, F)."""
        return frames_of(self.features, mel)

    def hidden(self, pooled: Tensor) -> Tensor:
        """Return the hidden layer (B, H) of the tagging head for features averaged over time, `pooled` (B, C)."""
        hidden: Tensor = self.classifier[3](self.classifier[2](pooled))
        return hidden

    def tags(self, hidden: Tensor) -> Tensor:
        """Return tag logits (B, M) for a `hidden` layer (B, H)."""
        logits: Tensor = self.classifier[5](hidden)
        return logits

    def forward(self, mel: Tensor) -> Tensor:
        """Return tag logits (B, M) of log-mel `mel` (B, L, F)."""
        logits: Tensor = self.classifier(self.features(mel.transpose(1, 2).unsqueeze(1)))
        return logits
