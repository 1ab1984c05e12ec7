"""Pictures: a PNG that holds the shades it was given, and a spectrogram whose notes stand where they should."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from hearken.errors import AudioEmptyError, InputError
from hearken.evaluate.report.pictures import RATE_HZ, png, spectrogram


def read(data: bytes) -> tuple[np.ndarray, bytes]:
    """Shades (H, W) and palette of a PNG as this module writes it, each chunk's checksum checked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, bits, kind_of = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (bits, kind_of) == (4, 3)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + (width + 1) // 2)
    assert not rows[:, 0].any()
    return np.stack([rows[:, 1:] >> 4, rows[:, 1:] & 15], axis=2).reshape(height, -1)[:, :width], chunks[b"PLTE"]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_picture_comes_back(width: int) -> None:
    shades = (np.arange(3 * width).reshape(3, width) % 16).astype(np.uint8)
    found, palette = read(png(shades))
    assert found.tolist() == shades.tolist()
    colours = np.frombuffer(palette, np.uint8).reshape(16, 3).astype(float)
    assert (np.diff(colours @ [0.299, 0.587, 0.114]) > 0).all(), "brighter with every shade"


@pytest.mark.parametrize("shades", [np.zeros((0, 3), np.uint8), np.zeros(3, np.uint8), np.full((2, 2), 16, np.uint8)])
def test_what_is_no_picture(shades) -> None:
    with pytest.raises(InputError, match="shades from 0 to 15"):
        png(shades)


def test_high_notes_stand_above_low_ones() -> None:
    time = np.arange(RATE_HZ) / RATE_HZ
    tops = []
    for hertz in (200.0, 5_000.0):
        shades, _ = read(spectrogram(np.sin(2 * np.pi * hertz * time).astype(np.float32)))
        assert shades.shape == (64, 51)
        tops.append(int(shades[:, 25].argmax()))
    assert tops[1] < 20 < 45 < tops[0]


def test_silence_is_dark_and_nothing_is_an_error() -> None:
    assert not read(spectrogram(np.zeros(RATE_HZ, np.float32)))[0].any()
    with pytest.raises(AudioEmptyError):
        spectrogram(np.zeros(0, np.float32))
