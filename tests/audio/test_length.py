"""All lengths by hand: 8 samples a second, frames of 2 samples, chunks of 4 frames, windows of 3 frames every 2."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio.length import LengthPolicy, Padding
from hearken.audio.pooling import mean_and_slope
from hearken.errors import AudioEmptyError, InputError
from hearken.types import Span

POLICY = LengthPolicy(rate_hz=8, frame_num_samples=2, chunk_num_samples=8, window_num_frames=3, hop_num_frames=2)


def count(num_samples: int) -> np.ndarray:
    """The samples 1, 2, 3 … as float32."""
    return np.arange(1, num_samples + 1, dtype=np.float32)


def test_a_frame_is_a_quarter_second() -> None:
    assert POLICY.frame_s == 0.25
    assert POLICY.chunk_s == POLICY.chunk_num_samples / POLICY.rate_hz


@pytest.mark.parametrize(("num_samples", "num_frames"), [(1, 1), (2, 1), (3, 2), (8, 4), (9, 5)])
def test_the_last_frame_may_be_filled_in_part(num_samples: int, num_frames: int) -> None:
    assert POLICY.num_frames(num_samples) == num_frames


@pytest.mark.parametrize(("before", "after"), [([1], [1, 0]), ([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 3, 0])])
def test_pad_fills_the_last_frame_with_zeros(before: list[float], after: list[float]) -> None:
    assert POLICY.pad(np.array(before, np.float32)).tolist() == after


def test_pad_leaves_the_callers_array_alone() -> None:
    samples = count(3)
    POLICY.pad(samples)[0] = 9
    assert samples.tolist() == [1, 2, 3]


@pytest.mark.parametrize("num_samples", [0, -1])
def test_nothing_has_no_frames(num_samples: int) -> None:
    with pytest.raises(AudioEmptyError, match="no samples"):
        POLICY.num_frames(num_samples)
    with pytest.raises(AudioEmptyError):
        POLICY.pad(count(0))


def test_chunks_by_hand() -> None:
    blocks = [count(19)[:3], count(19)[3:4], count(19)[4:4], count(19)[4:]]
    assert [chunk.tolist() for chunk in POLICY.chunks(blocks)] == [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13, 14, 15, 16],
        [17, 18, 19],
    ]


@pytest.mark.parametrize(("num_samples", "lengths"), [(0, []), (1, [1]), (7, [7]), (8, [8]), (9, [8, 1]), (16, [8, 8])])
def test_only_the_last_chunk_is_shorter_and_none_is_empty(num_samples: int, lengths: list[int]) -> None:
    assert [len(chunk) for chunk in POLICY.chunks([count(num_samples)])] == lengths


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 20), max_size=12))
def test_chunks_do_not_depend_on_how_the_stream_is_cut(sizes: list[int]) -> None:
    samples = count(sum(sizes))
    blocks = np.split(samples, np.cumsum(sizes)[:-1]) if sizes else []
    cut, whole = list(POLICY.chunks(blocks)), list(POLICY.chunks([samples]))
    assert [chunk.tolist() for chunk in cut] == [chunk.tolist() for chunk in whole]


@pytest.mark.parametrize(
    ("num_frames", "windows"),
    [
        (1, [(0, 1)]),
        (3, [(0, 3)]),
        (4, [(0, 3), (1, 4)]),
        (5, [(0, 3), (2, 5)]),
        (6, [(0, 3), (2, 5), (3, 6)]),
        (7, [(0, 3), (2, 5), (4, 7)]),
    ],
)
def test_windows_by_hand_the_last_moved_back(num_frames: int, windows: list[tuple[int, int]]) -> None:
    assert POLICY.windows(num_frames) == windows


@pytest.mark.parametrize(
    ("num_samples", "spans"),
    [
        (1, [(0, 0.125)]),
        (6, [(0, 0.75)]),
        (7, [(0, 0.75), (0.25, 0.875)]),
        (8, [(0, 0.75), (0.25, 1.0)]),
        (11, [(0, 0.75), (0.5, 1.25), (0.75, 1.375)]),
    ],
)
def test_spans_by_hand_the_last_ends_with_the_sound(num_samples: int, spans: list[tuple[float, float]]) -> None:
    assert POLICY.spans(num_samples) == tuple(Span(*span) for span in spans)


def test_pooled_by_hand() -> None:
    frames = np.array([[0, 10], [3, 10], [6, 10], [9, 10], [12, 40], [15, 40]], np.float32)
    pooled = [window.tolist() for window in POLICY.pooled([frames[:1], frames[1:1], frames[1:4], frames[4:]])]
    assert pooled == [[3, 10], [9, 20], [12, 30]]


def test_pooled_of_a_short_sound_is_its_mean() -> None:
    assert [window.tolist() for window in POLICY.pooled([np.array([[1.0], [2.0]], np.float32)])] == [[1.5]]
    assert list(POLICY.pooled([])) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 5))
def test_pooled_windows_are_those_of_windows(sizes: list[int], window: int, hop: int) -> None:
    policy = LengthPolicy(8, 2, 8, window, min(hop, window))
    frames = np.arange(sum(sizes), dtype=np.float32)[:, None]
    pooled = list(policy.pooled(np.split(frames, np.cumsum(sizes)[:-1])))
    wanted = [frames[first:stop].mean(axis=0) for first, stop in policy.windows(len(frames))]
    assert [vector.tolist() for vector in pooled] == [vector.tolist() for vector in wanted]


@given(st.integers(1, 500), st.integers(1, 9), st.integers(1, 9))
def test_windows_cover_every_frame_in_order(num_frames: int, window: int, hop: int) -> None:
    found = LengthPolicy(8, 2, 8, window, min(hop, window)).windows(num_frames)
    assert found[0][0] == 0
    assert found[-1][1] == num_frames
    assert all(before[0] < after[0] <= before[1] for before, after in itertools.pairwise(found))


def test_crop_is_a_stretch_of_the_sound_drawn_by_the_generator() -> None:
    crops = [POLICY.crop(count(9), 4, np.random.default_rng(seed)).tolist() for seed in range(40)]
    assert {crop[0] for crop in crops} == {1, 2, 3, 4, 5, 6}
    assert all(crop == [crop[0] + step for step in range(4)] for crop in crops)
    assert POLICY.crop(count(9), 4, np.random.default_rng(7)).tolist() == crops[7]


@pytest.mark.parametrize("num_samples", [1, 3, 4])
def test_crop_keeps_what_is_short_enough(num_samples: int) -> None:
    assert POLICY.crop(count(num_samples), 4, np.random.default_rng(0)).tolist() == count(num_samples).tolist()


@pytest.mark.parametrize("lengths", [(0, 2, 8, 3, 2), (8, 0, 8, 3, 2), (8, 2, 0, 3, 2), (8, 2, 8, 0, 2), (8, 2, 8, 3, 0), (8, -2, 8, 3, 2)])
def test_lengths_must_be_positive(lengths: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(InputError, match="must be positive"):
        LengthPolicy(*lengths)


def test_lengths_must_fit_together() -> None:
    with pytest.raises(InputError, match="multiple of frame_num_samples"):
        LengthPolicy(8, 3, 8, 3, 2)
    with pytest.raises(InputError, match="must not exceed window_num_frames"):
        LengthPolicy(8, 2, 8, 3, 4)


@pytest.mark.parametrize(
    ("padding", "after"),
    [("zeros", [1, 2, 3, 0, 0, 0, 0, 0]), ("repeat", [1, 2, 3, 1, 2, 3, 1, 2]), ("repeatpad", [1, 2, 3, 1, 2, 3, 0, 0])],
)
def test_paddings_by_hand(padding: Padding, after: list[int]) -> None:
    policy = LengthPolicy.of_segments(8, 1.0, padding)
    assert policy.pad(count(3)).tolist() == after
    assert policy.pad(count(8)).tolist() == count(8).tolist()


def test_padding_must_be_known() -> None:
    with pytest.raises(InputError, match="padding must be one of zeros, repeat, repeatpad"):
        LengthPolicy(8, 2, 8, 3, 2, "mirror")  # type: ignore[arg-type]


def test_segments_are_frames_chunks_and_windows_at_once() -> None:
    policy = LengthPolicy.of_segments(32_000, 10.0)
    assert policy == LengthPolicy(32_000, 320_000, 320_000, 1, 1)
    assert policy.spans(320_001) == (Span(0.0, 10.0), Span(10.0, 320_001 / 32_000))
    with pytest.raises(InputError, match="must be positive"):
        LengthPolicy.of_segments(32_000, 0)


def test_a_configuration_file_gives_the_same_policy_again() -> None:
    """And says nothing of the padding where it is the default, so that the identity of older models stays."""
    assert POLICY.to_config() == {
        "rate_hz": 8, "frame_num_samples": 2, "chunk_num_samples": 8, "window_num_frames": 3, "hop_num_frames": 2,
    }  # fmt: skip
    for policy in (POLICY, LengthPolicy.of_segments(8, 1.0, "repeatpad")):
        assert LengthPolicy(**policy.to_config()) == policy


TWICE = LengthPolicy(8, 2, 8, window_num_frames=2, hop_num_frames=1, context_num_frames=4, context_hop_num_frames=2)


@pytest.mark.parametrize(
    ("num_frames", "windows"),
    [
        (1, [(0, 1)]),
        (2, [(0, 2)]),  # no longer than a moment: no context
        (3, [(0, 2), (1, 3), (0, 3)]),
        (7, [(0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (0, 4), (2, 6), (3, 7)]),
    ],
)
def test_contexts_come_behind_the_moments(num_frames: int, windows: list[tuple[int, int]]) -> None:
    assert TWICE.windows(num_frames) == windows


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_pooled_moments_and_contexts_are_those_of_windows(sizes: list[int]) -> None:
    frames = np.random.default_rng(sum(sizes)).normal(size=(sum(sizes), 2)).astype(np.float32)
    pooled = list(TWICE.pooled(np.split(frames, np.cumsum(sizes)[:-1]), mean_and_slope))
    wanted = [mean_and_slope(frames[first:stop]) for first, stop in TWICE.windows(len(frames))]
    assert len(pooled) == len(wanted)
    assert np.allclose(pooled, wanted, atol=1e-6)


def test_the_second_window_that_starts_at_0_is_the_first_context() -> None:
    starts = [span.start_s for span in TWICE.spans(13)]
    assert starts == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 0.0, 0.5, 0.75]


def test_contexts_are_in_the_configuration_where_there_are_any() -> None:
    assert "context_num_frames" not in POLICY.to_config()
    assert LengthPolicy(**TWICE.to_config()) == TWICE


@pytest.mark.parametrize(("size", "hop"), [(2, 1), (4, 0), (4, 5)])
def test_contexts_must_make_sense(size: int, hop: int) -> None:
    with pytest.raises(InputError, match="context must be longer"):
        LengthPolicy(8, 2, 8, 2, 1, context_num_frames=size, context_hop_num_frames=hop)
