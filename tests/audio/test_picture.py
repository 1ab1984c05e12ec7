import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.excerpt import open_spans
from hearken.audio.picture import MIN_HZ, RANGE_DB, PictureRequest, draw, is_png, max_hz, mel_levels, mel_rows, palette, png
from hearken.errors import AudioLimitError, InputError
from tests.audio.making import noise, tone, write

RATE_HZ = 32_000


def unpacked(data: bytes) -> tuple[np.ndarray, bytes]:
    """Numbers of colours (H, W) and the palette of a PNG of ours, every check sum checked."""
    at, parts = 8, {}
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        parts[name] = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(name + parts[name])
        at += 12 + size
    width, height, depth, kind = struct.unpack_from(">IIBB", parts[b"IHDR"])
    assert (depth, kind) == (8, 3)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], parts[b"PLTE"]


def row_of(hz: float, rate_hz: int, height: int) -> int:
    low, high, mel = (2595.0 * np.log10(1.0 + each / 700.0) for each in (MIN_HZ, max_hz(rate_hz), hz))
    return height - 1 - int((mel - low) / (high - low) * height)


@pytest.mark.parametrize("pitch_hz", [110.0, 1_000.0, 9_000.0])
def test_a_tone_is_a_line_at_its_height(tmp_path: Path, pitch_hz: float) -> None:
    path = write(tmp_path, "wav", tone(3 * RATE_HZ, RATE_HZ, pitch_hz), RATE_HZ)
    with open_spans(path) as reader:
        shades, _ = unpacked(draw(reader, PictureRequest(0.5, 2.5, 200, 128)))
    assert shades.shape == (128, 200)
    assert (np.abs(shades[:, 20:-20].argmax(axis=0) - row_of(pitch_hz, RATE_HZ, 128)) <= 2).all()
    assert np.median(shades) == 0


def test_a_click_is_a_column_at_its_time_and_silence_is_background(tmp_path: Path) -> None:
    sound = np.zeros((4 * RATE_HZ, 1), np.float32)
    sound[RATE_HZ : RATE_HZ + 20] = 0.9
    path = write(tmp_path, "wav", sound, RATE_HZ)
    with open_spans(path) as reader:
        shades, _ = unpacked(draw(reader, PictureRequest(0.0, 4.0, 400, 64)))
    bright = np.flatnonzero(shades.sum(axis=0) > shades.sum(axis=0).max() / 4)
    assert 97 <= bright.min() <= 100 <= bright.max() <= 103
    assert not shades[:, 150:].any()


def test_levels_are_decibels_of_full_scale(tmp_path: Path) -> None:
    path = write(tmp_path, "float.wav", 2.0 * tone(2 * RATE_HZ, RATE_HZ, 1_000.0), RATE_HZ)
    with open_spans(path) as reader:
        assert abs(float(mel_levels(reader, PictureRequest(0.5, 1.5, 50, 64)).max())) < 2.0
    assert RANGE_DB > 40


@pytest.mark.parametrize(("start_s", "end_s", "width"), [(0.0, 60.0, 30), (0.0, 0.001, 300), (29.9, 33.0, 100), (12.0, 12.5, 4_096)])
def test_any_stretch_and_size_makes_a_picture(tmp_path: Path, start_s: float, end_s: float, width: int) -> None:
    path = write(tmp_path, "flac", noise(30 * 8_000, 2), 8_000)
    with open_spans(path) as reader:
        data = draw(reader, PictureRequest(start_s, end_s, width, 96, "light"))
    assert unpacked(data)[0].shape == (96, width)
    assert is_png(data, width, 96)
    assert not is_png(data, width, 97)
    assert not is_png(data[:-1], width, 96)


def test_blocks_do_not_show(tmp_path: Path) -> None:
    """The same stretch from two files, one of which has sound around it that moves all block borders."""
    sound = noise(20 * RATE_HZ)
    one = write(tmp_path, "wav", sound, RATE_HZ)
    with open_spans(one) as reader:
        whole = mel_levels(reader, PictureRequest(5.0, 15.0, 500, 64))
    (tmp_path / "b").mkdir()
    other = write(tmp_path / "b", "wav", np.concatenate([noise(12_345), sound]), RATE_HZ)
    with open_spans(other) as reader:
        moved = mel_levels(reader, PictureRequest(5.0 + 12_345 / RATE_HZ, 15.0 + 12_345 / RATE_HZ, 500, 64))
    np.testing.assert_allclose(whole, moved, atol=1e-2)


@pytest.mark.parametrize(("theme", "rises"), [("dark", True), ("light", False)])
def test_colours_go_one_way_from_dark_to_bright_or_back(theme: str, rises: bool) -> None:
    colours = np.frombuffer(palette(theme), np.uint8).reshape(256, 3) / 255.0
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lightness = np.cbrt(linear @ np.array([0.2126, 0.7152, 0.0722]))
    steps = np.diff(lightness) if rises else -np.diff(lightness)
    assert (steps > -0.004).all()
    assert abs(lightness[-1] - lightness[0]) > 0.7
    assert 0.2 < (lightness[127] if rises else 1.0 - lightness[127]) < 0.75


def test_rows_hear_every_frequency_in_between() -> None:
    for rate_hz, size, height in ((44_100, 2_048, 160), (8_000, 256, 512), (384_000, 16_384, 128)):
        rows = mel_rows(rate_hz, size, height)
        bins = np.arange(size // 2 + 1) * rate_hz / size
        inside = (bins > 2 * MIN_HZ + rate_hz / size) & (bins < 0.98 * max_hz(rate_hz))
        assert rows[:, inside].any(axis=0).all()
        assert rows.any(axis=1).all()
    assert (max_hz(8_000), max_hz(44_100), max_hz(96_000), max_hz(384_000)) == (4_000, 22_050, 22_050, 192_000)


def test_other_programs_read_the_picture() -> None:
    pillow = pytest.importorskip("PIL.Image")
    import io

    shades = np.arange(200, dtype=np.uint8).reshape(10, 20)
    read = pillow.open(io.BytesIO(png(shades, palette("dark"))))
    read.load()
    assert read.size == (20, 10)
    assert np.array_equal(np.asarray(read), shades)


def test_what_cannot_be_is_refused() -> None:
    for wanted in ((0.0, 1.0, 0, 64), (0.0, 1.0, 5_000, 64), (0.0, 1.0, 100, 7), (0.0, 1.0, 100, 64, "blue"), (2.0, 1.0, 100, 64)):
        with pytest.raises(InputError):
            PictureRequest(*wanted)
    with pytest.raises(AudioLimitError, match="7201 s are too much"):
        PictureRequest(0.0, 7_201.0, 100, 64)
