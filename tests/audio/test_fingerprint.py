"""Fingerprints: landmarks counted by hand, the same however the sound is cut into blocks, none for silence, unmoved by level."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.audio.fingerprint import FRAME_NUM_SAMPLES, HOP_NUM_SAMPLES, NUM_BINS, RATE_HZ, Fingerprint, Fingerprinter, fingerprint
from hearken.types import FloatArray


def noise(seconds: float, seed: int = 0) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def made_of(frames: list[int], bins: list[int], num_peaks: tuple[int, ...]) -> Fingerprint:
    return Fingerprint(np.array(frames, np.int32), np.array(bins, np.int32), num_peaks, 100)


def tone_bursts(starts: list[int], frequencies_hz: list[float]) -> FloatArray:
    """Windowed tones of one frame's length, beginning at these samples."""
    samples = np.zeros(RATE_HZ, np.float32)
    window = np.hanning(FRAME_NUM_SAMPLES)
    for start, frequency_hz in zip(starts, frequencies_hz, strict=True):
        wave = np.sin(2 * np.pi * frequency_hz * np.arange(FRAME_NUM_SAMPLES) / RATE_HZ) * window
        samples[start : start + FRAME_NUM_SAMPLES] += wave.astype(np.float32)
    return samples


def test_a_burst_is_a_peak_at_its_frame_and_bin() -> None:
    found = fingerprint(tone_bursts([10 * HOP_NUM_SAMPLES, 40 * HOP_NUM_SAMPLES], [64 * 15.625, 100 * 15.625]))
    places = list(zip(found.frames.tolist(), found.bins.tolist(), strict=True))
    assert (10, 64) in places
    assert (40, 100) in places


def test_landmarks_are_pairs_of_peaks_in_time_order() -> None:
    hashes, frames = made_of([0, 3, 3, 80], [10, 12, 50, 10], (4,)).landmarks()
    # (0,10)-(3,12) is one; (3,50) is 40 bins away, the peaks of frame 3 are not apart in time, frame 80 is 77 and 80 later
    assert hashes.tolist() == [10 << 12 | (2 + 31) << 6 | 3]
    assert frames.tolist() == [0]


def test_a_peak_begins_five_landmarks_at_most() -> None:
    _, frames = made_of(list(range(8)), [20] * 8, (8,)).landmarks()
    assert np.bincount(frames).tolist() == [5, 5, 5, 4, 3, 2, 1]


def test_framings_are_paired_each_for_itself() -> None:
    hashes, frames = made_of([0, 3, 1, 5], [10, 12, 10, 12], (2, 2)).landmarks()
    assert frames.tolist() == [0, 1]
    assert (hashes & 63).tolist() == [3, 4]


@pytest.mark.parametrize("num_shifts", [1, 2])
def test_blocks_do_not_matter(num_shifts: int) -> None:
    samples = noise(2.0)
    whole = fingerprint(samples, num_shifts=num_shifts)
    printer = Fingerprinter(num_shifts=num_shifts)
    rng = np.random.default_rng(1)
    rest = samples
    while len(rest):
        size = int(rng.integers(1, 3_000))
        printer.add(rest[:size])
        rest = rest[size:]
    parts = printer.finish()
    assert whole.num_peaks == parts.num_peaks
    assert (whole.frames == parts.frames).all()
    assert (whole.bins == parts.bins).all()
    assert len(whole.num_peaks) == num_shifts
    assert min(whole.num_peaks) > 50


def test_peaks_are_in_order_and_within_bounds() -> None:
    found = fingerprint(noise(2.0))
    assert found.num_frames == (2 * RATE_HZ - FRAME_NUM_SAMPLES) // HOP_NUM_SAMPLES + 1
    assert found.duration_s == found.num_frames * HOP_NUM_SAMPLES / RATE_HZ
    assert (np.diff(found.frames) >= 0).all()
    assert found.frames.min() >= 0
    assert found.frames.max() < found.num_frames
    assert found.bins.min() >= 8
    assert found.bins.max() < NUM_BINS


def test_peaks_are_apart() -> None:
    found = fingerprint(noise(2.0))
    for frame, bin_ in zip(found.frames.tolist(), found.bins.tolist(), strict=True):
        near = (np.abs(found.frames - frame) <= 7) & (np.abs(found.bins - bin_) <= 7)
        assert near.sum() == 1


def test_level_does_not_matter() -> None:
    one, other = fingerprint(noise(1.0)), fingerprint(noise(1.0) * np.float32(0.125))
    assert (one.frames == other.frames).all()
    assert (one.bins == other.bins).all()


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(100, np.float32), np.zeros(RATE_HZ, np.float32), noise(0.05)])
def test_silence_and_what_is_shorter_than_a_frame_have_no_peaks(samples: FloatArray) -> None:
    found = fingerprint(samples, num_shifts=2)
    assert found.num_peaks == (0, 0)
    assert [len(part) for part in found.landmarks()] == [0, 0]


def test_rounding_to_16_bits_is_silence() -> None:
    dither = np.random.default_rng(0).integers(-1, 2, RATE_HZ).astype(np.float32) / 2**15
    assert len(fingerprint(dither * np.float32(0.25)).frames) == 0
