"""Small spectrograms as PNG: what a clip sounds like, at a glance.

A picture has 16 shades in four bits a pixel, so that forty of them do not weigh down a page.

Legend: `T` samples, `L` frames, `F` mel bands, `H` and `W` rows and columns of a picture.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from hearken.audio.front_ends import FrontEnd
from hearken.audio.melspec import log_mel
from hearken.errors import InputError
from hearken.types import FloatArray

RATE_HZ = 24_000
PICTURE_MEL = FrontEnd(
    name="picture", rate_hz=RATE_HZ, n_fft=1024, win_length=1024, hop=480, num_mels=64, fmin_hz=50.0, fmax_hz=12_000.0, mel="slaney",
    periodic_window=True, preemphasis=0.0, log_scale=4.342944819032518, log_floor=1e-10, add_floor=False, shift=0.0, divide=1.0,
    pad="zeros", top_db=70.0,
)  # fmt: skip
_SHADES = 16
_STOPS = ((0.0, (8, 6, 24)), (0.3, (60, 28, 110)), (0.6, (176, 55, 96)), (0.82, (245, 134, 54)), (1.0, (253, 240, 170)))
"""From dark to light, brighter with every step, so that it reads in grey and by the colour-blind as well."""


def spectrogram(samples: FloatArray) -> bytes:
    """Return the log-mel spectrogram of `samples` (T,) at 24 kHz as a PNG: 20 ms a column, 64 bands, low notes at the bottom.

    The loudest value is the lightest shade, 70 dB below it the darkest. Raises AudioEmptyError for no samples.
    """
    mel = log_mel(samples, PICTURE_MEL)
    low, high = float(mel.min()), float(mel.max())
    levels = np.zeros_like(mel) if high <= low else (mel - low) / (high - low)
    shades = np.minimum(levels * _SHADES, _SHADES - 1).astype(np.uint8)
    return png(np.ascontiguousarray(shades.T[::-1]))


def png(shades: NDArray[np.uint8]) -> bytes:
    """Return a picture of `shades` (H, W), numbers from 0 to 15, as a PNG with a palette. Raises InputError for anything else."""
    if shades.ndim != 2 or not shades.size or shades.max() >= _SHADES:
        raise InputError(f"A picture has rows and columns of shades from 0 to {_SHADES - 1}, not the shape {shades.shape}.")
    height, width = shades.shape
    even = np.pad(shades, ((0, 0), (0, width % 2)))
    packed = (even[:, ::2] << 4) | even[:, 1::2]
    rows = np.pad(packed, ((0, 0), (1, 0)))  # each row begins with its filter, 0: none
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", zlib.compress(rows.astype(np.uint8).tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _palette() -> bytes:
    places, steps = [place for place, _ in _STOPS], np.linspace(0.0, 1.0, _SHADES)
    channels = [np.interp(steps, places, [colour[channel] for _, colour in _STOPS]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8).tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
