"""Mel filter banks (F, K) as the front ends' authors compute them, in numpy float64, handed out in float32."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hearken.audio.front_ends import FrontEnd
from hearken.types import FloatArray

_Doubles = NDArray[np.float64]


def mel_matrix(front_end: FrontEnd) -> FloatArray:
    """Return the mel filter bank (F, K); F mel bands, K = n_fft // 2 + 1 frequency bins."""
    if front_end.mel == "htk":
        return _htk_matrix(front_end)
    return (_kaldi_matrix if front_end.mel == "kaldi" else _slaney_matrix)(front_end).astype(np.float32)


def mel_band(front_end: FrontEnd) -> tuple[FloatArray, int, int]:
    """Return the filter bank's non-zero columns, transposed (high - low, F), and their bounds low, high among the K bins."""
    matrix = mel_matrix(front_end)
    used = np.flatnonzero(matrix.any(axis=0))
    low, high = int(used[0]), int(used[-1]) + 1
    return np.ascontiguousarray(matrix[:, low:high].T), low, high


class BandGroup(NamedTuple):
    """Neighbouring mel `bands`, the frequency `bins` that any of them hears, and their `weights` (bins, bands)."""

    bins: slice
    bands: slice
    weights: FloatArray


def mel_groups(front_end: FrontEnd, size: int) -> list[BandGroup]:
    """Return the filter bank in groups of `size` bands: nearly all of the (F, K) numbers are zero, and most need no product."""
    matrix = mel_matrix(front_end)
    groups = []
    for first in range(0, front_end.num_mels, size):
        bands = slice(first, min(first + size, front_end.num_mels))
        used = np.flatnonzero(matrix[bands].any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)  # bands narrower than a bin may hear none
        groups.append(BandGroup(bins, bands, np.ascontiguousarray(matrix[bands, bins].T)))
    return groups


def _rate_hz(front_end: FrontEnd) -> int:
    return front_end.filter_rate_hz or front_end.rate_hz


def _kaldi_matrix(front_end: FrontEnd) -> _Doubles:
    def to_mel(hz: _Doubles) -> _Doubles:
        return 1127.0 * np.log1p(hz / 700.0)

    low, high = to_mel(np.array([front_end.fmin_hz, front_end.fmax_hz]))
    step = (high - low) / (front_end.num_mels + 1)
    left = low + step * np.arange(front_end.num_mels)[:, None]
    bins = to_mel(np.arange(front_end.n_fft // 2, dtype=np.float64) * (_rate_hz(front_end) / front_end.n_fft))[None, :]
    triangles = np.maximum(0.0, np.minimum((bins - left) / step, (left + 2.0 * step - bins) / step))
    return np.pad(triangles, ((0, 0), (0, 1)))  # Kaldi leaves the Nyquist bin out


def _slaney_matrix(front_end: FrontEnd) -> _Doubles:
    """Triangles on the frequency axis, their corners evenly spaced on Slaney's mel scale, each of unit area: librosa's."""
    low, high = _hz_to_slaney(np.array([front_end.fmin_hz, front_end.fmax_hz]))
    edges = _slaney_to_hz(np.linspace(low, high, front_end.num_mels + 2))
    bins = np.linspace(0.0, _rate_hz(front_end) / 2.0, front_end.n_fft // 2 + 1)[None, :]
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles: _Doubles = np.maximum(0.0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))
    return triangles * (2.0 / (right - left))


def _hz_to_slaney(hz: _Doubles) -> _Doubles:
    """Slaney's Auditory Toolbox scale: linear below 1 kHz (66.7 Hz a mel), logarithmic above (27 mels per factor 6.4)."""
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4))


def _slaney_to_hz(mel: _Doubles) -> _Doubles:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


def _htk_matrix(front_end: FrontEnd) -> FloatArray:
    """Triangles on the frequency axis with corners on HTK's mel scale, rounded to float32 where torchaudio rounds.

    The same in float64 throughout comes out up to 2e-4 dB different.
    """
    low, high = (np.float32(2595.0 * math.log10(1.0 + hz / 700.0)) for hz in (front_end.fmin_hz, front_end.fmax_hz))
    size = front_end.num_mels + 2
    step = float((high - low) / np.float32(size - 1))
    up = np.arange(size)  # torch.linspace counts up from the start and, past the middle, down from the end
    corners = np.where(up < size // 2, float(low) + step * up, float(high) - step * (size - 1 - up)).astype(np.float32)
    powers = (10.0 ** (corners / np.float32(2595.0)).astype(np.float64)).astype(np.float32)
    edges = np.float32(700.0) * (powers - np.float32(1.0))
    bins = np.linspace(0.0, _rate_hz(front_end) / 2.0, front_end.n_fft // 2 + 1).astype(np.float32)[None, :]
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles: FloatArray = np.maximum(np.float32(0.0), np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))
    return triangles
