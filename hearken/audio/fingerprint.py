"""Fingerprints that find a recording again after re-encoding, cutting, a change of level or some noise.

After A. Wang, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003: local maxima of the spectrogram, in pairs. A pair is
a landmark: two frequencies and the time between them, as one number, and when it begins. Landmarks of the same recording agree
in number and differ in time by the same amount. `fingerprint_index.py` compares. Plain numpy, the same result on every machine
up to rounding, and however the sound is cut into blocks.

Legend: `T` samples, `F` frames, `B` frequency bins, `P` peaks, `L` landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.types import FloatArray

RATE_HZ = 8_000
"""Sound is compared at this rate: codecs keep what is below 4 kHz best, and old recordings have no more."""
FRAME_NUM_SAMPLES = 512
HOP_NUM_SAMPLES = 128
NUM_BINS = FRAME_NUM_SAMPLES // 2 + 1
FRAME_RATE_HZ = RATE_HZ / HOP_NUM_SAMPLES
VERSION = 1
"""Is counted up whenever the same sound would get other landmarks; stored fingerprints of another version are not used."""

_LOWEST_BIN = 8  # 125 Hz: below is hum, wind and what encoders cut off
_REACH = 7  # a peak is the largest value up to 7 frames (0.1 s) and 7 bins (110 Hz) away
_FLOOR = np.float32(1e-6)  # power of a sine of about -102 dB of full scale: below is the rounding of 16 bits
_RANGE = np.float32(1e-6)  # what is 60 dB below the loudest of its frame is the window's side lobes, and what encoders leave out
_FAN_OUT = 5  # landmarks that begin at one peak
_MAX_FRAMES_APART = 63
_MAX_BINS_APART = 31
_SUCCESSORS = 40  # peaks that are looked at for those
_BLOCK_NUM_SAMPLES = 65_536

IntArray = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Peaks of the spectrogram of one sound of `num_frames` frames: their `frames` (P,) and frequency `bins` (P,).

    They are in order of time, then frequency, for one framing after the other; `num_peaks` counts those of each.
    """

    frames: IntArray
    bins: IntArray
    num_peaks: tuple[int, ...]
    num_frames: int

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds, in whole frames."""
        return self.num_frames / FRAME_RATE_HZ

    def landmarks(self) -> tuple[IntArray, IntArray]:
        """Return the hashes (L,) of all landmarks and the frames (L,) at which they begin, in order of time.

        A hash has the bin of the earlier peak in its bits from 12, how far the later one is above it plus 31 from bit 6,
        and how many frames later it is from bit 0.
        """
        ends = np.cumsum(self.num_peaks)[:-1]
        pairs = [_pairs(*peaks) for peaks in zip(np.split(self.frames, ends), np.split(self.bins, ends), strict=True)]
        hashes, frames = (np.concatenate([pair[part] for pair in pairs]) for part in (0, 1))
        order = np.argsort(frames, kind="stable")
        return hashes[order], frames[order]


def fingerprint(samples: FloatArray, *, num_shifts: int = 1) -> Fingerprint:
    """Return the fingerprint of mono sound (T,) at `RATE_HZ`; silence has no peaks.

    The frames of a cut do not fall on those of its original. With `num_shifts` there are peaks of as many framings, each
    a part of a hop later than the one before; one of the two sounds that are compared should have 2.
    """
    printer = Fingerprinter(num_shifts=num_shifts)
    for start in range(0, len(samples), _BLOCK_NUM_SAMPLES):
        printer.add(samples[start : start + _BLOCK_NUM_SAMPLES])
    return printer.finish()


class Fingerprinter:
    """Makes the fingerprint of sound that comes block by block: `add` each (T,), then `finish`."""

    def __init__(self, *, num_shifts: int = 1) -> None:
        self._finders = [_PeakFinder(skip=number * HOP_NUM_SAMPLES // num_shifts) for number in range(num_shifts)]

    def add(self, samples: FloatArray) -> None:
        """Take the next samples (T,)."""
        for finder in self._finders:
            finder.add(samples)

    def finish(self) -> Fingerprint:
        """Return the fingerprint of all that was added."""
        peaks = [finder.finish() for finder in self._finders]
        frames, bins = (np.concatenate([pair[part] for pair in peaks]) for part in (0, 1))
        return Fingerprint(frames, bins, tuple(len(pair[0]) for pair in peaks), self._finders[0].num_frames)


class _PeakFinder:
    """Local maxima of a spectrogram that grows; keeps as many of its rows as the next ones need for comparison."""

    def __init__(self, skip: int) -> None:
        self.num_frames = 0
        self._skip = skip
        self._rest: FloatArray = np.zeros(0, np.float32)
        self._rows = _nothing()
        self._found: list[tuple[IntArray, IntArray]] = [(np.zeros(0, np.int32), np.zeros(0, np.int32))]

    def add(self, samples: FloatArray) -> None:
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        self._rest = np.concatenate([self._rest, samples[skipped:]])
        if len(self._rest) >= FRAME_NUM_SAMPLES:
            power = _power(self._rest)
            self._rest = self._rest[len(power) * HOP_NUM_SAMPLES :]
            self._take(power)
            self.num_frames += len(power)

    def finish(self) -> tuple[IntArray, IntArray]:
        """Return frames and bins (P,) of all peaks, in order of time, then frequency."""
        self._take(_nothing())
        frames = np.concatenate([found[0] for found in self._found])
        return frames, np.concatenate([found[1] for found in self._found])

    def _take(self, power: FloatArray) -> None:
        """Look for peaks in all rows that have `_REACH` rows on both sides."""
        first = self.num_frames - len(self._rows) + _REACH
        rows = np.concatenate([self._rows, power])
        inner = rows[_REACH : len(rows) - _REACH]
        if len(inner):
            around = _largest_around(_largest_around(rows, 0)[_REACH : len(rows) - _REACH], 1)
            floor = np.maximum(inner.max(axis=1, keepdims=True) * _RANGE, _FLOOR)
            frames, bins = np.nonzero((inner == around) & (inner > floor))
            self._found.append(((frames + first).astype(np.int32), (bins + _LOWEST_BIN).astype(np.int32)))
        self._rows = rows[-2 * _REACH :]


def _nothing() -> FloatArray:
    """Return rows without power: what is before the first frame and behind the last."""
    return np.zeros((_REACH, NUM_BINS - _LOWEST_BIN), np.float32)


def _power(samples: FloatArray) -> FloatArray:
    """Return the power spectrogram (F, B) of samples (T,), without the lowest bins and without padding."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_NUM_SAMPLES)[::HOP_NUM_SAMPLES]
    window = np.hanning(FRAME_NUM_SAMPLES + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames * window, axis=1)[:, _LOWEST_BIN:]
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


def _largest_around(values: FloatArray, axis: int) -> FloatArray:
    """Return, for each of the values (F, B), the largest up to `_REACH` places before or after it along `axis`.

    Maxima over 1, 2, 4 and 8 values are put together to those over 2 * `_REACH` + 1.
    """
    rows = values if axis == 0 else values.T
    width, wide = 1, np.pad(rows, ((_REACH, _REACH), (0, 0)))
    while 2 * width <= 2 * _REACH + 1:
        width, wide = 2 * width, np.maximum(wide[:-width], wide[width:])
    missing = 2 * _REACH + 1 - width
    largest = np.maximum(wide[: len(wide) - missing], wide[missing:])
    return largest if axis == 0 else largest.T


def _pairs(frames: IntArray, bins: IntArray) -> tuple[IntArray, IntArray]:
    """Return the hashes (L,) of the pairs of each peak (P,) with the next `_FAN_OUT` later ones nearby, and their frames (L,)."""
    fan = np.zeros(len(frames), np.int32)
    hashes, starts = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for step in range(1, min(_SUCCESSORS, len(frames))):
        apart, higher = frames[step:] - frames[:-step], bins[step:] - bins[:-step]
        fits = (apart >= 1) & (apart <= _MAX_FRAMES_APART) & (np.abs(higher) <= _MAX_BINS_APART) & (fan[:-step] < _FAN_OUT)
        first = np.flatnonzero(fits)
        fan[first] += 1
        hashes.append(bins[first] << 12 | (higher[first] + _MAX_BINS_APART) << 6 | apart[first])
        starts.append(frames[first])
    return np.concatenate(hashes), np.concatenate(starts)
