from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio.resample import Resampler, resample
from hearken.errors import RateError
from hearken.limits import MAX_RATE_HZ, MIN_RATE_HZ
from tests.audio.making import noise, tone

RATES_HZ = [MIN_RATE_HZ, 8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000]


def in_blocks(samples: Any, sizes: list[int], in_rate_hz: int, out_rate_hz: int) -> Any:
    resampler = Resampler(in_rate_hz, out_rate_hz)
    out, at = [], 0
    for size in sizes:
        out.append(resampler.process(samples[at : at + size]))
        at += size
    return np.concatenate([*out, resampler.process(samples[at:]), resampler.flush()])


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tone_keeps_pitch_and_level(rate_hz: int) -> None:
    before = tone(rate_hz, rate_hz, 250.0)[:, 0]
    after = resample(before, rate_hz, 32_000)
    wanted = tone(32_000, 32_000, 250.0)[:, 0]
    assert len(after) == 32_000
    middle = slice(4_000, 28_000)
    assert np.abs(after[middle] - wanted[middle]).max() < 1e-4


@pytest.mark.parametrize(
    ("num_samples", "in_rate_hz", "wanted"), [(44_100, 44_100, 32_000), (3, 16_000, 6), (1, 8_000, 4), (1, 48_000, 1), (1, 96_000, 1)]
)
def test_length_follows_the_ratio_and_one_sample_is_never_lost(num_samples: int, in_rate_hz: int, wanted: int) -> None:
    out = resample(np.full(num_samples, 0.25, np.float32), in_rate_hz, 32_000)
    assert len(out) == wanted
    assert np.isfinite(out).all()


def test_less_than_one_output_sample_becomes_the_first_input_sample() -> None:
    assert resample(np.array([0.25], np.float32), 96_000, 32_000).tolist() == [0.25]


def test_equal_rates_pass_samples_through_untouched() -> None:
    samples = noise(1000)[:, 0]
    assert resample(samples, 32_000, 32_000).tobytes() == samples.tobytes()


def test_nothing_in_nothing_out() -> None:
    assert len(resample(np.zeros(0, np.float32), 48_000, 32_000)) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9_000), max_size=8), st.sampled_from(RATES_HZ), st.sampled_from([8_000, 32_000, 44_100]))
def test_blocks_of_any_sizes_give_the_same_bits(sizes: list[int], in_rate_hz: int, out_rate_hz: int) -> None:
    samples = noise(20_000)[:, 0]
    whole = resample(samples, in_rate_hz, out_rate_hz)
    assert in_blocks(samples, sizes, in_rate_hz, out_rate_hz).tobytes() == whole.tobytes()


def test_what_lies_above_the_new_limit_is_removed() -> None:
    after = resample(tone(96_000, 96_000, 20_000.0)[:, 0], 96_000, 32_000)
    assert np.abs(after[1_000:-1_000]).max() < 1e-5


@pytest.mark.parametrize("rate_hz", [0, -1, 1, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1, 2**31 - 1])
def test_rates_outside_the_limits_are_refused(rate_hz: int) -> None:
    with pytest.raises(RateError, match=str(rate_hz)):
        Resampler(rate_hz, 32_000)
    with pytest.raises(RateError, match=str(rate_hz)):
        Resampler(32_000, rate_hz)


def test_the_callers_block_may_be_reused_after_processing() -> None:
    resampler, block = Resampler(96_000, 32_000), np.array([0.25], np.float32)
    resampler.process(block)
    block[:] = 9.0
    assert resampler.flush().tolist() == [0.25]
