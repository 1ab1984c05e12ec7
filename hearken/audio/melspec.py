"""The numpy code that runs a `FrontEnd`: `log_mel` is a pure function of it and a waveform.

The torch twin for training, `frontend/log_mel.py`, reads the same dataclass.

Legend: `T` samples, `L` frames, `N` frames of one block, `F` mel bands, `K` = n_fft // 2 + 1 frequency bins.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hearken.audio.front_ends import FRONT_ENDS, PANNS_LOGMEL_32K, PASST_MEL, FrontEnd
from hearken.audio.mel_filters import BandGroup, mel_groups, mel_matrix
from hearken.errors import AudioEmptyError
from hearken.types import FloatArray

__all__ = ["FRONT_ENDS", "PANNS_LOGMEL_32K", "PASST_MEL", "FrontEnd", "hann", "log_mel", "mel_matrix"]

_FRAMES_PER_BLOCK = 32  # measured best of 8 … 256: the working set of one block stays inside the second-level cache
_BANDS_PER_GROUP = 32  # measured best of 8, 16 and 32


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


class _Tables(NamedTuple):
    """What a front end needs again and again: its window without the zeros around it, where in n_fft that lies, and the filters."""

    window: NDArray[np.floating[Any]]
    inside: slice
    groups: list[BandGroup]


@lru_cache(maxsize=16)
def _tables(front_end: FrontEnd) -> _Tables:
    window = hann(front_end)
    left = (front_end.n_fft - front_end.win_length) // 2
    inside = slice(left, left + front_end.win_length)
    return _Tables(np.ascontiguousarray(window[inside]), inside, mel_groups(front_end, _BANDS_PER_GROUP))


def log_mel(samples: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Return the log-mel spectrogram (L, F) of `samples` (T,) float32, full scale = 1, at the front end's rate.

    Frames are centred on multiples of the hop, with reflection or zeros at both ends (zeros where the sound is too short
    to reflect), or lie inside the sound (`pad="none"`: shorter sound is filled up with zeros to one frame). Raises
    AudioEmptyError when nothing is left after pre-emphasis.

    Windowing, Fourier transform, power and filters go block by block through buffers that are reused: a new array for each
    step, a product with the filters' zeros, and powers taken from the two halves of complex numbers cost 1.6 times the time.
    """
    tables = _tables(front_end)
    frames = np.lib.stride_tricks.sliding_window_view(_surrounded(samples, front_end), front_end.n_fft)[:: front_end.hop, tables.inside]
    out = np.empty((len(frames), front_end.num_mels), np.float32)
    spectra = _Spectra(front_end)
    for start in range(0, len(frames), _FRAMES_PER_BLOCK):
        part = slice(start, min(start + _FRAMES_PER_BLOCK, len(frames)))
        spectrum = spectra.of(frames[part], tables)
        for bins, bands, weights in tables.groups:
            np.matmul(spectrum[:, bins], weights, out=out[part, bands])
    return _compress(out, front_end)


def _surrounded(samples: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Return `samples` after pre-emphasis with what surrounds them, in one new array."""
    size = len(samples) - (1 if front_end.preemphasis else 0)
    if size <= 0:
        raise AudioEmptyError("A sound of no samples has no spectrogram.")
    left, right, reflect = surround(front_end, size)
    whole = np.zeros(left + size + right, np.float32)
    middle = whole[left : left + size]
    if front_end.preemphasis:
        np.multiply(samples[:-1], np.float32(-front_end.preemphasis), out=middle)
        middle += samples[1:]
    else:
        middle[:] = samples
    if reflect:
        whole[:left] = middle[left:0:-1]
        whole[left + size :] = middle[-2 : -2 - right : -1]
    return whole


class _Spectra:
    """Spectra of up to `_FRAMES_PER_BLOCK` frames at a time; the answer is overwritten by the next one."""

    def __init__(self, front_end: FrontEnd) -> None:
        self._magnitude = front_end.magnitude
        real, num_bins = np.float64 if front_end.double else np.float32, front_end.n_fft // 2 + 1
        self._waves = np.zeros((_FRAMES_PER_BLOCK, front_end.n_fft), real)  # what lies outside the window stays zero
        self._bins = np.empty((_FRAMES_PER_BLOCK, num_bins), np.result_type(real, np.complex64))
        self._parts = self._bins.view(real)  # real and imaginary parts in turn
        self._powers = np.empty((_FRAMES_PER_BLOCK, num_bins), np.float32)

    def of(self, frames: FloatArray, tables: _Tables) -> FloatArray:
        """Return powers, or magnitudes, (N, K) float32 of `frames` (N, win_length)."""
        size = len(frames)
        parts, powers = self._parts[:size], self._powers[:size]
        np.multiply(frames, tables.window, out=self._waves[:size, tables.inside])
        np.fft.rfft(self._waves[:size], out=self._bins[:size])
        np.square(parts, out=parts)
        np.add(parts[:, ::2], parts[:, 1::2], out=powers, casting="same_kind")
        return np.sqrt(powers, out=powers) if self._magnitude else powers


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
