"""The numpy code that runs a `FrontEnd`: `log_mel` is a pure function of it and a waveform.

The torch twin for training, `frontend/log_mel.py`, reads the same dataclass.

Legend: `T` samples, `L` frames, `F` mel bands, `K` = n_fft // 2 + 1 frequency bins.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.audio.front_ends import FRONT_ENDS, PANNS_LOGMEL_32K, PASST_MEL, FrontEnd
from hearken.audio.mel_filters import mel_band, mel_matrix
from hearken.errors import AudioEmptyError
from hearken.types import FloatArray

__all__ = ["FRONT_ENDS", "PANNS_LOGMEL_32K", "PASST_MEL", "FrontEnd", "hann", "log_mel", "mel_matrix"]

_FRAMES_PER_BLOCK = 32  # measured best of 16 … 1024: the working set of one block stays inside the second-level cache


def hann(front_end: FrontEnd) -> NDArray[np.floating[Any]]:
    """Return the Hann window (n_fft,), zero padded on both sides from `win_length`; float64 where the spectrum is."""
    size = front_end.win_length
    steps = size if front_end.periodic_window else size - 1
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / steps)
    left = (front_end.n_fft - size) // 2
    return np.pad(window, (left, front_end.n_fft - size - left)).astype(np.float64 if front_end.double else np.float32)


def surround(front_end: FrontEnd, num_samples: int) -> tuple[int, int, bool]:
    """Return how many samples go before and after a sound of `num_samples`, and whether they are its reflection.

    Where the sound is too short to reflect they are zeros, as they are around the window of frames that lie inside.
    """
    if front_end.pad == "none":
        left = (front_end.n_fft - front_end.win_length) // 2
        right = front_end.n_fft - front_end.win_length - left
        return left, right + max(0, front_end.win_length - num_samples), False
    half = front_end.n_fft // 2
    return half, half, front_end.pad == "reflect" and num_samples > half


@lru_cache(maxsize=16)
def _tables(front_end: FrontEnd) -> tuple[NDArray[np.floating[Any]], FloatArray, int, int]:
    """Window (n_fft,), the filter bank's non-zero columns (high - low, F), and their bounds among the K bins."""
    return hann(front_end), *mel_band(front_end)


def log_mel(samples: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Return the log-mel spectrogram (L, F) of `samples` (T,) float32, full scale = 1, at the front end's rate.

    Frames are centred on multiples of the hop, with reflection or zeros at both ends (zeros where the sound is too short
    to reflect), or lie inside the sound (`pad="none"`: shorter sound is filled up with zeros to one frame). Raises
    AudioEmptyError when nothing is left after pre-emphasis.
    """
    if front_end.preemphasis:
        samples = samples[1:] - np.float32(front_end.preemphasis) * samples[:-1]
    if not len(samples):
        raise AudioEmptyError("A sound of no samples has no spectrogram.")
    window, filters, low, high = _tables(front_end)
    left, right, reflect = surround(front_end, len(samples))
    padded = np.pad(samples, (left, right), mode="reflect" if reflect else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, front_end.n_fft)[:: front_end.hop]
    out = np.empty((len(frames), front_end.num_mels), np.float32)
    for start in range(0, len(frames), _FRAMES_PER_BLOCK):
        part = slice(start, start + _FRAMES_PER_BLOCK)
        spectrum = np.fft.rfft(frames[part] * window)[:, low:high]
        power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32, copy=False)
        np.matmul(np.sqrt(power) if front_end.magnitude else power, filters, out=out[part])
    return _compress(out, front_end)


def _compress(mel: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Apply floor, log and whitening in place to mel energies of one clip."""
    floor = np.float32(front_end.log_floor)
    np.add(mel, floor, out=mel) if front_end.add_floor else np.maximum(mel, floor, out=mel)
    np.log(mel, out=mel)
    mel *= np.float32(front_end.log_scale / front_end.divide)
    mel += np.float32(front_end.shift / front_end.divide)
    if front_end.top_db is not None:
        np.maximum(mel, mel.max() - np.float32(front_end.top_db), out=mel)
    return mel
