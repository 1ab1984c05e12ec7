"""Waveforms to look at: the lowest and the highest sample of each column, over all channels.

An `Overview` holds a whole file in at most MAX_BINS bins: when they run out, each two become one, so ten hours of sound need
4 MB, and no length needs more. Columns wider than two bins are read from it; narrower ones, of a stretch that is short then, from
the sound itself.

Legend: `C` channels, `T` samples, `N` bins, `W` columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.audio.blocks import BlockReader
from hearken.audio.excerpt import SpanReader, finite
from hearken.audio.mix import to_float
from hearken.audio.probe import open_sound
from hearken.audio.source import StrPath
from hearken.errors import AudioEmptyError, show
from hearken.limits import MAX_DURATION_S
from hearken.types import FloatArray

ShortArray = NDArray[np.int16]

MAX_BINS = 1 << 20
FIRST_BIN_NUM_SAMPLES = 256
_FULL = 32_767.0


@dataclass(frozen=True)
class Overview:
    """Lowest `low` and highest `high` (N,) int16 of each `bin_num_samples` samples of a file that has `num_samples` at `rate_hz`."""

    low: ShortArray
    high: ShortArray
    bin_num_samples: int
    num_samples: int
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """Length of the file in seconds."""
        return self.num_samples / self.rate_hz

    def serves(self, start_s: float, end_s: float, width: int) -> bool:
        """Say whether columns of this width can be read from here."""
        return (end_s - start_s) * self.rate_hz >= 2 * self.bin_num_samples * width

    def columns(self, start_s: float, end_s: float, width: int) -> Columns:
        """Return `width` columns from `start_s` to `end_s`; beyond the end of the sound they are zero."""
        edges = np.linspace(start_s, end_s, width + 1) * self.rate_hz / self.bin_num_samples
        places = np.append(np.floor(edges[:-1]), np.ceil(edges[-1])).astype(np.int64)  # a bin on an edge counts for what follows
        first, stop = places[:-1], np.maximum(places[1:], places[:-1] + 1)
        low, high = np.zeros(width, np.int16), np.zeros(width, np.int16)
        inside = first < len(self.low)
        if inside.any():
            # every second slice of reduceat is one column; a last bin of nothing lets the ends lie one past the last
            bounds = np.stack([first[inside], np.minimum(stop[inside], len(self.low))], axis=1).ravel()
            low[inside] = np.minimum.reduceat(np.append(self.low, np.int16(0)), bounds)[::2]
            high[inside] = np.maximum.reduceat(np.append(self.high, np.int16(0)), bounds)[::2]
        return Columns(low, high)


def could_serve(duration_s: float, rate_hz: int, stretch_s: float, width: int) -> bool:
    """Say whether the overview of a file of this length would serve columns of a stretch; see `Overview.serves`."""
    size = FIRST_BIN_NUM_SAMPLES
    while duration_s * rate_hz / size >= MAX_BINS:
        size *= 2
    return stretch_s * rate_hz >= 2 * size * width


@dataclass(frozen=True)
class Columns:
    """Lowest and highest (W,) int16 of each column of a picture; 32 767 is full scale."""

    low: ShortArray
    high: ShortArray


def read_overview(path: StrPath, report: Callable[[float], None] = lambda _: None) -> Overview:
    """Return the overview of the file at `path`; `report` hears of the seconds that are done.

    Sound after MAX_DURATION_S is left out. Raises as `probe` does, and AudioEmptyError.
    """
    with open_sound(path) as sound:
        bins, rate_hz, done = _Bins(), 0, 0
        for block, block_rate_hz in BlockReader(sound, show(path)):
            rate_hz = rate_hz or block_rate_hz
            bins.add(*_extremes(block))
            done += block.shape[1]
            report(done / rate_hz)
            if done > MAX_DURATION_S * rate_hz:
                break
    if not done:
        raise AudioEmptyError(f"{show(path)} has no samples.")
    low, high = bins.finish()
    return Overview(low, high, bins.size, done, rate_hz)


def read_columns(reader: SpanReader, start_s: float, end_s: float, width: int, report: Callable[[float], None] = lambda _: None) -> Columns:
    """Return `width` columns of a stretch of the sound itself; beyond its end they are zero. Raises as the reader's blocks do."""
    rate_hz = reader.form.rate_hz
    start, stop = round(start_s * rate_hz), max(round(start_s * rate_hz) + 1, round(end_s * rate_hz))
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    for first, samples in reader.blocks(start, stop, report):
        numbers = (np.arange(first - start, first - start + samples.shape[1]) * width) // (stop - start)
        places = np.flatnonzero(np.diff(numbers, prepend=-1))
        held = numbers[places]
        low[held] = np.minimum(low[held], np.minimum.reduceat(samples.min(axis=0), places))
        high[held] = np.maximum(high[held], np.maximum.reduceat(samples.max(axis=0), places))
    return Columns(*_filled(low, high, (stop - start) / width))


def _filled(low: NDArray[Any], high: NDArray[Any], per_column: float) -> tuple[ShortArray, ShortArray]:
    """Give columns that are narrower than a sample the value of the one before, and those after the end zero."""
    if per_column < 1.0 and np.isfinite(low).any():
        known = np.isfinite(low)
        last = min(len(low), int(np.flatnonzero(known)[-1] + math.ceil(1.0 / per_column)))
        before = np.maximum.accumulate(np.where(known, np.arange(len(low)), 0))[:last]
        low[:last], high[:last] = low[before], high[before]
    return _short(np.where(np.isfinite(low), low, 0.0)), _short(np.where(np.isfinite(high), high, 0.0))


def _extremes(block: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest of all channels (T,) of a block (C, T) as the codec made it."""
    samples = finite(to_float(block))
    return samples.min(axis=0), samples.max(axis=0)


def _short(samples: NDArray[Any]) -> ShortArray:
    scaled: ShortArray = np.rint(np.clip(samples, -1.0, 1.0) * _FULL).astype(np.int16)
    return scaled


class _Bins:
    """Extremes that come in blocks of any size, in bins of `size` samples; two become one when there are too many."""

    def __init__(self) -> None:
        self.size = FIRST_BIN_NUM_SAMPLES
        self._rest: tuple[FloatArray, FloatArray] = (np.zeros(0, np.float32), np.zeros(0, np.float32))
        self._parts: list[tuple[ShortArray, ShortArray]] = []
        self._num_bins = 0

    def add(self, low: FloatArray, high: FloatArray) -> None:
        """Take the extremes (T,) of the next samples."""
        low, high = np.concatenate([self._rest[0], low]), np.concatenate([self._rest[1], high])
        count = len(low) // self.size
        used = count * self.size
        self._rest = low[used:], high[used:]
        if count:
            self._keep(_short(low[:used].reshape(count, -1).min(axis=1)), _short(high[:used].reshape(count, -1).max(axis=1)))

    def finish(self) -> tuple[ShortArray, ShortArray]:
        """Return all bins; the last may be of fewer samples."""
        if len(self._rest[0]):
            self._keep(_short(self._rest[0].min(keepdims=True)), _short(self._rest[1].max(keepdims=True)))
        return _joined(part[0] for part in self._parts), _joined(part[1] for part in self._parts)

    def _keep(self, low: ShortArray, high: ShortArray) -> None:
        self._parts.append((low, high))
        self._num_bins += len(low)
        if self._num_bins >= MAX_BINS:
            lows, highs = _joined(part[0] for part in self._parts), _joined(part[1] for part in self._parts)
            even = len(lows) // 2 * 2
            left = (lows[even:], highs[even:])
            lows, highs = lows[:even].reshape(-1, 2).min(axis=1), highs[:even].reshape(-1, 2).max(axis=1)
            self._parts, self._num_bins, self.size = [(lows, highs)], len(lows), 2 * self.size
            if len(left[0]):  # an odd one goes back to what waits for more samples
                self._rest = tuple(
                    np.concatenate([np.full(self.size // 2, end[0] / _FULL, np.float32), rest])
                    for end, rest in zip(left, self._rest, strict=True)
                )  # type: ignore[assignment]


def _joined(parts: Iterable[ShortArray]) -> ShortArray:
    return np.concatenate(list(parts) or [np.zeros(0, np.int16)])
