import numpy as np
import pytest

from hearken.data.scenes.measure import count_bursts, measure
from tests.data.scenes.small_sounds import RATE_HZ, noise, silence, tone


def found(*parts: np.ndarray, whole: bool = False):
    return measure(np.concatenate(parts).astype(np.float32), RATE_HZ, whole=whole)


def test_onset_and_offset_are_those_of_the_sound() -> None:
    it = found(silence(0.5), tone(700, 0.4), silence(0.6))
    assert it.onset_s == pytest.approx(0.5, abs=0.011)
    assert it.offset_s == pytest.approx(0.9, abs=0.021)
    assert (it.start_s, it.duration_s) == (pytest.approx(it.onset_s - 0.02), 1.5)
    assert it.end_s == pytest.approx(it.offset_s + 0.3)
    assert it.num_bursts == 1
    assert it.active_share == 1.0


def test_the_edges_of_a_file_are_the_limits() -> None:
    it = found(tone(700, 0.5))
    assert (it.onset_s, it.start_s) == (0.0, 0.0)
    assert it.offset_s == it.end_s == pytest.approx(0.5)


def test_a_long_pause_parts_two_sounds_and_the_stronger_is_taken() -> None:
    parts = (tone(700, 0.3, 0.1), silence(1.0), tone(700, 0.3, 0.5), silence(0.3), tone(700, 0.2, 0.5), silence(1.0))
    it = found(*parts)
    assert it.onset_s == pytest.approx(1.3, abs=0.011)
    assert it.offset_s == pytest.approx(2.1, abs=0.021)
    assert it.num_bursts == 2
    assert found(*parts, whole=True).onset_s == 0.0


def test_what_is_kept_behind_a_sound_does_not_reach_the_next() -> None:
    it = found(tone(700, 0.8), silence(0.7), tone(900, 0.1))
    assert it.end_s < 1.5


def test_noise_below_is_no_sound() -> None:
    it = found(0.02 * noise(1.0), tone(700, 0.5), 0.02 * noise(1.0))
    assert it.onset_s == pytest.approx(1.0, abs=0.021)
    assert it.offset_s == pytest.approx(1.5, abs=0.021)


def test_steadiness_and_loudness() -> None:
    steady, pulsed = found(noise(3.0)), found(*[tone(700, 0.3, level) for level in (0.5, 0.05) * 5])
    assert steady.spread_db < 1.0
    assert pulsed.spread_db == pytest.approx(20.0, abs=0.5)
    assert found(tone(997, 1.0, 1.0)).loudness_db == pytest.approx(-3.0, abs=0.1)


def test_silence_and_one_sample_can_be_measured() -> None:
    assert found(silence(1.0)).peak_db == -120.0
    assert measure(np.ones(1, np.float32), RATE_HZ).duration_s == 1 / RATE_HZ


@pytest.mark.parametrize(
    ("levels", "bursts"),
    [([-10] * 5, 1), ([-10, -10, -40, -40, -10, -10], 2), ([-10, -10, -15, -15, -10, -10], 1), ([-10, -10, -60, -60, -35, -35], 1),
     ([-60, -60, -10, -10, -60, -60], 1), ([-10, -40, -40, -40, -12, -40, -40, -40, -14], 3)],
)  # fmt: skip
def test_bursts(levels: list[float], bursts: int) -> None:
    assert count_bursts(np.repeat(np.array(levels, float), 4)) == bursts
