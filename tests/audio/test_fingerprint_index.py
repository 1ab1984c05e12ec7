"""Search by landmarks: pieces are found where they were cut, with noise and at another rate; strangers, tones and loops are not."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.audio import fingerprint_index
from hearken.audio.fingerprint import FRAME_RATE_HZ, RATE_HZ, Fingerprint, fingerprint
from hearken.audio.fingerprint_index import MIN_VOTES, NUM_SHIFTS, FingerprintIndex, Match, is_plain
from hearken.audio.resample import resample
from hearken.types import FloatArray


def noise(seconds: float, seed: int) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def index_of(*sounds: FloatArray) -> FingerprintIndex:
    return FingerprintIndex(fingerprint(sound, num_shifts=NUM_SHIFTS) for sound in sounds)


CLIPS = [noise(6.0, seed) for seed in range(8)]


@pytest.fixture(scope="module")
def index() -> FingerprintIndex:
    return index_of(*CLIPS)


@pytest.mark.parametrize("start_s", [0.0, 0.777, 2.0, 2.999])
def test_a_piece_is_found_where_it_was_cut(index: FingerprintIndex, start_s: float) -> None:
    start = round(start_s * RATE_HZ)
    (match,) = index.find(fingerprint(CLIPS[5][start : start + 3 * RATE_HZ]))
    assert match.clip == 5
    assert match.offset_s == pytest.approx(start_s, abs=1.5 / FRAME_RATE_HZ)
    assert match.votes > 5 * MIN_VOTES
    assert 0.1 < match.share <= 1.0


def test_a_clip_inside_a_longer_sound_has_a_negative_offset(index: FingerprintIndex) -> None:
    (match,) = index.find(fingerprint(np.concatenate([noise(2.5, 100), CLIPS[3], noise(1.0, 101)])))
    assert match.clip == 3
    assert match.offset_s == pytest.approx(-2.5, abs=1.5 / FRAME_RATE_HZ)


def test_a_clip_late_in_a_very_long_sound_is_found(index: FingerprintIndex) -> None:
    (match,) = index.find(fingerprint(np.concatenate([noise(118.0, 100), CLIPS[3], noise(20.0, 101)])))
    assert match.clip == 3
    assert match.offset_s == pytest.approx(-118.0, abs=1.5 / FRAME_RATE_HZ)


def test_level_noise_and_another_rate_do_not_hide_a_piece(index: FingerprintIndex) -> None:
    piece = CLIPS[2][RATE_HZ : 4 * RATE_HZ]
    changed = 0.1 * resample(resample(piece, RATE_HZ, 22_050), 22_050, RATE_HZ) + 0.1 * noise(4.0, 200)[: len(piece)] * 0.1
    assert [match.clip for match in index.find(fingerprint(changed.astype(np.float32)))] == [2]


def test_strangers_match_nothing(index: FingerprintIndex) -> None:
    assert all(index.find(fingerprint(noise(6.0, seed))) == [] for seed in range(1_000, 1_020))


def tone(seconds: float, frequency_hz: float = 440.0) -> FloatArray:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def test_tones_are_no_recording() -> None:
    assert index_of(tone(5.0), tone(3.0), tone(3.0, 1_000.0)).find(fingerprint(tone(4.0)[37:])) == []
    assert is_plain(fingerprint(tone(4.0)))


def test_silence_is_no_recording() -> None:
    silence = np.zeros(5 * RATE_HZ, np.float32)
    assert index_of(silence, silence).find(fingerprint(silence)) == []
    assert is_plain(fingerprint(silence))
    assert not is_plain(fingerprint(CLIPS[0]))


def test_clicks_in_time_are_no_recording() -> None:
    clicks = np.zeros(6 * RATE_HZ, np.float32)
    clicks[:: RATE_HZ // 2] = 0.5
    assert index_of(clicks).find(fingerprint(clicks[RATE_HZ // 4 :])) == []


def test_a_loop_is_found_though_it_repeats() -> None:
    loop = np.tile(noise(1.0, 300), 6)
    (match,) = index_of(loop, CLIPS[0]).find(fingerprint(loop[: 3 * RATE_HZ]))
    assert match.clip == 0


def test_an_empty_index_finds_nothing() -> None:
    empty = FingerprintIndex([])
    assert len(empty) == 0
    assert empty.find(fingerprint(CLIPS[0])) == []


def test_portions_do_not_matter(index: FingerprintIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = fingerprint(CLIPS[4])
    whole = index.find(sound)
    monkeypatch.setattr(fingerprint_index, "_MAX_HITS", 50)
    assert index.find(sound) == whole != []


def test_common_hashes_are_left_out() -> None:
    quiet = index_of(*[CLIPS[0]] * 5)
    assert len(quiet.find(fingerprint(CLIPS[0]))) == 5
    quiet._common = 4
    assert quiet.find(fingerprint(CLIPS[0])) == []


def sound_of(hashes_apart: list[int]) -> Fingerprint:
    """Pairs of peaks: one landmark for each of these distances in frames, far from each other in time."""
    frames = [frame for number, apart in enumerate(hashes_apart) for frame in (150 * number, 150 * number + apart)]
    return Fingerprint(np.array(frames, np.int32), np.full(len(frames), 30, np.int32), (len(frames),), 150 * len(hashes_apart) + 100)


def test_votes_are_different_hashes_at_one_offset() -> None:
    one = sound_of(list(range(1, 21)))  # 20 different landmarks
    assert FingerprintIndex([one]).find(one) == [Match(0, 0.0, 20, 1.0)]
    same = sound_of([7] * 20)  # one landmark twenty times
    assert FingerprintIndex([same]).find(same) == []
    few = sound_of(list(range(1, MIN_VOTES + 1)))  # 15 of 15 do not reach 15 and a hundredth of 15
    assert FingerprintIndex([few]).find(few) == []
    assert is_plain(few)
    assert not is_plain(one)
    assert is_plain(same)
