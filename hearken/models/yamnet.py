"""YAMNet (Plakal and Ellis, Google 2019): MobileNetV1 over patches of 0.96 s, 521 AudioSet classes.

Names and numbers are those of the public PyTorch port w-hc/torch_audioset (`layerN...`, `classifier`), whose weights are
the TensorFlow authors'. Patches start every 0.48 s, as in the authors' code (the port's own default is 1 s).

Legend: `B` batch, `L` spectrogram frames, `F` = 64 mel bands, `P` patches, `N` = 96 frames of a patch, `D` = 1024, `M` = 521.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import YAMNET_LOGMEL_16K
from hearken.models.encoder import AudioEncoder
from hearken.models.patches import cut_patches

DIM = 1024
NUM_CLASSES = 521
PATCH, HOP = 96, 48  # frames of 10 ms
# Channels out and stride of the separable convolutions, layer2 to layer14, from 32 channels on.
_ROWS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: L / stride outputs, rounded up; the odd zero goes to the far end."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        sides: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            sides += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, sides) if any(sides) else x)


class _ConvNorm(nn.Module):
    """Convolution, batch norm and ReLU; one group for each channel where `by_channel`."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, *, by_channel: bool = False) -> None:
        super().__init__()
        self.conv = _SameConv(channels_in, channels_out, kernel, stride, groups=channels_in if by_channel else 1, bias=False)
        self.bn = nn.BatchNorm2d(channels_out, eps=1e-4)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu_(self.bn(self.conv(x)))


class _First(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fused = _ConvNorm(1, 32, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fused(x)
        return y


class _Separable(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.depthwise_conv = _ConvNorm(channels_in, channels_in, 3, stride, by_channel=True)
        self.pointwise_conv = _ConvNorm(channels_in, channels_out, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pointwise_conv(self.depthwise_conv(x))
        return y


class Yamnet(AudioEncoder):
    """The mean over a clip's patches; `patch_embeddings` gives them one by one, as the authors do."""

    def __init__(self, segment_s: float = 10.0) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s = YAMNET_LOGMEL_16K, DIM, segment_s
        self.layer1 = _First()
        before = 32
        for number, (channels, stride) in enumerate(_ROWS, start=2):
            self.add_module(f"layer{number}", _Separable(before, channels, stride))
            before = channels
        self.classifier = nn.Linear(DIM, NUM_CLASSES)

    def patch_embeddings(self, mel: Tensor) -> Tensor:
        """Return embeddings (B, P, D) of log-mel `mel` (B, L, F), one every 0.48 s, the last one filled up with silence."""
        self.check(mel)
        patches = cut_patches(mel, PATCH, HOP, self.front_end, keep_tail=True)
        x = patches.flatten(0, 1).unsqueeze(1).clone(memory_format=torch.channels_last)
        for number in range(1, len(_ROWS) + 2):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean((2, 3)).reshape(*patches.shape[:2], DIM)

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the embeddings of the patches (B, P, D), whose mean is the clip's."""
        return self.patch_embeddings(mel)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F), the mean over the patches."""
        return self.patch_embeddings(mel).mean(1)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return logits (..., M) of YAMNet's 521 classes, of embeddings (..., D)."""
        logits: Tensor = self.classifier(embedding)
        return logits
