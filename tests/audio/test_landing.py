import itertools
from fractions import Fraction
from pathlib import Path

import pytest

from hearken.audio import landing
from hearken.audio.landing import Form, Landing, UntrustedError
from hearken.audio.probe import open_sound
from hearken.errors import AudioEmptyError, AudioFormatError
from tests.audio.making import noise, wav_header, write

RATE_HZ = 48_000


def places(path: Path, near: int) -> list[tuple[int, int]]:
    with open_sound(path) as sound:
        return [(start, samples.shape[1]) for start, samples in Landing(sound, "x").from_near(near)]


@pytest.mark.parametrize(
    ("kind", "preroll"), [("wav", 0), ("flac", 0), ("aiff", 0), ("mp3", RATE_HZ), ("opus", RATE_HZ), ("m4a", RATE_HZ), ("webm", RATE_HZ)]
)
def test_frames_follow_each_other_from_somewhat_before_the_place(tmp_path: Path, kind: str, preroll: int) -> None:
    found = places(write(tmp_path, kind, noise(10 * RATE_HZ), RATE_HZ), 7 * RATE_HZ)
    assert 7 * RATE_HZ - preroll - 60_000 < found[0][0] <= 7 * RATE_HZ - preroll + (0 if not preroll else 3_000)
    assert all(start + size == following for (start, size), (following, _) in itertools.pairwise(found))
    assert abs(sum(found[-1]) - 10 * RATE_HZ) <= 1_024


def test_near_the_start_nothing_is_skipped(tmp_path: Path) -> None:
    assert places(write(tmp_path, "mp3", noise(4 * RATE_HZ), RATE_HZ), 2 * RATE_HZ)[0][0] == 0


@pytest.mark.parametrize("kind", ["wma", "ac3", "adpcm.wav"])
def test_what_has_no_sure_times_is_not_trusted(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UntrustedError):
        places(write(tmp_path, kind, noise(10 * RATE_HZ), RATE_HZ), 7 * RATE_HZ)


def test_a_place_behind_the_end_is_not_trusted(tmp_path: Path) -> None:
    for kind in ("mp3", "webm"):
        with pytest.raises(UntrustedError):
            places(write(tmp_path, kind, noise(5 * RATE_HZ), RATE_HZ), 50 * RATE_HZ)


def test_time_stamps_that_stand_for_no_place_are_not_trusted(tmp_path: Path) -> None:
    exact = landing._Clock(pts=100, first=10, size=960, tick=Fraction(1, 2))
    assert exact.is_exact
    assert exact.place(104) == 12
    assert exact.ticks(12) == 104
    with pytest.raises(UntrustedError):
        exact.place(105)
    rounded = landing._Clock(pts=14, first=648, size=960, tick=Fraction(48))
    assert not rounded.is_exact
    assert [rounded.place(14), rounded.place(34), rounded.place(20 * 1000 + 13)] == [648, 648 + 960, 648 + 960 * 1000]
    with pytest.raises(UntrustedError):
        rounded.place(24)
    with pytest.raises(UntrustedError):
        landing._Clock(pts=0, first=64, size=128, tick=Fraction(48)).place(10)


def test_form_and_what_has_none(tmp_path: Path) -> None:
    with open_sound(write(tmp_path, "s24.wav", noise(800, 2), 8_000)) as sound:
        assert Landing(sound, "x").form == Form(8_000, 2, "s32")
    path = tmp_path / "none.wav"
    path.write_bytes(wav_header())
    with pytest.raises(AudioEmptyError), open_sound(path) as sound:
        Landing(sound, "x")
    path = write(tmp_path, "flac", noise(20_000), 8_000)
    data = bytearray(path.read_bytes())
    data[100:] = bytes(len(data) - 100)
    path.write_bytes(data)
    with pytest.raises((AudioFormatError, AudioEmptyError)), open_sound(path) as sound:
        Landing(sound, "x")
