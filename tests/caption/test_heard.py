"""What a captioner reads of a sound, and how a sound is cut into stretches."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.caption.heard import evenly, first_long, heard_of, stretches
from hearken.types import Embedded, Span


def embedded(count: int, hop_s: float = 2.5, size_s: float = 5.0) -> Embedded:
    """`count` windows on the unit circle, a degree apart."""
    angles = np.radians(np.arange(count))
    windows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return Embedded(np.float32([0.0, 1.0]), windows, tuple(Span(at * hop_s, at * hop_s + size_s) for at in range(count)))


def test_the_clip_first_then_windows_in_order() -> None:
    heard = heard_of(embedded(3))
    assert heard.shape == (4, 2)
    assert heard.dtype == np.float32
    assert heard[0].tolist() == [0.0, 1.0]
    assert np.array_equal(heard[1:], embedded(3).windows)


def test_many_windows_are_thinned_out_evenly() -> None:
    vectors = embedded(31)
    heard = heard_of(vectors)
    assert heard.shape == (17, 2)
    assert np.array_equal(heard[1:], vectors.windows[::2])


@pytest.mark.parametrize(("count", "most", "chosen"), [(3, 3, [0, 1, 2]), (0, 3, []), (9, 3, [0, 4, 8]), (9, 1, [4]), (4, 3, [0, 2, 3])])
def test_evenly(count: int, most: int, chosen: list[int]) -> None:
    assert evenly(count, most) == chosen


def test_stretches_have_the_windows_whose_middle_is_in_them() -> None:
    vectors = embedded(11)  # windows of 5 s every 2.5 s, middles at 2.5, 5.0, ... 27.5: 30 s
    cut = stretches(vectors, 30.0, 10.0)
    assert [span for span, _ in cut] == [Span(0.0, 10.0), Span(10.0, 20.0), Span(20.0, 30.0)]
    assert [[span.start_s for span in part.spans] for _, part in cut] == [
        [0.0, 2.5, 5.0],
        [7.5, 10.0, 12.5, 15.0],
        [17.5, 20.0, 22.5, 25.0],
    ]
    middle = vectors.windows[1]  # of windows 0, 1, 2 degrees, the mean points to 1 degree
    assert cut[0][1].clip == pytest.approx(middle, abs=1e-6)
    assert np.array_equal(cut[0][1].windows, vectors.windows[:3])


def test_a_short_rest_goes_with_the_last_stretch() -> None:
    assert [span for span, _ in stretches(embedded(11), 14.9, 10.0)] == [Span(0.0, 14.9)]
    assert [span for span, _ in stretches(embedded(11), 15.0, 10.0)] == [Span(0.0, 10.0), Span(10.0, 15.0)]
    assert [span for span, _ in stretches(embedded(11), 24.0, 10.0)] == [Span(0.0, 10.0), Span(10.0, 24.0)]


def test_a_sound_of_one_stretch_keeps_its_own_vectors() -> None:
    vectors = embedded(2)
    assert stretches(vectors, 7.5, 30.0) == [(Span(0.0, 7.5), vectors)]


def test_a_stretch_without_a_middle_has_the_nearest_window() -> None:
    cut = stretches(embedded(3, hop_s=10.0, size_s=10.0), 30.0, 3.0)  # middles at 5, 15, 25
    assert [part.spans[0].start_s for _, part in cut] == [0.0, 0.0, 0.0, 10.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0]


def test_windows_that_cancel_out_leave_a_vector() -> None:
    vectors = Embedded(np.float32([1, 0]), np.float32([[1, 0], [-1, 0], [0, 1]]), (Span(0, 5), Span(2, 7), Span(10, 15)))
    assert stretches(vectors, 20.0, 10.0)[0][1].clip.tolist() == [1.0, 0.0]


def two_scales() -> Embedded:
    """Five moments of 2 s every second, then two contexts of 4 s every 2 s, each a degree further on the unit circle."""
    spans = [Span(at, at + 2.0) for at in range(5)] + [Span(at, at + 4.0) for at in (0.0, 2.0)]
    return Embedded(np.float32([0.0, 1.0]), embedded(7).windows, tuple(spans))


def test_of_two_scales_the_longer_windows_are_read() -> None:
    vectors = two_scales()
    assert first_long(vectors.spans) == 5
    assert np.array_equal(heard_of(vectors)[1:], vectors.windows[5:])
    assert first_long(embedded(3).spans) == first_long(()) == 0


def test_stretches_of_two_scales_have_the_longer_windows() -> None:
    cut = stretches(two_scales(), 6.0, 3.0)  # the contexts' middles are at 2 and 4 s
    assert [part.spans for _, part in cut] == [(Span(0.0, 4.0),), (Span(2.0, 6.0),)]
    assert [heard_of(part)[1:].tolist() for _, part in cut] == [two_scales().windows[[row]].tolist() for row in (5, 6)]
