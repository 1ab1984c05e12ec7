"""Mean and slope of features, at once and as a stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.audio.pooling import Course, mean_and_slope, mean_of

FRAMES = np.array([[1.0, 0.0], [0.0, 4.0]], np.float32)


def test_the_mean() -> None:
    assert mean_of(FRAMES).tolist() == [0.5, 2.0]


def test_the_slope_by_hand() -> None:
    """Two frames have rises -1/2 and 1/2, so the slope is half their difference: 2 / 2 * (-1/2 f0 + 1/2 f1)."""
    assert mean_and_slope(FRAMES).tolist() == [0.5, 2.0, -0.5, 2.0]


def test_of_one_frame_there_is_no_slope() -> None:
    assert mean_and_slope(FRAMES[:1]).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_backwards_the_slope_is_opposite() -> None:
    frames = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    forwards, backwards = mean_and_slope(frames), mean_and_slope(frames[::-1])
    assert backwards[:3] == pytest.approx(forwards[:3], abs=1e-6)
    assert backwards[3:] == pytest.approx(-forwards[3:], abs=1e-6)
    assert np.abs(forwards[3:]).max() > 0.05


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 1000))
def test_a_stream_has_the_same_course(sizes: list[int], seed: int) -> None:
    frames = np.random.default_rng(seed).normal(size=(sum(sizes), 3)).astype(np.float32)
    course = Course(3)
    for block in np.split(frames, np.cumsum(sizes)[:-1]):
        course.add(block)
    assert course.num_frames == sum(sizes)
    assert course.value() == pytest.approx(mean_and_slope(frames), abs=1e-5)
