import itertools
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.blocks import BlockReader
from hearken.audio.probe import open_sound
from hearken.errors import AudioReadError, ChannelError, RateError
from hearken.limits import BLOCK_NUM_SAMPLES
from tests.audio.making import KINDS, noise, wav_header, write


def read(path: Path) -> tuple[list[np.ndarray], list[int], str]:
    with open_sound(path) as sound:
        reader = BlockReader(sound, "x")
        pairs = list(reader)
    return [samples for samples, _ in pairs], [rate_hz for _, rate_hz in pairs], reader.complaint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_all_blocks_but_the_last_have_the_same_size_whatever_the_codec(tmp_path: Path, kind: str, num_channels: int) -> None:
    blocks, rates, complaint = read(write(tmp_path, kind, noise(150_000, num_channels), 48_000))
    assert [block.shape for block in blocks[:2]] == [(num_channels, BLOCK_NUM_SAMPLES)] * 2
    assert blocks[2].shape[1] == pytest.approx(150_000 - 2 * BLOCK_NUM_SAMPLES, abs=4_300)
    assert rates == [48_000] * 3
    assert complaint == ""


@pytest.mark.parametrize(
    ("kind", "dtype", "wanted"),
    [
        ("wav", "int16", [[0, -32768, 8192], [16384, 0, -8192]]),
        ("u8.wav", "uint8", [[128, 0, 160], [192, 128, 96]]),
        ("s24.wav", "int32", [[0, -(2**31), 2**29], [2**30, 0, -(2**29)]]),
        ("float.wav", "float32", [[0.0, -1.0, 0.25], [0.5, 0.0, -0.25]]),
        ("double.wav", "float64", [[0.0, -1.0, 0.25], [0.5, 0.0, -0.25]]),
        ("flac", "int16", [[0, -32768, 8192], [16384, 0, -8192]]),
    ],
)
def test_samples_by_hand(tmp_path: Path, kind: str, dtype: str, wanted: list[list[float]]) -> None:
    sound = np.array([[0.0, 0.5], [-1.0, 0.0], [0.25, -0.25]], np.float32)
    (block,), _, _ = read(write(tmp_path, kind, sound, 8_000))
    assert block.dtype == dtype
    np.testing.assert_allclose(block, wanted, atol=1 if dtype == "int16" else 0)


def glued(folder: Path, *parts: tuple[int, int]) -> Path:
    """MP3s of the given (rate in Hz, channels) of one second each, one after the other in one file."""
    data = [write(folder, "lame.mp3", noise(rate_hz, num_channels), rate_hz).read_bytes() for rate_hz, num_channels in parts]
    (folder / "glued.mp3").write_bytes(b"".join(data))
    return folder / "glued.mp3"


def test_a_file_glued_of_two_changes_its_rate_and_channels_on_the_way(tmp_path: Path) -> None:
    blocks, rates, _ = read(glued(tmp_path, (44_100, 2), (22_050, 1)))
    seconds = dict.fromkeys(itertools.product((44100, 22050), (1, 2)), 0.0)
    for block, rate_hz in zip(blocks, rates, strict=True):
        seconds[rate_hz, block.shape[0]] += block.shape[1] / rate_hz
    assert seconds[44_100, 2] == pytest.approx(1.0, abs=0.1)
    assert seconds[22_050, 1] == pytest.approx(1.0, abs=0.1)
    assert sum(seconds.values()) == pytest.approx(2.0, abs=0.1)


def test_what_a_damaged_packet_held_is_missing_and_the_rest_is_there(tmp_path: Path) -> None:
    path = write(tmp_path, "flac.mkv", noise(480_000), 48_000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3_000] = bytes(3_000)
    path.write_bytes(data)
    blocks, _, complaint = read(path)
    assert complaint
    assert 300_000 < sum(block.shape[1] for block in blocks) < 480_000


def test_the_last_blocks_before_a_break_are_not_lost(tmp_path: Path) -> None:
    path = write(tmp_path, "opus", noise(480_000), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    blocks, _, _ = read(path)
    assert sum(block.shape[1] for block in blocks) > 150_000


@pytest.mark.skipif(sys.platform != "linux", reason="finds the descriptor of the open file in /proc")
def test_an_io_error_while_reading_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(data_bytes=4_000_000) + bytes(4_000_000))
    with open_sound(path) as sound:
        folder = os.open(tmp_path, os.O_RDONLY)
        descriptor = next(fd for fd in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{fd}") == str(path.resolve()))
        os.dup2(folder, int(descriptor))  # from here on every read fails, as on a disk that dies
        os.close(folder)
        with pytest.raises(AudioReadError, match="x cannot be read: Is a directory"):
            list(BlockReader(sound, "x"))


class Frame:
    """A decoded frame of a hostile decoder, as far as it is looked at before its samples are."""

    format = type("Format", (), {"name": "fltp"})

    def __init__(self, rate_hz: int, num_channels: int) -> None:
        self.sample_rate = rate_hz
        self.layout = type("Layout", (), {"nb_channels": num_channels})


@pytest.mark.parametrize(("rate_hz", "num_channels", "error"), [(8_000, 65, ChannelError), (8_000, 0, ChannelError), (1_000, 1, RateError)])
def test_a_format_that_changes_for_the_worse_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate_hz: int, num_channels: int, error: type[Exception]
) -> None:
    with open_sound(write(tmp_path, "wav", noise(100), 8_000)) as sound:
        reader = BlockReader(sound, "x")
        good = list(reader._frames())
        monkeypatch.setattr(reader, "_frames", lambda: [*good, Frame(rate_hz, num_channels)])
        blocks = iter(reader)
        assert next(blocks)[0].shape == (1, 100)
        with pytest.raises(error):
            next(blocks)
