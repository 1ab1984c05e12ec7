"""Sounds out of tables, kept by content."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.sets.embedded import keep_sound


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    return tmp_path


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_equal_contents_are_one_file_and_damage_is_mended(home) -> None:
    path = Path(keep_sound(b"abc", "x/y.FLAC"))
    assert path == home / "embedded" / "ba" / "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.flac"
    assert keep_sound(b"abc", "other.flac") == path.as_posix()
    path.write_bytes(b"ab")
    keep_sound(b"abc", "x.flac")
    assert path.read_bytes() == b"abc"
    assert files(home) == [path]


@pytest.mark.parametrize("name", ["", "x", "x.exe", "../../x.py"])
def test_a_name_that_is_no_sound_s_gives_no_suffix(home, name) -> None:
    assert Path(keep_sound(b"abc", name)).suffix == ".audio"


def test_nothing_is_left_when_writing_fails(home, monkeypatch) -> None:
    def fail(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        keep_sound(b"abc", "x.wav")
    assert files(home) == []
