import numpy as np
import pytest

from hearken.data.scenes.loudness import QUIETEST_DB, _filtered, _filters, fast_size, frame_levels_db, k_weighted, loudness_db


def sine(hz: float, rate_hz: int, duration_s: float = 2.0, level: float = 1.0) -> np.ndarray:
    return (level * np.sin(2.0 * np.pi * hz * np.arange(round(duration_s * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 32_000, 44_100, 48_000])
def test_full_scale_sine_has_the_level_of_the_standard(rate_hz: int) -> None:
    assert loudness_db(sine(997.0, rate_hz), rate_hz) == pytest.approx(-3.01, abs=0.06)


def test_the_filters_are_those_of_the_standard() -> None:
    shelf, high_pass = _filters(48_000)  # ITU-R BS.1770-4, tables 1 and 2
    assert np.array(shelf[0]) / shelf[1][0] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-7)
    assert np.array(shelf[1]) / shelf[1][0] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-7)
    assert high_pass[0] == [1.0, -2.0, 1.0]
    assert high_pass[1] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-7)


def test_bass_weighs_less_and_treble_more() -> None:
    middle = loudness_db(sine(997.0, 48_000), 48_000)
    assert loudness_db(sine(25.0, 48_000), 48_000) < middle - 8.0
    assert loudness_db(sine(8_000.0, 48_000), 48_000) == pytest.approx(middle + 3.3, abs=0.3)


def test_level_is_linear_and_pauses_do_not_count() -> None:
    loud = sine(997.0, 32_000)
    assert loudness_db(0.1 * loud, 32_000) == pytest.approx(loudness_db(loud, 32_000) - 20.0, abs=0.01)
    with_pause = np.concatenate([loud, np.zeros(64_000, np.float32)])
    assert loudness_db(with_pause, 32_000) == pytest.approx(loudness_db(loud, 32_000), abs=0.1)


def test_short_sounds_are_as_loud_as_long_ones() -> None:
    assert loudness_db(sine(997.0, 32_000, 0.06), 32_000) == pytest.approx(-3.0, abs=1.0)


def test_silence() -> None:
    assert loudness_db(np.zeros(3_200, np.float32), 32_000) == pytest.approx(QUIETEST_DB, abs=1.0)


def test_weighting_neither_delays_nor_wraps() -> None:
    click = np.zeros(4_000, np.float32)
    click[100] = 1.0
    weighted = k_weighted(click, 32_000)
    assert weighted.shape == (4_000,)
    assert np.argmax(np.abs(weighted)) == 100
    assert np.abs(weighted[:100]).max() < 1e-4


def test_long_sounds_are_filtered_in_pieces_that_fit_together() -> None:
    noise = np.random.default_rng(0).standard_normal((1 << 20) + 50_000).astype(np.float32)
    whole = _filtered(noise, 48_000, 4_800)
    assert np.abs(k_weighted(noise, 48_000) - whole).max() < 1e-4


def test_frame_levels() -> None:
    samples = np.concatenate([np.zeros(320), np.full(320, 0.5)]).astype(np.float32)
    levels = frame_levels_db(samples, 16_000)
    assert levels == pytest.approx([-120.0, -9.03, -6.02], abs=0.01)
    assert len(frame_levels_db(np.ones(1, np.float32), 16_000)) == 1


@pytest.mark.parametrize(("size", "fast"), [(1, 1), (7, 8), (11, 12), (97, 100), (1_025, 1_080), (65_537, 70_000)])
def test_fast_sizes(size: int, fast: int) -> None:
    found = fast_size(size)
    assert size <= found <= fast
    for factor in (2, 3, 5):
        while found % factor == 0:
            found //= factor
    assert found == 1
