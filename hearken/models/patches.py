"""Spectrograms cut into patches of fixed length, as VGGish and YAMNet hear them.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `P` patches, `N` frames of a patch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from hearken.audio.front_ends import FrontEnd


def cut_patches(mel: Tensor, size: int, hop: int, front_end: FrontEnd, *, keep_tail: bool) -> Tensor:
    """Return patches (B, P, N, F) of `size` = N frames, one every `hop` frames, of log-mel `mel` (B, L, F).

    A sound shorter than a patch is filled up with silence; what is left after the last whole patch is filled up too with
    `keep_tail`, and dropped without.
    """
    frames = mel.shape[1]
    steps = max(0, frames - size) / hop
    wanted = size + hop * (math.ceil(steps) if keep_tail else math.floor(steps))
    # Silence has no energy in any band, so that the log reads the floor alone.
    silence = front_end.whiten(front_end.log_scale * math.log(front_end.log_floor))
    filled = functional.pad(mel, (0, 0, 0, max(0, wanted - frames)), value=silence)[:, :wanted]
    starts = range(0, wanted - size + 1, hop)
    return torch.stack([filled[:, start : start + size] for start in starts], dim=1)
