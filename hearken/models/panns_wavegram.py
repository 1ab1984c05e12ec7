"""PANNs' Wavegram-Logmel-CNN14: Cnn14 that hears the waveform beside the spectrogram.

Kong et al., "PANNs" (IEEE/ACM TASLP 2020), section III-D; equal to the authors' `pytorch/models.py` in names and numbers.

Legend: `B` batch, `T` samples, `L` spectrogram frames, `F` mel bands, `C` channels, `K` feature frames (L / 32).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import PANNS_LOGMEL_32K, FrontEnd
from hearken.errors import InputError
from hearken.models.conv_blocks import ConvBlock, initialise
from hearken.models.panns import NUM_TAGS, PannsEncoder

_BANDS = 32  # rows of the wavegram, the learned counterpart of mel bands


class _WaveBlock(nn.Module):
    """Two convolutions over time, the second one dilated, then the maximum of every four steps."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels_in, channels_out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(channels_out, channels_out, 3, padding=2, dilation=2, bias=False)
        self.bn1 = nn.BatchNorm1d(channels_out)
        self.bn2 = nn.BatchNorm1d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu_(self.bn1(self.conv1(x)))
        # The authors take the maximum after the ReLU: the same numbers, four times the work.
        return functional.relu_(functional.max_pool1d(self.bn2(self.conv2(x)), 4))


class WavegramLogmelCnn14(PannsEncoder):
    """Cnn14 whose second block reads 64 maps of the spectrogram and 64 of the waveform; D = 2048, 81 065 487 trainable
    parameters. At least 33 frames: the waveform gives one row less where T is no multiple of 640.

    The two have the same number of frames where T is a multiple of 640; elsewhere they may differ by one, on which the
    authors' class fails: the longer one is cut here.
    """

    needs_wave = True
    channels_last = True
    min_num_frames = 33

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        super().__init__(front_end, 2048, 2048, num_tags, segment_s)
        self.pre_conv0 = nn.Conv1d(1, 64, 11, stride=5, padding=5, bias=False)
        self.pre_bn0 = nn.BatchNorm1d(64)
        self.pre_block1 = _WaveBlock(64, 64)
        self.pre_block2 = _WaveBlock(64, 128)
        self.pre_block3 = _WaveBlock(128, 128)
        self.pre_block4 = ConvBlock(4, 64, pool=(2, 1))
        self.conv_block1 = ConvBlock(1, 64)
        self.conv_block2 = ConvBlock(128, 128)
        self.conv_block3 = ConvBlock(128, 256)
        self.conv_block4 = ConvBlock(256, 512)
        self.conv_block5 = ConvBlock(512, 1024)
        self.conv_block6 = ConvBlock(1024, 2048, pool=(1, 1))
        initialise(self)

    def wavegram(self, wave: Tensor) -> Tensor:
        """Return maps (B, 64, T // 640, 32) of sound `wave` (B, T), full scale = 1, at the front end's rate."""
        x = functional.relu_(self.pre_bn0(self.pre_conv0(wave.unsqueeze(1))))
        x = self.pre_block3(self.pre_block2(self.pre_block1(x)))
        maps: Tensor = self.pre_block4(x.reshape(len(x), -1, _BANDS, x.shape[2]).transpose(2, 3))
        return maps

    def maps(self, x: Tensor, wave: Tensor | None) -> Tensor:
        """Return feature maps (B, 2048, K, 2) of a normalised spectrogram `x` (B, 1, L, F) and its sound `wave` (B, T).

        Raises InputError without the sound, and for one that does not have as many frames as the spectrogram.
        """
        if wave is None:
            raise InputError("Wavegram-Logmel-CNN14 reads the waveform beside the spectrogram.", "Pass `wave` too.")
        if wave.ndim != 2 or len(wave) != len(x) or self.front_end.num_frames(wave.shape[1]) != x.shape[2]:
            raise InputError(f"Sound of shape {tuple(wave.shape)} does not belong to {len(x)} spectrograms of {x.shape[2]} frames.")
        both = self.conv_block1(x), self.wavegram(wave)
        frames = min(maps.shape[2] for maps in both)
        x = torch.cat([maps[:, :, :frames] for maps in both], dim=1).contiguous(memory_format=torch.channels_last)
        x = functional.dropout(x, 0.2, self.training)
        for block in (self.conv_block2, self.conv_block3, self.conv_block4, self.conv_block5, self.conv_block6):
            x = x.contiguous() if block is self.conv_block5 else x  # as in the other networks
            x = functional.dropout(block(x), 0.2, self.training)
        return x
