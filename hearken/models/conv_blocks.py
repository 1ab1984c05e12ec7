"""The convolution blocks that PANNs' networks share (Kong et al., IEEE/ACM TASLP 2020), and their initial weights.

They agree with `ConvBlock` and `ConvBlock5x5` of the authors' `pytorch/models.py`; `tests/golden` holds the numbers.

Legend: `B` batch, `C` channels, `L` spectrogram frames, `F` mel bands.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def initialise(module: nn.Module) -> None:
    """Draw the authors' initial weights, in place: Xavier-uniform matrices and kernels, zero biases, plain batch norms."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def conv3x3(channels_in: int, channels_out: int, *, groups: int = 1) -> nn.Conv2d:
    """Return a 3 x 3 convolution without bias that keeps the size of its input."""
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, groups=groups, bias=False)


class ConvBlock(nn.Module):
    """Two times 3 x 3 convolution, batch norm and ReLU, then average pooling by `pool` (frames, bands)."""

    def __init__(self, channels_in: int, channels_out: int, pool: tuple[int, int] = (2, 2)) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels_in, channels_out)
        self.conv2 = conv3x3(channels_out, channels_out)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, C', L // pool[0], F // pool[1]) of maps (B, C, L, F)."""
        x = functional.relu_(self.bn1(self.conv1(x)))
        x = functional.relu_(self.bn2(self.conv2(x)))
        return pooled(x, self.pool)


class ConvBlock5x5(nn.Module):
    """One 5 x 5 convolution, batch norm and ReLU, then average pooling by two."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, C', L // 2, F // 2) of maps (B, C, L, F)."""
        return pooled(functional.relu_(self.bn1(self.conv1(x))), (2, 2))


def pooled(x: Tensor, pool: tuple[int, int]) -> Tensor:
    """Return maps (B, C, L, F) averaged over cells of `pool` (frames, bands); (1, 1) changes nothing and costs nothing."""
    return x if pool == (1, 1) else functional.avg_pool2d(x, pool)
