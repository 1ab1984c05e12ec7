"""The network itself, behind the two calls that an exported model has: what the export is held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from hearken.audio.length import LengthPolicy
from hearken.errors import InputError
from hearken.models.dual import DualEncoder
from hearken.models.frame_tower import FrameTower
from hearken.models.tower import AudioTower
from hearken.types import FloatArray


class Reference:
    """`dual` in evaluation mode, with sound cut as `policy` (that of the exported model) says. Legend: `B` batch, `D` embedding."""

    def __init__(self, dual: DualEncoder, policy: LengthPolicy) -> None:
        self._dual = dual.eval()
        encoder, padding = dual.audio.encoder, policy.padding
        if isinstance(dual.audio, FrameTower):
            self._tower: AudioTower = FrameTower(encoder, segment_s=policy.chunk_s, padding=padding).eval()
        else:
            self._tower = AudioTower(encoder, rule="dcase2023", segment_s=policy.frame_s, padding=padding).eval()

    @torch.no_grad()
    def encode_audio(self, sounds: Sequence[np.ndarray], sample_rate: int) -> FloatArray:
        """Return embeddings (B, D) of arrays (T,). Raises InputError unless `sample_rate` is the model's own: nothing is resampled."""
        if sample_rate != self._dual.rate_hz:
            raise InputError(f"The network works at {self._dual.rate_hz} Hz, not at {sample_rate} Hz.")
        rows = [self._dual.audio_projection(self._tower(torch.from_numpy(sound)[None])) for sound in sounds]
        return functional.normalize(torch.cat(rows), dim=-1).numpy()

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> FloatArray:
        """Return embeddings (B, D) of texts, one at a time."""
        return torch.cat([self._dual.encode_text([text]) for text in texts]).numpy()
