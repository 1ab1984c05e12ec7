"""The rules against the authors' code run with a toy encoder (`golden/models/segments.npz`), and what must always hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.audio.length import LengthPolicy
from hearken.audio.segments import RULES, SegmentRule
from hearken.errors import AudioEmptyError, InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "models" / "segments.npz"
SECONDS = {"a": (4000, [12.3, 9.9, 20.0, 25.1]), "b": (4010, [4.0, 10.0, 6.5]), "c": (4020, [30.0, 10.00003125, 19.99, 1.0])}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def wave(seed: int, num_samples: int) -> np.ndarray:
    """The golden waveform of `golden/filling.py`, made here again because that file needs torch."""
    draw = np.random.Generator(np.random.PCG64(seed))
    steady, start, glide, beat = 120 + 900 * draw.random(), 300 + 3000 * draw.random(), 400 + 1500 * draw.random(), 0.7 + 3 * draw.random()
    time = np.arange(num_samples, dtype=np.float64) / 32_000
    sound = 0.3 * np.sin(2 * np.pi * steady * time) + 0.2 * np.sin(2 * np.pi * (start * time + 0.5 * glide * time * time))
    sound += 0.12 * draw.standard_normal(num_samples) * (0.55 + 0.45 * np.sin(2 * np.pi * beat * time))
    return (np.clip(np.round(sound * 32768), -32768, 32767) / 32768).astype(np.float32)


def clips(case: str) -> list[np.ndarray]:
    seed, seconds = SECONDS[case]
    return [wave(seed + number, round(length * 32_000)) for number, length in enumerate(seconds)]


def toy(windows: np.ndarray) -> np.ndarray:
    """Five numbers (..., 5) for each window (..., S), in place of an encoder."""
    parts = [windows.mean(-1), np.abs(windows).mean(-1), windows[..., 1000], windows.max(-1), np.full(windows.shape[:-1], 0.25)]
    return np.stack(parts, -1)


@pytest.mark.parametrize("segment_s", [10, 30])
@pytest.mark.parametrize("case", SECONDS)
def test_dcase2023(golden: dict[str, np.ndarray], case: str, segment_s: int) -> None:
    rule = SegmentRule("dcase2023", segment_s=segment_s)
    ours = np.stack([toy(rule.cut(clip)).mean(0) for clip in clips(case)])
    np.testing.assert_allclose(ours, golden[f"dcase2023.{case}.seg{segment_s}"], rtol=0, atol=1e-6)
    cut = max(rule.plan(len(clip)).padded_num_samples for clip in clips(case))
    assert cut == golden[f"dcase2023.{case}.seg{segment_s}.cut_samples"]


@pytest.mark.parametrize("case", SECONDS)
def test_d25(golden: dict[str, np.ndarray], case: str) -> None:
    rule = SegmentRule("d25")
    ours = np.stack([toy(rule.cut(clip)).mean(0) for clip in clips(case)])
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    np.testing.assert_allclose(ours, golden[f"d25.{case}.normalised"], rtol=0, atol=1e-6)
    padded = np.stack([np.pad(clip, (0, 960_000 - len(clip))) for clip in clips(case)])
    np.testing.assert_allclose(toy(rule.cut(padded)), golden[f"d25.{case}.segments"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("longest", "segment", "hop"), [(32_000, 32_000, 32_000), (40_000, 32_000, 16_000), (120_000, 32_000, 32_000)])
def test_d25_windows(golden: dict[str, np.ndarray], longest: int, segment: int, hop: int) -> None:
    rule = SegmentRule("d25_windows", segment_s=segment / 32_000, hop_s=hop / 32_000, longest_s=longest / 32_000)
    ours = toy(rule.cut(np.stack([wave(4090, 100_000), wave(4091, 100_000)])))
    np.testing.assert_allclose(ours, golden[f"d25.wrapper.max{longest}.seg{segment}.hop{hop}"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("case", "seed", "num_samples"), [("s5", 4147, 160_000), ("s12", 4174, 384_000), ("s23", 4162, 736_001)])
def test_hear21passt_scene(golden: dict[str, np.ndarray], case: str, seed: int, num_samples: int) -> None:
    rule = SegmentRule("hear21passt")
    ours = toy(rule.cut(np.stack([wave(seed, num_samples), wave(seed + 1, num_samples)])))
    np.testing.assert_allclose(ours.mean(1), golden[f"hear21.{case}.scene"], rtol=0, atol=1e-6)
    if case == "s5":
        assert ours.shape == (2, 1, 5)
    else:
        np.testing.assert_allclose(ours, golden[f"hear21.{case}.windows"], rtol=0, atol=1e-6)
        np.testing.assert_array_equal(np.array(rule.plan(num_samples).centres()) / 32, golden[f"hear21.{case}.window_ms"])


def test_hear21passt_timestamps(golden: dict[str, np.ndarray]) -> None:
    rule = SegmentRule("hear21passt_timestamps")
    ours = toy(rule.cut(np.stack([wave(4147, 160_000), wave(4148, 160_000)])))
    assert ours.shape == tuple(golden["hear21.s5.timestamp.shape"])
    index = np.arange(256) * ours.size // 256
    np.testing.assert_allclose(ours.ravel()[index], golden["hear21.s5.timestamp.sample"], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(np.array(rule.plan(160_000).centres()) / 32, golden["hear21.s5.timestamp_ms"])


def test_the_golden_numbers_tell_a_wrong_rule(golden: dict[str, np.ndarray]) -> None:
    """One segment too few, zeros left out, and windows a hop late are all far outside the tolerance."""
    clip = clips("a")[0]
    windows = SegmentRule().cut(clip)
    wanted = golden["dcase2023.a.seg10"][0]
    assert np.abs(toy(windows[:-1]).mean(0) - wanted).max() > 1e-2
    unpadded = np.stack([toy(windows[0]), toy(clip[320_000:])]).mean(0)
    assert np.abs(unpadded - wanted).max() > 1e-2
    late = toy(SegmentRule("hear21passt").cut(np.roll(wave(4174, 384_000), 3_200)))
    assert np.abs(late - golden["hear21.s12.windows"][0]).max() > 1e-3


def counted(num_samples: int, rule: SegmentRule) -> np.ndarray:
    """The windows of the sound 1, 2, 3 …, in which 0 is padding."""
    return rule.cut(np.arange(1, num_samples + 1, dtype=np.float32))


@given(st.integers(1, 400), st.integers(1, 50))
def test_dcase2023_loses_no_sample_and_uses_none_twice(num_samples: int, segment: int) -> None:
    windows = counted(num_samples, SegmentRule("dcase2023", rate_hz=1, segment_s=segment))
    assert windows.shape == (-(-num_samples // segment), segment)
    np.testing.assert_array_equal(windows.ravel()[:num_samples], np.arange(1, num_samples + 1))
    assert not windows.ravel()[num_samples:].any()


@given(st.integers(1, 400), st.integers(1, 50))
def test_dcase2023_is_the_length_policy_of_segments(num_samples: int, segment: int) -> None:
    """One rule in training and at work: the same windows, whether a clip comes whole or as a stream."""
    sound = np.arange(1, num_samples + 1, dtype=np.float32)
    policy = LengthPolicy.of_segments(1, segment)
    streamed = [policy.pad(chunk) for chunk in policy.chunks([sound[:7], sound[7:]])]
    np.testing.assert_array_equal(np.stack(streamed), SegmentRule("dcase2023", rate_hz=1, segment_s=segment).cut(sound))


@pytest.mark.parametrize(
    ("padding", "last"),
    [("zeros", [4.0, 5.0, 6.0, 0.0]), ("repeat", [4.0, 5.0, 6.0, 4.0]), ("repeatpad", [4.0, 5.0, 6.0, 0.0])],
)
def test_what_fills_the_last_segment_by_hand(padding: str, last: list[float]) -> None:
    rule = SegmentRule(rate_hz=1, segment_s=4, padding=padding)
    assert rule.cut(np.arange(7, dtype=np.float32)).tolist() == [[0.0, 1.0, 2.0, 3.0], last]
    assert rule.cut(np.ones((2, 1), np.float32)).tolist() == [[[1.0] * 4 if padding != "zeros" else [1.0, 0.0, 0.0, 0.0]]] * 2


@given(num_samples=st.integers(1, 60), padding=st.sampled_from(["zeros", "repeat", "repeatpad"]))
def test_paddings_are_those_of_the_length_policy(num_samples: int, padding: str) -> None:
    sound = np.arange(1, num_samples + 1, dtype=np.float32)
    policy = LengthPolicy.of_segments(1, 7, padding)
    pieces = np.stack([policy.pad(chunk) for chunk in policy.chunks([sound])])
    assert np.array_equal(SegmentRule(rate_hz=1, segment_s=7, padding=padding).cut(sound), pieces)


def test_an_unknown_padding_is_refused() -> None:
    with pytest.raises(InputError, match="no padding 'loop'"):
        SegmentRule(padding="loop")


@given(st.sampled_from(RULES), st.integers(9, 2_000), st.integers(1, 12))
def test_plans_stay_inside_what_they_pad_and_go_forward(rule: str, num_samples: int, segment: int) -> None:
    plan = SegmentRule(rule, rate_hz=100, segment_s=segment).plan(num_samples)
    assert plan.starts[0] == 0
    assert all(before < after for before, after in zip(plan.starts, plan.starts[1:], strict=False))
    assert plan.starts[-1] + plan.window_num_samples <= plan.padded_num_samples
    assert plan.num_samples == num_samples


@given(st.integers(1, 3_000), st.integers(5, 12))
def test_hear21passt_windows_cover_the_clip_when_a_hop_is_at_most_half_of_one(num_samples: int, segment: int) -> None:
    windows = counted(num_samples, SegmentRule("hear21passt", rate_hz=100, segment_s=segment))
    assert set(windows.ravel()) == set(range(1, num_samples + 1))


def test_the_authors_fraction_of_a_batch_is_our_whole_number() -> None:
    """Their ceil of float64 fractions equals exact rounding up for every clip up to 30 s (every 7th length is tried)."""
    samples = np.arange(1, 960_001, 7)
    for segment in (64_000, 160_000, 320_000, 480_000):
        exact = -(-samples // segment)
        for segments in range(1, 960_000 // segment + 1):
            fits = exact <= segments
            theirs = np.ceil(segments * ((samples / 960_000) * 960_000 / (segments * segment)))
            np.testing.assert_array_equal(theirs[fits], exact[fits])


def test_longer_clips_than_thirty_seconds_are_used_whole_and_always_alike() -> None:
    for rule in ("dcase2023", "d25"):
        plan = SegmentRule(rule).plan(32_000 * 61)
        assert plan.starts == tuple(range(0, 7 * 320_000, 320_000))
        assert plan.pad_right == 32_000 * 9


def test_a_sample_more_than_ten_seconds_is_a_second_segment() -> None:
    assert len(SegmentRule().plan(320_000).starts) == 1
    assert len(SegmentRule().plan(320_001).starts) == 2


def test_a_tail_without_a_window_is_dropped_where_the_authors_drop_it() -> None:
    assert counted(7, SegmentRule("d25_windows", rate_hz=1, segment_s=3)).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert counted(3, SegmentRule("d25_windows", rate_hz=1, segment_s=3)).tolist() == [[1, 2, 3]]
    assert counted(4, SegmentRule("d25_windows", rate_hz=1, segment_s=9, longest_s=2)).tolist() == [[1, 2, 3, 4]]


def test_reflection_by_hand() -> None:
    windows = counted(7, SegmentRule("hear21passt", rate_hz=1, segment_s=4, hop_s=3))
    assert windows.tolist() == [[3, 2, 1, 2], [2, 3, 4, 5], [5, 6, 7, 6]]


def test_whole_is_the_clip() -> None:
    assert counted(5, SegmentRule("whole", rate_hz=1, segment_s=2)).tolist() == [[1, 2, 3, 4, 5]]


def test_frames_are_whole() -> None:
    rule = SegmentRule("frames", rate_hz=1, segment_s=8, hop_s=4)
    assert counted(5, rule).tolist() == [[1, 2, 3, 4, 5, 0, 0, 0]]
    assert counted(4, rule).tolist() == [[1, 2, 3, 4]]
    assert SegmentRule("frames").hop_num_samples == 10_240  # pocket's
    repeating = SegmentRule("frames", rate_hz=1, segment_s=8, hop_s=4, padding="repeat")
    assert counted(3, repeating).tolist() == [[1, 2, 3, 1]]


def test_what_follows_the_clip_is_not_read() -> None:
    sound = np.ones(12, np.float32)
    assert SegmentRule(rate_hz=1, segment_s=4).plan(6).cut(sound).tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    with pytest.raises(InputError, match="for 13 samples, not for 12"):
        SegmentRule(rate_hz=1).plan(13).cut(sound)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_has_no_segments(rule: str) -> None:
    with pytest.raises(AudioEmptyError, match="no samples"):
        SegmentRule(rule).plan(0)


def test_what_cannot_be_a_rule() -> None:
    with pytest.raises(InputError, match="no segment rule 'dcase2024'"):
        SegmentRule("dcase2024")
    for rule in (SegmentRule, lambda **lengths: SegmentRule("hear21passt", **lengths)):
        with pytest.raises(InputError, match="must be positive"):
            rule(segment_s=0)
    with pytest.raises(InputError, match="must be positive"):
        SegmentRule("hear21passt", hop_s=0)
    with pytest.raises(InputError, match="too short for the rule"):
        SegmentRule("hear21passt_timestamps").plan(2_560)
