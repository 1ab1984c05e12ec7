"""The frozen filters that public checkpoints carry: torchlibrosa's Fourier kernels and mel matrix, made from a FrontEnd.

Encoders here do not keep them (`frontend/log_mel.py` computes the same in another way); `hearken convert` compares a
file's with these, and together with an encoder's own keys they are the public key list.

Legend: `F` mel bands, `K` = n_fft // 2 + 1 frequency bins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from hearken.audio.front_ends import FrontEnd
from hearken.audio.mel_filters import mel_matrix
from hearken.audio.melspec import hann
from hearken.errors import InputError

Names = Literal["panns", "wavcaps"]
NAMES: dict[Names, tuple[str, str]] = {
    "panns": ("spectrogram_extractor", "logmel_extractor"),
    "wavcaps": ("audio_feats_extractor.mel_trans", "audio_feats_extractor.log_trans"),
}
"""The public names of the two extractors: PANNs, HTSAT, LAION-CLAP and msclap; WavCaps."""


def panns_constants(front_end: FrontEnd, prefix: str = "", names: Names = "panns") -> dict[str, Tensor]:
    """Return the frozen parameters of a torchlibrosa front end by public key, in the public order, each after `prefix`.

    `….stft.conv_real.weight` and `….stft.conv_imag.weight` (K, 1, n_fft): the discrete Fourier transform times the window;
    `….melW` (K, F): the mel filter bank. float32; equal to torchlibrosa 0.1 to 1e-7. Raises InputError for unknown `names`.
    """
    if names not in NAMES:
        raise InputError(f"There are no public names {names!r} of the front end's filters.", f"Known: {', '.join(NAMES)}.")
    spectrogram, logmel = (f"{prefix}{name}" for name in NAMES[names])
    num_bins = front_end.n_fft // 2 + 1
    turns = np.outer(np.arange(num_bins), np.arange(front_end.n_fft)) % front_end.n_fft  # exact, so angles stay below 2 pi
    kernels = np.exp(-2j * np.pi * turns / front_end.n_fft) * hann(replace(front_end, double=True))
    return {
        f"{spectrogram}.stft.conv_real.weight": torch.from_numpy(kernels.real.astype(np.float32))[:, None],
        f"{spectrogram}.stft.conv_imag.weight": torch.from_numpy(kernels.imag.astype(np.float32))[:, None],
        f"{logmel}.melW": torch.from_numpy(np.ascontiguousarray(mel_matrix(front_end).T)),
    }
