"""Fault matrix, rows A1 to A6: sound files that are cut, empty, or lie about themselves."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio.decode import decode, open_stream
from hearken.audio.worker import Worker
from hearken.errors import (
    AudioEmptyError,
    AudioError,
    AudioFormatError,
    AudioNonFiniteError,
    AudioTruncatedError,
    ChannelError,
    RateError,
    WorkerDiedError,
)
from hearken.limits import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from tests.audio.making import KINDS, LOSSLESS, noise, pcm16, wav_header, write

RATE_HZ = 48_000
CUTS = 40
CANNOT_TELL = {"aac", "ac3", "wma"}  # raw streams, and a format whose decoder believes the size of the file
NEED_THEIR_END = {"m4a", "alac.m4a", "mp4", "mov"}  # the index comes last
TOO_SHORT_FOR_ITS_CODEC = {"aac", "wma", "m4a", "mp4", "ac3"}  # a sample or two may get lost in the encoder's delay


def streamed(path: Path, **options: bool) -> tuple[int, frozenset[str]]:
    """Number of samples at the file's own rate, and flags."""
    with open_stream(path, None, **options) as stream:
        return sum(map(len, stream)), stream.flags


# A1: truncation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_fault_A1_cut_anywhere_gives_what_is_there_and_a_flag_or_a_name(tmp_path: Path, kind: str) -> None:
    whole = write(tmp_path, kind, noise(2 * RATE_HZ), RATE_HZ)
    total, flags = streamed(whole)
    assert flags == frozenset()
    data, cut = whole.read_bytes(), tmp_path / "cut"
    decoded = 0
    for number in range(CUTS):
        cut.write_bytes(data[: len(data) * number // CUTS])
        try:
            num_samples, flags = streamed(cut)
        except (AudioFormatError, AudioEmptyError):
            continue
        decoded += 1
        assert num_samples <= total
        assert flags <= {"truncated"}
        if num_samples < total - 0.2 * RATE_HZ and kind not in CANNOT_TELL:
            assert flags == {"truncated"}, number
            with pytest.raises(AudioTruncatedError, match="cut"):
                streamed(cut, strict=True)
    assert decoded > CUTS // 4 or kind in NEED_THEIR_END


def test_fault_A1_the_table_of_kinds_was_not_empty() -> None:
    assert len(KINDS) == 34


def test_fault_A1_every_byte_of_a_small_wav(tmp_path: Path) -> None:
    sound = np.round(noise(60) * 2**15) / 2**15
    data, path = wav_header(data_bytes=120) + pcm16(sound), tmp_path / "x.wav"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size < 46:
            with pytest.raises(AudioError):
                decode(path)
        else:
            wave = decode(path)
            assert len(wave.samples) == (size - 44) // 2
            assert wave.flags == ({"truncated"} if len(data) - size > 16 else frozenset())


@pytest.mark.parametrize("kind", ["ogg", "opus", "flac", "mp3"])
def test_fault_A1_what_was_decoded_before_the_break_is_kept(tmp_path: Path, kind: str) -> None:
    whole = write(tmp_path, kind, noise(10 * RATE_HZ), RATE_HZ)
    before = decode(whole).samples
    cut = tmp_path / "cut"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    wave = decode(cut)
    assert wave.flags == {"truncated"}
    assert wave.duration_s > 4.0
    np.testing.assert_array_equal(wave.samples[: 4 * RATE_HZ], before[: 4 * RATE_HZ])


# A2: nothing, or next to nothing -------------------------------------------------------------------------------------


def test_fault_A2_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.wav").touch()
    with pytest.raises(AudioEmptyError, match=r"x\.wav is empty"):
        decode(tmp_path / "x.wav")


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind in {"wav", "float.wav", "rf64.wav", "w64", "aiff", "au", "caf", "flac", "ogg", "opus"}]
)
def test_fault_A2_no_samples(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, noise(0), RATE_HZ)
    with pytest.raises(AudioEmptyError, match=r"has no samples|is empty"):
        decode(path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in TOO_SHORT_FOR_ITS_CODEC])
@pytest.mark.parametrize("num_samples", [1, 2, 319, 320, 321])
def test_fault_A2_one_sample_is_sound(tmp_path: Path, kind: str, num_samples: int) -> None:
    wave = decode(write(tmp_path, kind, np.full((num_samples, 1), 0.5, np.float32), RATE_HZ), rate_hz=32_000)
    assert len(wave.samples) >= (num_samples * 2 // 3 if kind in LOSSLESS else 1)
    assert np.isfinite(wave.samples).all()


# A3: samples that are no numbers -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=100))
def test_fault_A3_any_float_payload(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / "floats.wav"
    samples = np.array(values, "<f4")
    path.write_bytes(wav_header(RATE_HZ, 1, 32, samples.nbytes, tag=3) + samples.tobytes())
    is_good = bool((np.abs(samples) <= 1000).all())
    repaired = decode(path, rate_hz=32_000, repair=True)
    assert np.isfinite(repaired.samples).all()
    assert ("repaired" in repaired.flags) != is_good
    if is_good:
        assert decode(path, rate_hz=32_000).samples.tobytes() == repaired.samples.tobytes()
    else:
        with pytest.raises(AudioNonFiniteError, match=r"floats\.wav holds samples that are not finite"):
            decode(path, rate_hz=32_000)


# A4 to A6: headers that lie ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_worker() -> Iterator[Worker]:
    """A decoding process that may take so little memory that believing a lie would end it."""
    with Worker("hearken.audio.isolated", memory_mb=900) as worker:
        yield worker
        assert worker.num_starts == 1


def request(worker: Worker, path: Path) -> int:
    """Number of samples at 32 kHz that the worker decodes."""
    _, blocks = worker.request({"path": str(path), "rate_hz": 32_000, "strict": False, "repair": False})
    return sum(map(len, blocks))


@pytest.mark.parametrize("num_channels", [0, MAX_CHANNELS + 1, 1_024, 65_535])
@pytest.mark.parametrize(("bits", "tag"), [(8, 1), (16, 1), (24, 1), (32, 3)])
def test_fault_A4_channels(tmp_path: Path, small_worker: Worker, num_channels: int, bits: int, tag: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(RATE_HZ, num_channels, bits, 10_000, tag=tag) + bytes(10_000))
    with pytest.raises(ChannelError, match=f"has {num_channels} channels; 1 to 64 can be read"):
        request(small_worker, path)


@pytest.mark.parametrize("block_align", [0, 1, 3, 5, 1_000, 65_535])
def test_fault_A4_block_align_lies(tmp_path: Path, small_worker: Worker, block_align: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(RATE_HZ, 2, 16, 10_000, block_align=block_align) + pcm16(noise(5_000)))
    try:
        assert request(small_worker, path) < 20_000
    except (AudioFormatError, AudioEmptyError):
        return


@pytest.mark.parametrize("kind", ["aiff", "caf", "au"])
def test_fault_A4_channels_of_other_containers(tmp_path: Path, small_worker: Worker, kind: str) -> None:
    path = write(tmp_path, kind, noise(1_000), RATE_HZ)
    at, size = {"aiff": (b"COMM\0\0\0\x12", 2), "caf": (b"lpcm", 4), "au": (b".snd", 4)}[kind]
    data = bytearray(path.read_bytes())
    first = data.index(at) + {"aiff": 8, "caf": 16, "au": 20}[kind]
    assert int.from_bytes(data[first : first + size]) == 1
    for num_channels in (0, 65, 1_024, 65_535):
        data[first : first + size] = num_channels.to_bytes(size)
        path.write_bytes(data)
        with pytest.raises((ChannelError, AudioFormatError)):
            request(small_worker, path)


@pytest.mark.parametrize("rate_hz", [0, 1, 7, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1, 2**31 - 1, 2**32 - 1])
def test_fault_A5_rates(tmp_path: Path, small_worker: Worker, rate_hz: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(rate_hz, 1, 16, 88_000) + bytes(88_000))
    with pytest.raises(RateError, match=f"has a sample rate of {rate_hz} Hz; 2000 to 768000 Hz can be read"):
        request(small_worker, path)


@pytest.mark.parametrize("rate_hz", [MIN_RATE_HZ, MAX_RATE_HZ])
def test_fault_A5_the_outermost_rates_are_read(tmp_path: Path, small_worker: Worker, rate_hz: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(rate_hz, 1, 16, 88_000) + bytes(88_000))
    assert request(small_worker, path) == round(44_000 * 32_000 / rate_hz)


@pytest.mark.parametrize("kind", ["aiff", "au", "flac"])
@pytest.mark.parametrize("rate_hz", [0, 1, 2**20 - 1])
def test_fault_A5_rates_of_other_containers(tmp_path: Path, small_worker: Worker, kind: str, rate_hz: int) -> None:
    path = write(tmp_path, kind, noise(1_000), RATE_HZ)
    data = bytearray(path.read_bytes())
    if kind == "au":
        data[16:20] = rate_hz.to_bytes(4)
    elif kind == "flac":
        data[18:21] = (rate_hz << 4 | data[20] & 0x0F).to_bytes(3)
    else:
        exponent = max(rate_hz, 1).bit_length() - 1
        first = data.index(b"COMM") + 16
        data[first : first + 10] = struct.pack(">HQ", (16_383 + exponent) if rate_hz else 0, rate_hz << (63 - exponent))
    path.write_bytes(data)
    if kind == "flac":  # each frame repeats the rate, and is believed
        assert request(small_worker, path) == 667
    else:
        with pytest.raises((RateError, AudioFormatError)):
            request(small_worker, path)


@pytest.mark.parametrize("data_bytes", [0xFFFF_FFFF, 0xFFFF_FFF0, 0x7FFF_FFFF, 4_000_000_000, 0])
@pytest.mark.parametrize("num_samples", [0, 100])
def test_fault_A6_four_gigabytes_announced(tmp_path: Path, small_worker: Worker, data_bytes: int, num_samples: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(32_000, 1, 16, data_bytes) + pcm16(noise(num_samples)))
    if num_samples:
        assert request(small_worker, path) == num_samples
    else:
        with pytest.raises(AudioEmptyError):
            request(small_worker, path)


@pytest.mark.parametrize("kind", ["flac", "aiff", "caf", "w64", "au"])
def test_fault_A6_length_fields_of_other_containers(tmp_path: Path, kind: str) -> None:
    """Every run of four bytes of the header in turn becomes as large as it can be."""
    whole, path = write(tmp_path, kind, noise(500), 32_000).read_bytes(), tmp_path / "x"
    num_decoded, deaths = 0, []
    with Worker("hearken.audio.isolated", memory_mb=900) as worker:
        for at in range(4, 64):
            path.write_bytes(whole[:at] + b"\x7f\xff\xff\xff" + whole[at + 4 :])
            try:
                assert request(worker, path) <= 40_000
                num_decoded += 1
            except WorkerDiedError as death:  # some counts of channels make FFmpeg ask for gigabytes, which it does not get
                deaths.append(death.message)
            except AudioError:
                continue
    assert all("ran out of its 900 MB" in message for message in deaths)
    assert len(deaths) < 10
    assert num_decoded >= 3
