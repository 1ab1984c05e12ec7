"""The parts of HTSAT: Swin transformer blocks on a square of tokens, and the merging of tokens between stages.

Liu et al., "Swin transformer" (ICCV 2021), as in the HTSAT authors' `model/htsat.py`. Cutting a square into windows, shifted
or not, is here one permutation of its tokens, made once, in place of a roll and two transpositions each way.

Legend: `B` batch, `S` tokens along a side of the square, `N` = S * S tokens, `C` channels, `W` windows in a square, `P` tokens
of a window, `H` heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.models.dense import Linear

WINDOW = 8
MASKED = -100.0  # added before the softmax to pairs of tokens that the shift brought together: the authors' value, not -inf


def window_order(side: int, window: int, shift: int) -> Tensor:
    """Return the (N,) row-major tokens in the order of windows of `window` by `window`, after a roll up and left by `shift`."""
    square = torch.arange(side * side).reshape(side, side).roll((-shift, -shift), (0, 1))
    return _windows(square, window).flatten()


def shift_mask(side: int, window: int, shift: int) -> Tensor:
    """Return the mask (W, P, P) of shifted windows: 0 for tokens that are neighbours without the roll, else -100."""
    place = torch.arange(side)
    band = (place >= side - window).int() + (place >= side - shift).int()
    regions = _windows(band[:, None] * 3 + band[None], window)
    return (regions[:, None] != regions[:, :, None]) * MASKED


def relative_positions(window: int) -> Tensor:
    """Return the row (P, P) of the bias table for each pair of tokens in a window, by their distance down and along."""
    place = torch.cartesian_prod(torch.arange(window), torch.arange(window))
    down, along = (place[:, None] - place[None] + window - 1).unbind(-1)
    return down * (2 * window - 1) + along


def _windows(square: Tensor, window: int) -> Tensor:
    """(S, S) to (W, P)."""
    count = len(square) // window
    return square.reshape(count, window, count, window).transpose(1, 2).reshape(count * count, window * window)


class WindowAttention(nn.Module):
    """Multi-head self-attention inside each window, with a learnt bias for every relative position."""

    relative_position_index: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_positions(window))
        self.qkv = Linear(dim, 3 * dim)
        self.proj = Linear(dim, dim)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, W * P, C) of tokens in the order of windows `x` (B, W * P, C); `mask` (W, P, P) is added where given."""
        window_size = len(self.relative_position_index)
        heads = self.qkv(x).unflatten(1, (-1, window_size)).flatten(0, 1).unflatten(-1, (3, self.heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B * W, H, P, C / H)
        gathered = functional.scaled_dot_product_attention(query, key, value, attn_mask=self._bias(len(query), mask).to(query.dtype))
        projected: Tensor = self.proj(gathered.transpose(1, 2).reshape(x.shape))
        return projected

    def _bias(self, num_windows: int, mask: Tensor | None) -> Tensor:
        """What is added to the scores: (B * W, H, P, P)."""
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)[None]
        if mask is not None:
            bias = (bias + mask[:, None]).repeat(num_windows // len(mask), 1, 1, 1)
        return bias.expand(num_windows, -1, -1, -1)


class Mlp(nn.Module):
    """Two linear layers with an exact (erf) GELU between."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = Linear(dim, 4 * dim)
        self.fc2 = Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) of `x` (B, N, C)."""
        y: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return y


class Block(nn.Module):
    """A Swin block on S = `side`: attention in windows, then a small network, both on top of what came in.

    With `shifted` the windows lie half a window further down and along, unless one window is the whole square. While
    training, either part is left out for a whole clip with probability `drop_path`.
    """

    attn_mask: Tensor | None
    order: Tensor
    inverse: Tensor

    def __init__(self, dim: int, heads: int, side: int, *, shifted: bool, drop_path: float) -> None:
        super().__init__()
        window = min(WINDOW, side)
        shift = window // 2 if shifted and side > window else 0
        self.drop_path = drop_path
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, heads, window)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim)
        order = window_order(side, window, shift)
        self.register_buffer("attn_mask", shift_mask(side, window, shift) if shift else None)
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("inverse", order.argsort(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (B, N, C) of row-major tokens `x` (B, N, C)."""
        gathered = self.attn(self.norm1(x)[:, self.order], self.attn_mask)[:, self.inverse]
        x = x + self._dropped(gathered)
        return x + self._dropped(self.mlp(self.norm2(x)))

    def _dropped(self, x: Tensor) -> Tensor:
        if not (self.training and self.drop_path):
            return x
        return x * functional.dropout(x.new_ones(len(x), 1, 1), self.drop_path)


class Downsample(nn.Module):
    """Every two by two tokens become one of twice the channels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.reduction = Linear(4 * dim, 2 * dim, bias=False)
        self.norm = nn.LayerNorm(4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (B, N / 4, 2 C) of row-major tokens `x` (B, N, C)."""
        side = int(x.shape[1] ** 0.5)
        quads = x.reshape(len(x), side // 2, 2, side // 2, 2, -1).permute(0, 1, 3, 4, 2, 5)  # right column after the left one
        reduced: Tensor = self.reduction(self.norm(quads.flatten(3).flatten(1, 2)))
        return reduced


class Stage(nn.Module):
    """Blocks on a square of S = `side`, every second one shifted; then, but in the last stage, a `Downsample`."""

    def __init__(self, dim: int, heads: int, side: int, drop_paths: list[float], *, last: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(dim, heads, side, shifted=number % 2 == 1, drop_path=drop_path) for number, drop_path in enumerate(drop_paths)
        )
        self.downsample = None if last else Downsample(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (B, N, C), or (B, N / 4, 2 C) where they are merged, of row-major tokens `x` (B, N, C)."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)
