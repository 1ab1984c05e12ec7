"""Foreign sound to FLAC: rate, channels, level, and files that are whole or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.probe import probe
from hearken.data.collect.sound import RATE_HZ, read_sound, write_flac
from hearken.errors import AudioEmptyError, AudioFormatError
from tests.data.collect.local_site import wav


def test_a_stereo_file_becomes_mono_at_44_1_khz(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(wav(1.0, 48_000, 2, pitch_hz=1_000.0))
    sound = read_sound(tmp_path / "x")
    assert (sound.rate_hz, len(sound.samples)) == (44_100, 44_100)
    write_flac(tmp_path / "sub" / "x.flac", sound.samples)
    info = probe(tmp_path / "sub" / "x.flac")
    assert (info.container, info.codec, info.rate_hz, info.num_channels, info.num_samples) == ("flac", "flac", 44_100, 1, 44_100)
    heard = decode(tmp_path / "sub" / "x.flac").samples
    np.testing.assert_allclose(heard, sound.samples, atol=0.5 / 32_768 + 1e-7)
    assert np.sqrt(np.mean(heard[1000:-1000] ** 2)) == pytest.approx(8_000 / 32_768 / np.sqrt(2), rel=1e-3)


@pytest.mark.parametrize("size", [1, 15, 4_607, 4_608, 65_536, 65_537, 200_001])
def test_every_length_comes_back_exactly(tmp_path: Path, size: int) -> None:
    whole = np.random.default_rng(size).integers(-32_768, 32_768, size).astype(np.float32) / np.float32(32_768.0)
    write_flac(tmp_path / "x.flac", whole)
    assert np.array_equal(decode(tmp_path / "x.flac").samples, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["x.flac"]


def test_what_is_too_loud_is_clipped_and_equal_sounds_make_equal_files(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.array([2.0, -2.0, 0.5], np.float32))
    write_flac(tmp_path / "b.flac", np.array([2.0, -2.0, 0.5], np.float32))
    assert decode(tmp_path / "a.flac").samples.tolist() == [32_767 / 32_768, -1.0, 0.5]
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()
    assert RATE_HZ == 44_100


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.flac").write_bytes(b"old")

    def fail(*args: object) -> None:
        raise OSError("full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="full"):
        write_flac(tmp_path / "x.flac", np.zeros(10, np.float32))
    assert (tmp_path / "x.flac").read_bytes() == b"old"


def test_no_sound(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(AudioEmptyError):
        read_sound(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"<html>sorry</html>")
    with pytest.raises(AudioFormatError, match="looks like HTML"):
        read_sound(tmp_path / "x")
