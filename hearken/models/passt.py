"""PaSST, the patchout audio spectrogram transformer, on `passt_mel` spectrograms.

Koutini et al., "Efficient training of audio transformers with patchout" (Interspeech 2022); equal to the authors'
`models/passt.py` in names and numbers, faster through fused attention, oneDNN, and a last block that is computed only for
the two tokens that anybody reads. Public weights: the releases of github.com/kkoutini/PaSST, plain state dicts.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `R` rows (frequency) and `C` columns (time) of patches, `N` tokens
= 2 + kept patches, `Q` tokens that are asked for, `D` width of a token (768 in all public files), `H` heads, `M` tags.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.melspec import PASST_MEL
from hearken.models.attention import attend
from hearken.models.dense import Linear, linear
from hearken.models.encoder import AudioEncoder
from hearken.models.patchout import ALL, Kept, Patchout, draw

NUM_TAGS = 527
PATCH = 16
DIM = 768
HEADS = 12
EPS = 1e-6  # of every norm but the tag head's, which keeps torch's 1e-5


class PatchEmbed(nn.Module):
    """Patches of 16 bands by 16 frames to tokens: one convolution without padding."""

    def __init__(self, stride: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, dim, PATCH, stride)

    def forward(self, mel: Tensor) -> Tensor:
        """Return patches (B, D, R, C) of log-mel `mel` (B, L, F)."""
        patches: Tensor = self.proj(mel.transpose(1, 2).unsqueeze(1))
        return patches


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(dim, 3 * dim)
        self.proj = Linear(dim, dim)

    def forward(self, x: Tensor, num_queries: int | None = None) -> Tensor:
        """Return what the first `num_queries` tokens (None: all) gather from all of `x` (B, N, D): (B, Q, D)."""
        gathered = attend(self.qkv(x), self.heads) if num_queries is None else self._gather_some(x, num_queries)
        projected: Tensor = self.proj(gathered)
        return projected

    def _gather_some(self, x: Tensor, num_queries: int) -> Tensor:
        weight, bias, dim = self.qkv.weight, self.qkv.bias, x.shape[-1]
        query = linear(x[:, :num_queries], weight[:dim], bias[:dim])
        key, value = linear(x, weight[dim:], bias[dim:]).chunk(2, -1)
        query, key, value = (part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in (query, key, value))
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


class Mlp(nn.Module):
    """Two linear layers with an exact (erf) GELU between."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = Linear(dim, 4 * dim)
        self.fc2 = Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, D) of `x` (B, N, D)."""
        y: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return y


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=EPS)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=EPS)
        self.mlp = Mlp(dim)

    def forward(self, x: Tensor, num_queries: int | None = None) -> Tensor:
        """Return the first `num_queries` tokens (None: all) of the block's output for `x` (B, N, D)."""
        x = x[:, :num_queries] + self.attn(self.norm1(x), num_queries)
        y: Tensor = x + self.mlp(self.norm2(x))
        return y


class PaSST(AudioEncoder):
    """`depth` blocks over patches taken every `stride` bands and frames, with `num_columns` learnt time positions.

    Tokens are `dim` wide and looked at by `heads` heads; every public file has 768 and 12.

    The embedding is the mean of the class and the distillation token, as in Primus et al. (2023). `patchout` acts in
    training mode only. Input longer than the time positions reach (`max_num_frames`) is cut, as by the authors.
    """

    min_num_frames = PATCH

    def __init__(
        self, stride: int, num_columns: int, depth: int = 12, *, segment_s: float = 10.0, num_tags: int = NUM_TAGS,
        patchout: Patchout | None = None, dim: int = DIM, heads: int = HEADS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.front_end, self.dim, self.segment_s = PASST_MEL, dim, segment_s
        self.max_num_frames = PATCH + num_columns * stride - 1
        self.patchout = patchout or Patchout()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.new_pos_embed = nn.Parameter(torch.zeros(1, 2, dim))
        self.freq_new_pos_embed = nn.Parameter(torch.zeros(1, dim, PASST_MEL.num_mels // stride, 1))
        self.time_new_pos_embed = nn.Parameter(torch.zeros(1, dim, 1, num_columns))
        self.patch_embed = PatchEmbed(stride, dim)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, num_tags))
        self.head_dist = nn.Linear(dim, num_tags)  # in the files, and of no use: the authors average before `head`
        self._initialise()

    def _initialise(self) -> None:
        tables = (self.cls_token, self.dist_token, self.new_pos_embed, self.freq_new_pos_embed, self.time_new_pos_embed)
        for table in tables:
            nn.init.trunc_normal_(table, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def tokens_in(self, mel: Tensor, kept: Kept = ALL) -> Tensor:
        """Return the sequence (B, N, D) that enters the first block: class, distillation, patches row by row.

        Every patch gets its position before any is dropped. Raises InputError for fewer than 16 frames.
        """
        self.check(mel)
        x = self.patch_embed(mel).permute(0, 2, 3, 1)
        times, bands = self.time_new_pos_embed.permute(0, 2, 3, 1), self.freq_new_pos_embed.permute(0, 2, 3, 1)
        x = x[:, :, : times.shape[2]]
        x = x + times[:, :, kept.time_offset : kept.time_offset + x.shape[2]] + bands
        x = x if kept.columns is None else x[:, :, kept.columns]
        x = x if kept.rows is None else x[:, kept.rows]
        x = x.flatten(1, 2)
        x = x if kept.patches is None else x[:, kept.patches]
        special = torch.cat((self.cls_token, self.dist_token), 1) + self.new_pos_embed
        return torch.cat((special.expand(len(x), -1, -1), x), 1)

    def tokens(
        self, mel: Tensor, wave: Tensor | None = None, *, kept: Kept | None = None, num_tokens: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:  # fmt: skip
        """Return the first `num_tokens` (None: all) tokens after the last norm, (B, Q, D), of log-mel `mel` (B, L, F).

        They are class, distillation and patches row by row. `kept` and `generator` as for `forward`. Raises as that.
        """
        x = self.tokens_in(mel, kept or (self._draw(mel, generator) if self.training else ALL))
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, num_tokens if number == len(self.blocks) else None)
        normed: Tensor = self.norm(x)
        return normed

    def forward(
        self, mel: Tensor, wave: Tensor | None = None, kept: Kept | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F).

        `kept` injects what patchout keeps; by default it is drawn in training (from `generator`, or torch's global one),
        and everything is kept in evaluation. Raises InputError for fewer than 16 frames.
        """
        return self.tokens(mel, kept=kept, num_tokens=2, generator=generator).mean(1)

    def _draw(self, mel: Tensor, generator: torch.Generator | None) -> Kept:
        stride = self.patch_embed.proj.stride[0]
        rows, columns = ((size - PATCH) // stride + 1 for size in (mel.shape[2], mel.shape[1]))
        return draw(self.patchout, rows, columns, self.time_new_pos_embed.shape[3], generator)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return AudioSet tag logits (B, M) of embeddings (B, D)."""
        logits: Tensor = self.head(embedding)
        return logits


def passt_s(patchout: Patchout | None = None) -> PaSST:
    """PaSST-S: stride 10, 12 x 99 patches; 86 153 758 parameters. Weights `passt_s_swa_p16_128_ap476`, `passt_s_kd_p16_128_ap486`."""
    return PaSST(10, 99, patchout=patchout)


def passt_n(patchout: Patchout | None = None) -> PaSST:
    """PaSST-N: stride 16, so patches do not overlap, 8 x 62; 86 122 270 parameters. Weights `passt_s_p16_s16_128_ap468`."""
    return PaSST(16, 62, patchout=patchout)


def passt_l(patchout: Patchout | None = None) -> PaSST:
    """PaSST-L, which is the light one: stride 10 and 7 blocks; 50 714 398 parameters. Weights `passt_l_kd_p16_128_ap47`."""
    return PaSST(10, 99, depth=7, patchout=patchout)


def passt_s20(patchout: Patchout | None = None) -> PaSST:
    """PaSST-S for 20 s of sound: 12 x 200 patches; 86 231 326 parameters. Weights `passt_s_f128_20sec_p16_s10_ap474`."""
    return PaSST(10, 200, segment_s=20.0, patchout=patchout)


def passt_s30(patchout: Patchout | None = None) -> PaSST:
    """PaSST-S for 30 s of sound: 12 x 300 patches; 86 308 126 parameters. Weights `passt_s_f128_30sec_p16_s10_ap473`."""
    return PaSST(10, 300, segment_s=30.0, patchout=patchout)


def passt_tiny(patchout: Patchout | None = None) -> PaSST:
    """PaSST-N in small, of ours: 4 blocks of 192 with 3 heads, 8 x 62 patches; 2 047 198 parameters. No public weights."""
    return PaSST(16, 62, depth=4, patchout=patchout, dim=192, heads=3)
