"""The encoder of the audio captioning transformer (ACT): a vision transformer over strips of the spectrogram, 80 ms each.

Mei et al., "Audio Captioning Transformer" (DCASE 2021), section 2.1; equal to XinhaoMei/ACT, `models/AudioTransformer.py`, in names and
numbers. A patch is four frames of all 64 mel bands, so that places are in order of time; before them stands the class token, behind the blocks
the tag head. What a captioner reads of a place is the head's output: 527 numbers, as in the authors' `ACT.encode`.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `P` patches, `S` = P + 1 places, the class token first, `D` width of a place,
`M` tags.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import ACT_LOGMEL
from hearken.models.attention import attend
from hearken.models.dense import Linear
from hearken.models.encoder import AudioEncoder

NUM_TAGS = 527
PATCH = 4
PATCHES = 125
DIM = 768


class PreNorm(nn.Module):
    """Layer norm and then `fn`; what comes out is added to what went in."""

    def __init__(self, dim: int, fn: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, S, D) of `x` (B, S, D)."""
        y: Tensor = x + self.fn(self.norm(x))
        return y


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(dim, 3 * dim)
        self.proj = nn.Sequential(Linear(dim, dim), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, S, D) of `x` (B, S, D)."""
        y: Tensor = self.proj(attend(self.qkv(x), self.heads))
        return y


class Mlp(nn.Module):
    """Two linear layers with an exact (erf) GELU between."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.mlp = nn.Sequential()
        self.mlp.add_module("fc1", Linear(dim, 4 * dim))
        self.mlp.add_module("gelu", nn.GELU())
        self.mlp.add_module("dropout1", nn.Dropout(dropout))
        self.mlp.add_module("fc2", Linear(4 * dim, dim))
        self.mlp.add_module("dropout2", nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, S, D) of `x` (B, S, D)."""
        y: Tensor = self.mlp(x)
        return y


class Blocks(nn.Module):
    """`depth` blocks, each of attention and two layers."""

    def __init__(self, dim: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        pairs = ((PreNorm(dim, Attention(dim, heads, dropout)), PreNorm(dim, Mlp(dim, dropout))) for _ in range(depth))
        self.layers = nn.ModuleList(nn.ModuleList(pair) for pair in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, S, D) of `x` (B, S, D)."""
        for pair in self.layers:
            for part in pair:  # type: ignore[attr-defined]  # torch gives a list of lists of modules no type
                x = part(x)
        return x


class PatchEmbed(nn.Module):
    """Patches of four frames by all bands to places: a linear layer on the cells, frame by frame."""

    def __init__(self, num_bands: int, dim: int) -> None:
        super().__init__()
        self.proj = Linear(PATCH * num_bands, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return patches (B, P, D) of a normalised spectrogram `x` (B, L, F); L is a multiple of four."""
        patches: Tensor = self.proj(x.reshape(len(x), x.shape[1] // PATCH, -1))
        return patches


class Act(AudioEncoder):
    """`depth` blocks of `dim` numbers a place and `heads` heads; every public file has 12, 768 and 12.

    The embedding is the class token behind the blocks; `tag_logits` is the head's answer to it, `tokens` the head's answers to all places.
    Learnt positions end at 500 frames, ten seconds. The authors feed nothing else: of the 501 frames of a clip they drop the last. Here
    frames that do not fill a patch are dropped, and those behind the 500th, so that the same clip gives the same numbers; a shorter one has the
    first positions. `augment`, where set, changes the normalised spectrogram (B, 1, L, F) while training: the authors apply SpecAugment there
    (two stripes of up to 64 frames, two of up to 8 bands), so a masked cell holds the band's mean.
    """

    augment: Callable[[Tensor], Tensor] | None = None
    min_num_frames = PATCH
    max_num_frames = PATCH * PATCHES + PATCH - 1

    def __init__(
        self, depth: int = 12, dim: int = DIM, heads: int = 12, *, num_tags: int = NUM_TAGS, dropout: float = 0.2, segment_s: float = 10.0
    ) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s, self.num_tags = ACT_LOGMEL, dim, segment_s, num_tags
        self.bn0 = nn.BatchNorm2d(ACT_LOGMEL.num_mels)
        self.patch_embed = PatchEmbed(ACT_LOGMEL.num_mels, dim)
        # as wide as the authors draw them: patches come out about as large
        self.pos_embedding = nn.Parameter(torch.randn(1, PATCHES + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.dropout = dropout
        self.blocks = Blocks(dim, depth, heads, dropout)
        self.mlp_head = nn.Sequential(nn.LayerNorm(dim), Linear(dim, num_tags))

    @property
    def token_dim(self) -> int:
        """The number of tags: what the head says of each place."""
        return self.num_tags

    def normalised(self, mel: Tensor) -> Tensor:
        """Return the frames that count of log-mel `mel` (B, L, F) in dB, each mel band normalised.

        Raises InputError for another shape and for fewer than four frames.
        """
        self.check(mel)
        mel = mel[:, : min(mel.shape[1] - mel.shape[1] % PATCH, PATCH * PATCHES)]
        x: Tensor = self.bn0(mel.transpose(1, 2).unsqueeze(3)).transpose(1, 3)
        x = self.augment(x) if self.training and self.augment else x
        return x[:, 0]

    def tokens_in(self, mel: Tensor) -> Tensor:
        """Return the sequence (B, S, D) that enters the first block: class token and patches, with their positions. Raises InputError."""
        patches = self.patch_embed(self.normalised(mel))
        x = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), 1)
        return functional.dropout(x + self.pos_embedding[:, : x.shape[1]], self.dropout, self.training)

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return what a captioner reads of log-mel `mel` (B, L, F): the head's output (B, S, M) at all places, the class token first.

        Raises InputError for fewer than four frames.
        """
        places: Tensor = self.mlp_head(self.blocks(self.tokens_in(mel)))
        return places

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F). Raises InputError for fewer than four frames."""
        embedding: Tensor = self.blocks(self.tokens_in(mel))[:, 0]
        return embedding

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return AudioSet tag logits (..., M) of embeddings (..., D)."""
        logits: Tensor = self.mlp_head(embedding)
        return logits
