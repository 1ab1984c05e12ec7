import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio.mix import SILENCE_PEAK, Mixer
from hearken.errors import AudioNonFiniteError
from hearken.limits import MAX_ABS_SAMPLE
from tests.audio.making import noise


def mixed(channels: object, dtype: str = "float32", *, repair: bool = False) -> tuple[list[float], set[str]]:
    mixer = Mixer("x.wav", repair=repair)
    return mixer.mix(np.array(channels, dtype)).tolist(), set(mixer.flags)


@pytest.mark.parametrize(
    ("dtype", "channels", "wanted"),
    [
        ("float32", [[0.5, -0.25]], [0.5, -0.25]),
        ("float32", [[0.5, 1.0], [0.0, -0.5]], [0.25, 0.25]),
        ("float64", [[0.5, 1.0], [0.0, -0.5]], [0.25, 0.25]),
        ("int16", [[-32768, 16384], [0, 16384]], [-0.5, 0.5]),
        ("int32", [[-(2**31), 2**30]], [-1.0, 0.5]),
        ("uint8", [[0, 128, 192]], [-1.0, 0.0, 0.5]),
        ("float32", [[0.5], [0.25], [0.25], [1.0]], [0.5]),
    ],
)
def test_the_mix_is_the_mean_of_the_channels_at_full_scale_one(dtype: str, channels: list[list[float]], wanted: list[float]) -> None:
    assert mixed(channels, dtype) == (wanted, set())


def test_the_result_does_not_depend_on_block_sizes_nor_on_memory_order() -> None:
    sound = noise(5_000, 3)
    whole = Mixer("x").mix(sound.T)
    mixer = Mixer("x")
    parts = [mixer.mix(np.ascontiguousarray(sound[at : at + 700].T)) for at in range(0, 5_000, 700)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_callers_array_is_left_alone() -> None:
    for num_channels in (1, 2):
        array = np.full((num_channels, 100), 0.5, np.float32)
        out = Mixer("x").mix(array)
        out[:] = 7.0
        assert array.max() == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e38, -1e38, MAX_ABS_SAMPLE * 1.01])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_that_are_no_sound_are_refused_or_replaced_by_silence(bad: float, dtype: str) -> None:
    with pytest.raises(AudioNonFiniteError, match=r"x\.wav holds samples that are not finite, or beyond 1000") as caught:
        mixed([[0.5, bad, 0.5]], dtype)
    assert "repair=True" in caught.value.hint
    assert mixed([[0.5, bad, 0.5]], dtype, repair=True) == ([0.5, 0.0, 0.5], {"repaired"})
    assert mixed([[0.5, bad, 0.5], [0.5, 0.5, 0.5]], dtype, repair=True) == ([0.5, 0.25, 0.5], {"repaired"})


def test_a_double_beyond_single_precision_is_refused() -> None:
    with pytest.raises(AudioNonFiniteError):
        mixed([[1e300]], "float64")


def test_loud_but_possible_samples_pass() -> None:
    assert mixed([[float(MAX_ABS_SAMPLE), -900.0]]) == ([1000.0, -900.0], set())


@pytest.mark.parametrize(("level", "is_silent"), [(0.0, True), (SILENCE_PEAK * 0.99, True), (SILENCE_PEAK * 1.01, False)])
def test_silence_is_judged_by_the_peak_of_the_whole_sound(level: float, is_silent: bool) -> None:
    mixer = Mixer("x")
    mixer.mix(np.zeros((1, 100), np.float32))
    mixer.mix(np.array([[0.0, -level, 0.0]], np.float32))
    assert ("silent" in mixer.flags) == is_silent
    mixer.mix(np.full((1, 1), 0.5, np.float32))
    assert "silent" not in mixer.flags


def test_channels_that_cancel_give_way_to_the_first() -> None:
    left = noise(1_000)[:, 0]
    mixer = Mixer("x")
    assert mixer.mix(np.stack([left, -left])).tolist() == left.tolist()
    assert mixer.flags == {"antiphase"}


def test_a_silent_first_channel_does_not_stand_for_those_that_cancel() -> None:
    left = noise(1_000)[:, 0]
    mixer = Mixer("x")
    assert mixer.mix(np.stack([0 * left, left, -left])).tolist() == left.tolist()
    assert mixer.flags == {"antiphase"}


@pytest.mark.parametrize("right", [lambda left: left, lambda left: -0.9 * left, lambda left: 0 * left, lambda left: np.roll(left, 7)])
def test_channels_that_do_not_cancel_are_mixed(right: object) -> None:
    left = noise(1_000)[:, 0]
    assert callable(right)
    other = np.asarray(right(left), np.float32)
    mixer = Mixer("x")
    np.testing.assert_allclose(mixer.mix(np.stack([left, other])), (left + other) / 2, atol=1e-7)
    assert mixer.flags == set()


def test_cancelling_far_below_hearing_is_silence_not_antiphase() -> None:
    left = noise(1_000)[:, 0] * 1e-5
    mixer = Mixer("x")
    mixer.mix(np.stack([left, -left]))
    assert mixer.flags == {"silent"}


def test_a_few_samples_that_cancel_by_chance_are_no_antiphase() -> None:
    assert mixed([[0.5, -0.5], [-0.5, 0.5]]) == ([0.0, 0.0], {"silent"})


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=200), st.integers(1, 4))
def test_fault_A3_any_float_payload_is_refused_or_gives_finite_sound(values: list[float], num_channels: int) -> None:
    channels = np.array(values * num_channels, np.float32).reshape(num_channels, -1)
    repaired = Mixer("x", repair=True)
    out = repaired.mix(channels)
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= MAX_ABS_SAMPLE
    is_bad = not (np.abs(channels) <= MAX_ABS_SAMPLE).all()
    assert ("repaired" in repaired.flags) == is_bad
    if is_bad:
        with pytest.raises(AudioNonFiniteError):
            Mixer("x").mix(channels)
    else:
        assert Mixer("x").mix(channels).tobytes() == out.tobytes()
