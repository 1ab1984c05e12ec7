"""Log-mel front ends as data, and the numpy code that runs them.

A `FrontEnd` holds every constant; `log_mel` is a pure function of it and a waveform. The torch twin for training reads
the same dataclass. Constants: `passt_mel` from the PaSST authors' `AugmentMelSTFT` in evaluation mode, `panns_logmel_32k`
from PANNs' torchlibrosa extractor; both equal the authors' output to 1e-4 (`tests/golden/frontends.npz`).

Legend: `T` samples, `L` frames, `F` mel bands, `K` = n_fft // 2 + 1 frequency bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hearken.errors import AudioEmptyError
from hearken.types import FloatArray

_Doubles = NDArray[np.float64]

_FRAMES_PER_BLOCK = 32  # measured best of 16 … 1024: the working set of one block stays inside the second-level cache


@dataclass(frozen=True)
class FrontEnd:
    """All constants of a log-mel spectrogram.

    `window` is a Hann window of `win_length` samples, centred in `n_fft`. `mel` names scale and norm at once:
    ``kaldi`` (1127 ln(1 + f / 700), triangles on the mel axis, no norm, Nyquist bin zero) or ``slaney`` (librosa's
    default). The log is ``(scale * ln(max(m, floor) or m + floor) + shift) / divide``; `add_floor` picks the sum.
    """

    name: str
    rate_hz: int
    n_fft: int
    win_length: int
    hop: int
    num_mels: int
    fmin_hz: float
    fmax_hz: float
    mel: Literal["kaldi", "slaney"]
    periodic_window: bool
    preemphasis: float
    log_scale: float
    log_floor: float
    add_floor: bool
    shift: float
    divide: float

    def num_frames(self, num_samples: int) -> int:
        """Return the number of frames L that `log_mel` makes of `num_samples` samples (centred frames)."""
        return 1 + (num_samples - (1 if self.preemphasis else 0)) // self.hop


PASST_MEL = FrontEnd(
    name="passt_mel", rate_hz=32_000, n_fft=1024, win_length=800, hop=320, num_mels=128, fmin_hz=0.0, fmax_hz=15_000.0,
    mel="kaldi", periodic_window=False, preemphasis=0.97, log_scale=1.0, log_floor=1e-5, add_floor=True, shift=4.5, divide=5.0,
)  # fmt: skip
PANNS_LOGMEL_32K = FrontEnd(
    name="panns_logmel_32k", rate_hz=32_000, n_fft=1024, win_length=1024, hop=320, num_mels=64, fmin_hz=50.0, fmax_hz=14_000.0,
    mel="slaney", periodic_window=True, preemphasis=0.0, log_scale=10.0 / float(np.log(10.0)), log_floor=1e-10, add_floor=False,
    shift=0.0, divide=1.0,
)  # fmt: skip
FRONT_ENDS = {front_end.name: front_end for front_end in (PASST_MEL, PANNS_LOGMEL_32K)}


def hann(front_end: FrontEnd) -> FloatArray:
    """Return the Hann window (n_fft,), zero padded on both sides from `win_length`."""
    size = front_end.win_length
    steps = size if front_end.periodic_window else size - 1
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / steps)
    left = (front_end.n_fft - size) // 2
    return np.pad(window, (left, front_end.n_fft - size - left)).astype(np.float32)


def mel_matrix(front_end: FrontEnd) -> FloatArray:
    """Return the mel filter bank (F, K) as the front end's authors compute it."""
    return (_kaldi_matrix if front_end.mel == "kaldi" else _slaney_matrix)(front_end).astype(np.float32)


def _kaldi_matrix(front_end: FrontEnd) -> _Doubles:
    def to_mel(hz: _Doubles) -> _Doubles:
        return 1127.0 * np.log1p(hz / 700.0)

    low, high = to_mel(np.array([front_end.fmin_hz, front_end.fmax_hz]))
    step = (high - low) / (front_end.num_mels + 1)
    left = low + step * np.arange(front_end.num_mels)[:, None]
    bins = to_mel(np.arange(front_end.n_fft // 2, dtype=np.float64) * (front_end.rate_hz / front_end.n_fft))[None, :]
    triangles = np.maximum(0.0, np.minimum((bins - left) / step, (left + 2.0 * step - bins) / step))
    return np.pad(triangles, ((0, 0), (0, 1)))  # Kaldi leaves the Nyquist bin out


def _slaney_matrix(front_end: FrontEnd) -> _Doubles:
    low, high = _hz_to_slaney(np.array([front_end.fmin_hz, front_end.fmax_hz]))
    edges = _slaney_to_hz(np.linspace(low, high, front_end.num_mels + 2))
    bins = np.linspace(0.0, front_end.rate_hz / 2.0, front_end.n_fft // 2 + 1)[None, :]
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles: _Doubles = np.maximum(0.0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))
    return triangles * (2.0 / (right - left))  # Slaney's norm: each triangle has unit area


def _hz_to_slaney(hz: _Doubles) -> _Doubles:
    """Slaney's Auditory Toolbox scale: linear below 1 kHz (66.7 Hz a mel), logarithmic above (27 mels per factor 6.4)."""
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4))


def _slaney_to_hz(mel: _Doubles) -> _Doubles:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


@lru_cache(maxsize=16)
def _tables(front_end: FrontEnd) -> tuple[FloatArray, FloatArray, int, int]:
    """Window (n_fft,), the filter bank's non-zero columns (high - low, F), and their bounds among the K bins."""
    matrix = mel_matrix(front_end)
    used = np.flatnonzero(matrix.any(axis=0))
    low, high = int(used[0]), int(used[-1]) + 1
    return hann(front_end), np.ascontiguousarray(matrix[:, low:high].T), low, high


def log_mel(samples: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Return the log-mel spectrogram (L, F) of `samples` (T,) float32, full scale = 1, at the front end's rate.

    Frames are centred on multiples of the hop, with reflection at both ends (zeros where the sound is too short to
    reflect). Raises AudioEmptyError when nothing is left after pre-emphasis.
    """
    if front_end.preemphasis:
        samples = samples[1:] - np.float32(front_end.preemphasis) * samples[:-1]
    if not len(samples):
        raise AudioEmptyError("A sound of no samples has no spectrogram.")
    window, filters, low, high = _tables(front_end)
    half = front_end.n_fft // 2
    padded = np.pad(samples, half, mode="reflect" if len(samples) > half else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, front_end.n_fft)[:: front_end.hop]
    out = np.empty((len(frames), front_end.num_mels), np.float32)
    for start in range(0, len(frames), _FRAMES_PER_BLOCK):
        part = slice(start, start + _FRAMES_PER_BLOCK)
        spectrum = np.fft.rfft(frames[part] * window)[:, low:high]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        np.matmul(power, filters, out=out[part])
    return _compress(out, front_end)


def _compress(mel: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Apply floor, log and whitening in place to mel energies of any shape."""
    floor = np.float32(front_end.log_floor)
    np.add(mel, floor, out=mel) if front_end.add_floor else np.maximum(mel, floor, out=mel)
    np.log(mel, out=mel)
    mel *= np.float32(front_end.log_scale / front_end.divide)
    mel += np.float32(front_end.shift / front_end.divide)
    return mel
