import io
import struct

import numpy as np
import pytest
import soundfile

from hearken.audio.encode import MAX_WAV_BYTES, encode, pcm_bytes, wav_header, whole
from hearken.audio.excerpt import Excerpt
from hearken.errors import InputError

NAMES = {"s16": "PCM_16", "s24": "PCM_24", "f32": "PCM_24"}


def numbers(num_channels: int, bits: int) -> np.ndarray:
    full = 2 ** (bits - 1)
    found = np.random.default_rng(0).integers(-full, full, (num_channels, 70_001))
    found[:, :2] = -full, full - 1
    return (found / full).astype(np.float32)


@pytest.mark.parametrize("num_channels", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("depth", ["s16", "s24", "f32"])
@pytest.mark.parametrize("sound_format", ["wav", "flac"])
def test_nothing_is_lost(num_channels: int, depth: str, sound_format: str) -> None:
    samples = numbers(num_channels, 16 if depth == "s16" else 24)
    made = encode(Excerpt(samples, 48_000, 0, depth), sound_format)
    read, rate_hz = soundfile.read(io.BytesIO(made), dtype="float64", always_2d=True)
    assert rate_hz == 48_000
    np.testing.assert_array_equal(read.T, samples)
    assert soundfile.info(io.BytesIO(made)).subtype == NAMES[depth]


def test_what_is_louder_than_full_scale_stays_so_in_floats_and_is_clipped_elsewhere() -> None:
    loud = Excerpt(np.array([[2.5, -3.0, 0.125]], np.float32), 8_000, 0, "f32")
    assert soundfile.read(io.BytesIO(encode(loud, "wav")))[0].tolist() == [2.5, -3.0, 0.125]
    assert soundfile.read(io.BytesIO(encode(loud, "flac")))[0].tolist() == [1.0 - 2.0**-23, -1.0, 0.125]
    assert np.frombuffer(pcm_bytes(loud.samples, "s16"), "<i2").tolist() == [32_767, -32_768, 4_096]
    assert (whole("s16"), whole("s24"), whole("f32")) == ("s16", "s24", "s24")


def test_channels_lie_side_by_side() -> None:
    samples = np.array([[1, 2], [3, 4]], np.float32) / 32_768
    assert np.frombuffer(pcm_bytes(samples, "s16"), "<i2").tolist() == [1, 3, 2, 4]
    assert pcm_bytes(samples, "s24")[:6] == bytes([0, 1, 0, 0, 3, 0])
    assert np.frombuffer(pcm_bytes(samples, "f32"), "<f4").tolist() == [1 / 32_768, 3 / 32_768, 2 / 32_768, 4 / 32_768]


@pytest.mark.parametrize(
    ("num_channels", "depth", "size"), [(1, "s16", 44), (2, "s16", 44), (3, "s16", 80), (1, "s24", 80), (2, "f32", 80)]
)
def test_the_header_has_a_known_length_and_tells_that_of_the_file(num_channels: int, depth: str, size: int) -> None:
    header = wav_header(44_100, num_channels, 1_001, depth)
    made = header + pcm_bytes(np.zeros((num_channels, 1_001), np.float32), depth)
    made += b"\0" * (len(made) % 2)
    assert len(header) == size
    assert struct.unpack_from("<I", made, 4)[0] == len(made) - 8
    assert soundfile.info(io.BytesIO(made)).frames == 1_001


def test_what_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match=r"cannot hold 4\.3 GB"):
        wav_header(48_000, 1, MAX_WAV_BYTES // 2 + 1, "s16")
    with pytest.raises(InputError, match="at most 8 channels"):
        encode(Excerpt(np.zeros((9, 10), np.float32), 48_000, 0, "s16"), "flac")
    with pytest.raises(InputError, match="at most 8 channels at 655350 Hz"):
        encode(Excerpt(np.zeros((1, 10), np.float32), 768_000, 0, "s16"), "flac")
