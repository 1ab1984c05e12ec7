"""Spectrograms to look at: log-mel energies of a stretch of sound as a PNG.

Low tones are below, a row is a step on the mel scale, and a column is what sounds in its time; brightness (darkness, on a light page)
covers RANGE_DB below the loudest place of the picture. The colours are evenly spaced to the eye and begin with the page's own
background, so silence is nothing. PNG is written here: with 256 colours it takes a dozen lines, and no library.

Legend: `C` channels, `T` samples, `W` columns, `H` rows, `K` frequency bins, `B` frames at a time.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hearken.audio.excerpt import SpanReader, check_times
from hearken.audio.mix import Mixer
from hearken.errors import AudioLimitError, InputError
from hearken.limits import MAX_PICTURE_S
from hearken.types import FloatArray

Theme = Literal["dark", "light"]
ByteArray = NDArray[np.uint8]

RANGE_DB = 72.0
QUIET_DB = -70.0
"""A picture whose loudest place is below this is drawn as if that were its loudest, so that noise nobody hears stays dark."""
MIN_HZ = 40.0
_USUAL_MAX_HZ = 22_050.0
_ULTRASOUND_RATE_HZ = 128_000  # who records at such rates does so for what lies above hearing
_WINDOW_S = 0.04
_MAX_FRAMES_PER_COLUMN = 12
_FRAMES_AT_A_TIME = 64
_STOPS = {
    "dark": ("#0b0d12", "#1a1742", "#47217a", "#8b2981", "#cf4070", "#f7735c", "#fdb270", "#fcfdbf"),
    "light": ("#ffffff", "#e3ecf6", "#b3cfe6", "#74abd4", "#3f80bb", "#2a5596", "#1f2f68", "#0d0f2e"),
}


@dataclass(frozen=True)
class PictureRequest:
    """What is to be drawn: times in seconds, sizes in pixels. Raises InputError, AudioLimitError for what cannot be."""

    start_s: float
    end_s: float
    width: int
    height: int
    theme: Theme = "dark"

    def __post_init__(self) -> None:
        check_times(self.start_s, self.end_s)
        if self.end_s - self.start_s > MAX_PICTURE_S:
            raise AudioLimitError(f"{self.end_s - self.start_s:.0f} s are too much for one picture.", f"At most {MAX_PICTURE_S:.0f} s.")
        if not (1 <= self.width <= 4096 and 8 <= self.height <= 1024 and self.theme in get_args(Theme)):
            raise InputError(f"No such picture is made: {self}.", "Width 1 to 4096, height 8 to 1024, theme dark or light.")


def max_hz(rate_hz: int) -> float:
    """Return the frequency of the upper edge of a picture of sound at `rate_hz`."""
    return rate_hz / 2 if rate_hz >= _ULTRASOUND_RATE_HZ else min(rate_hz / 2, _USUAL_MAX_HZ)


def draw(reader: SpanReader, request: PictureRequest, report: Callable[[float], None] = lambda _: None) -> bytes:
    """Return the PNG of a stretch; after the end of the sound it is empty. Raises as the reader's blocks do."""
    levels = mel_levels(reader, request, report)
    top = max(float(levels.max()), QUIET_DB)
    shades = np.clip((levels - (top - RANGE_DB)) * (255.0 / RANGE_DB), 0.0, 255.0)
    return png(np.rint(shades).astype(np.uint8)[::-1], palette(request.theme))


def mel_levels(reader: SpanReader, request: PictureRequest, report: Callable[[float], None] = lambda _: None) -> FloatArray:
    """Return the levels (H, W) in dB of full scale, the lowest row first."""
    rate_hz = reader.form.rate_hz
    size, starts = _frames(request, rate_hz)
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    window *= 2.0 / window.sum()
    filters = mel_rows(rate_hz, size, request.height).T
    sums = np.zeros((request.width, request.height), np.float64)
    per_column = len(starts) // request.width
    for first, frames in _framed(reader, starts, size, report):
        powers = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32) @ filters
        np.add.at(sums, np.arange(first, first + len(frames)) // per_column, powers)
    return (10.0 * np.log10(np.maximum(sums / per_column, 1e-14))).astype(np.float32).T


def _frames(request: PictureRequest, rate_hz: int) -> tuple[int, NDArray[np.int64]]:
    """Return the length of a frame, and where the frames of all columns begin, each column's around its middle."""
    column = (request.end_s - request.start_s) * rate_hz / request.width
    ideal_s = min(_WINDOW_S, max(_WINDOW_S / 4, 12.0 * column / rate_hz))  # a look into short stretches is sharper in time
    size = max(256, 2 ** round(np.log2(ideal_s * rate_hz)))
    count = int(np.clip(np.ceil(column / (size / 2)), 1, _MAX_FRAMES_PER_COLUMN))
    middles = request.start_s * rate_hz + (np.arange(request.width * count) + 0.5) * (column / count)
    return size, np.rint(middles - size / 2).astype(np.int64)


def _framed(reader: SpanReader, starts: NDArray[np.int64], size: int, report: Callable[[float], None]) -> Iterator[tuple[int, FloatArray]]:
    """Yield the number of the first of some frames, and the frames (B, size) of mono sound; outside of the sound there is silence."""
    held, held_start, next_frame = np.zeros(0, np.float32), int(starts[0]), 0
    for block in _mono(reader, int(starts[0]), int(starts[-1]) + size, report):
        held = np.concatenate([held, block])
        while next_frame < len(starts):
            ready = int(np.searchsorted(starts, held_start + len(held) - size, "right"))
            part = starts[next_frame : min(ready, next_frame + _FRAMES_AT_A_TIME)]
            if not len(part):
                break
            yield next_frame, held[(part - held_start)[:, None] + np.arange(size)]
            next_frame += len(part)
        keep_from = int(starts[next_frame]) if next_frame < len(starts) else held_start + len(held)
        drop = min(len(held), max(0, keep_from - held_start))
        held, held_start = held[drop:], held_start + drop


def _mono(reader: SpanReader, start: int, stop: int, report: Callable[[float], None]) -> Iterator[FloatArray]:
    """Yield mono blocks (T,) that fill `start` to `stop`, with silence where there is no sound."""
    mixer = Mixer("The sound", repair=True)
    done = start
    if start < 0:
        yield np.zeros(-start, np.float32)
        done = 0
    waiting: list[FloatArray] = []
    for _, samples in reader.blocks(done, stop, report):
        done += samples.shape[1]
        waiting.append(samples)
        if sum(each.shape[1] for each in waiting) >= 65_536:
            yield mixer.mix(np.concatenate(waiting, axis=1))
            waiting = []
    if waiting:
        yield mixer.mix(np.concatenate(waiting, axis=1))
    while done < stop:
        count = min(65_536, stop - done)
        yield np.zeros(count, np.float32)
        done += count


@lru_cache(maxsize=16)
def mel_rows(rate_hz: int, size: int, height: int) -> FloatArray:
    """Return triangles (H, K) on the mel scale of HTK, evenly spaced from MIN_HZ to `max_hz`, each at least as wide as a bin.

    They are not made equal in area: the wider ones of high tones add up more, which balances that nature has less there.
    """
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (MIN_HZ, max_hz(rate_hz)))
    step = (high - low) / height
    edges = 700.0 * (10.0 ** ((low + step * (np.arange(height + 2) - 0.5)) / 2595.0) - 1.0)
    bins = np.arange(size // 2 + 1) * (rate_hz / size)
    centre, half = edges[1:-1, None], np.maximum((edges[2:] - edges[:-2]) / 2, rate_hz / size)[:, None]
    rows: FloatArray = np.maximum(0.0, 1.0 - np.abs(bins - centre) / half).astype(np.float32)
    return rows


@lru_cache(maxsize=2)
def palette(theme: Theme) -> bytes:
    """Return 256 colours, 3 bytes each: silence first."""
    stops = np.array([[int(stop[at : at + 2], 16) for at in (1, 3, 5)] for stop in _STOPS[theme]], np.float64)
    places = np.linspace(0.0, len(stops) - 1.0, 256)
    return (
        np.rint(np.stack([np.interp(places, np.arange(len(stops)), stops[:, part]) for part in range(3)], axis=1))
        .astype(np.uint8)
        .tobytes()
    )


def png(shades: ByteArray, colours: bytes) -> bytes:
    """Return a picture (H, W) of numbers of colours as a PNG; `colours` are 256 times red, green, blue."""
    height, width = shades.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), shades], axis=1)  # each row begins with its filter: none
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colours),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def is_png(data: bytes, width: int, height: int) -> bool:
    """Say whether bytes begin and end as a PNG of this size does; for what a worker answers."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return data.startswith(head) and data.endswith(_chunk(b"IEND", b""))
