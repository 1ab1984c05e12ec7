"""HTSAT, the hierarchical token-semantic audio transformer, for 64-band log-mel spectrograms in dB.

Chen et al., "HTS-AT" (ICASSP 2022); equal to the authors' `model/htsat.py` in names and numbers, and so to the copies in
WavCaps, LAION-CLAP and msclap. The spectrogram is stretched to 1024 frames, cut into four quarters that are laid on top of
each other as a picture of 256 x 256, and read by a Swin transformer. Public weights: RetroCirce's Lightning checkpoints
(`sed_model.`), WavCaps (`audio_encoder.audio_enc.`), LAION-CLAP (`audio_branch.`), msclap 2023 (`audio_encoder.base.htsat.`).

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `D` embedding = 8 times the channels of a patch, `M` tags.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.melspec import PANNS_LOGMEL_32K, FrontEnd
from hearken.errors import InputError
from hearken.models.encoder import AudioEncoder
from hearken.models.htsat_blocks import Stage

NUM_TAGS = 527
SIDE = 256  # of the picture
PATCH = 4
FOLDS = 4  # quarters of the time axis, stacked
MAX_FRAMES = SIDE * FOLDS
FRAMES_PER_TOKEN = 32


@dataclass(frozen=True)
class HtsatOutput:
    """All that the authors' networks return: tags are probabilities, per clip (B, M) and per stretched frame (B, 1024, M).

    `embedding` (B, D) and `fine_grained` (B, 1024, D), its frames before the mean over time, exist for input of up to
    1024 frames.
    """

    clipwise: Tensor
    framewise: Tensor
    embedding: Tensor | None
    fine_grained: Tensor | None


class PatchEmbed(nn.Module):
    """Patches of 4 x 4 points to tokens."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, dim, PATCH, PATCH)
        self.norm = nn.LayerNorm(dim)

    def forward(self, image: Tensor) -> Tensor:
        """Return row-major tokens (B, 4096, C) of pictures `image` (B, 1, 256, 256)."""
        tokens: Tensor = self.norm(self.proj(image).flatten(2).transpose(1, 2))
        return tokens


class HTSAT(AudioEncoder):
    """The encoder; `embed_dim` channels of a patch, `depths` blocks of each stage with `heads` heads.

    `forward` takes up to 1024 frames and gives the mean over all tokens. `augment`, where set, changes the normalised
    spectrogram (B, 1, L, F) while training: that is where the authors apply SpecAugment. `head` is in the files and of no
    use: the tags come from `tscam_conv`. `drop_path` is the authors' stochastic depth, growing from 0 over the blocks.
    """

    augment: Callable[[Tensor], Tensor] | None = None

    def __init__(
        self, embed_dim: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2), heads: tuple[int, ...] = (4, 8, 16, 32), *,
        front_end: FrontEnd = PANNS_LOGMEL_32K, segment_s: float = 10.0, num_tags: int = NUM_TAGS, drop_path: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        if front_end.num_mels != SIDE // FOLDS:
            raise InputError(f"HTSAT reads {SIDE // FOLDS} mel bands; the front end {front_end.name} has {front_end.num_mels}.")
        self.front_end, self.segment_s, self.max_num_frames = front_end, segment_s, MAX_FRAMES
        self.dim = embed_dim << (len(depths) - 1)
        self.bn0 = nn.BatchNorm2d(SIDE // FOLDS)
        self.patch_embed = PatchEmbed(embed_dim)
        drop_paths = torch.split(torch.linspace(0, drop_path, sum(depths), device="cpu"), list(depths))
        self.layers = nn.ModuleList(
            Stage(embed_dim << number, heads[number], SIDE // PATCH >> number, paths.tolist(), last=number == len(depths) - 1)
            for number, paths in enumerate(drop_paths)
        )
        self.norm = nn.LayerNorm(self.dim)
        self.tscam_conv = nn.Conv2d(self.dim, num_tags, (SIDE // PATCH // FOLDS >> (len(depths) - 1), 3), padding=(0, 1))
        self.head = nn.Linear(num_tags, num_tags)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def normalised(self, mel: Tensor) -> Tensor:
        """Return (B, 1, L, F), each band normalised, of log-mel `mel` (B, L, F). Raises InputError unless F = 64 and L > 0."""
        self.check(mel)
        x: Tensor = self.bn0(mel.transpose(1, 2).unsqueeze(3)).transpose(1, 3)
        return self.augment(x) if self.training and self.augment else x

    def feature_map(self, x: Tensor) -> Tensor:
        """Return the last tokens (B, D, 2, 32), low and high bands by time, of a normalised spectrogram `x` (B, 1, L, F).

        Raises InputError for more than 1024 frames: the authors define no embedding there, and cutting would lose sound.
        """
        if x.shape[2] > MAX_FRAMES:
            raise InputError(
                f"HTSAT takes at most {MAX_FRAMES} spectrogram frames; there are {x.shape[2]}.", "Cut the sound into segments of 10 s."
            )
        tokens = self.patch_embed(fold(x))
        for stage in self.layers:
            tokens = stage(tokens)
        return unfold(self.norm(tokens))

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the 64 places (B, 64, D) of `feature_map`, low before high bands at each time; their mean is the embedding."""
        return self.feature_map(self.normalised(mel)).permute(0, 3, 2, 1).flatten(1, 2)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F). Raises InputError for more than 1024 frames."""
        return self.feature_map(self.normalised(mel)).mean((2, 3))

    def outputs(self, mel: Tensor, *, infer_mode: bool = False) -> HtsatOutput:
        """Return embedding and tags of log-mel `mel` (B, L, F).

        More than 1024 frames are read as overlapping crops of half the clip, whose tags are averaged, as in RetroCirce's
        evaluation; there is no embedding then. `infer_mode` repeats shorter input until it fills 1024 frames, where the
        authors' training stretches it.
        """
        x = self.normalised(mel)
        if infer_mode:
            x = x.repeat(1, 1, max(1, MAX_FRAMES // x.shape[2]), 1)
        if x.shape[2] <= MAX_FRAMES:
            return self._read(x)
        crop, hop = (x.shape[2] - 1) // 2, (x.shape[2] - 1) // 4
        read = [self._read(x[:, :, start : start + crop]) for start in range(0, x.shape[2] - crop - 1, hop)]
        clipwise, framewise = (torch.stack([getattr(one, name) for one in read]).mean(0) for name in ("clipwise", "framewise"))
        return HtsatOutput(clipwise, framewise, None, None)

    def _read(self, x: Tensor) -> HtsatOutput:
        features = self.feature_map(x)
        logits = self.tscam_conv(features).squeeze(2).transpose(1, 2)  # (B, 32, M)
        return HtsatOutput(
            clipwise=torch.sigmoid(logits.mean(1)),
            framewise=torch.sigmoid(logits).repeat_interleave(FRAMES_PER_TOKEN, dim=1),
            embedding=features.mean((2, 3)),
            fine_grained=features.mean(2).transpose(1, 2).repeat_interleave(FRAMES_PER_TOKEN, dim=1),
        )


def fold(x: Tensor) -> Tensor:
    """Return pictures (B, 1, 256, 256) of spectrograms `x` (B, 1, L, F): stretched to 1024 frames, quarters stacked."""
    if x.shape[2] < MAX_FRAMES:
        x = functional.interpolate(x, (MAX_FRAMES, x.shape[3]), mode="bicubic", align_corners=True)
    return x.reshape(len(x), 1, FOLDS, SIDE, -1).transpose(3, 4).flatten(2, 3)


def unfold(tokens: Tensor) -> Tensor:
    """Return row-major `tokens` (B, 64, D) of the folded picture as bands by time again: (B, D, 2, 32)."""
    side = int(tokens.shape[1] ** 0.5)
    return tokens.transpose(1, 2).reshape(len(tokens), -1, FOLDS, side // FOLDS, side).transpose(2, 3).flatten(3)
