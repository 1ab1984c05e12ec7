import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.augment.noise import DrawnNoise, Noise, add_noise
from hearken.errors import InputError

ALWAYS_AT_12 = Noise(probability=1.0, snr_db=(12.0, 12.0))


def tone(num_samples: int = 32_000) -> np.ndarray:
    return (0.3 * np.sin(0.05 * np.arange(num_samples))).astype(np.float32)


def measured_db(clean: np.ndarray, noisy: np.ndarray) -> float:
    return float(10.0 * np.log10(np.square(clean, dtype=np.float64).mean() / np.square(noisy - clean, dtype=np.float64).mean()))


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 20.0])
def test_the_ratio_is_the_one_drawn(snr_db: float) -> None:
    noisy = add_noise(tone(), DrawnNoise(snr_db, seed=5))
    assert measured_db(tone(), noisy) == pytest.approx(snr_db, abs=0.01)


def test_at_20_db_the_noise_has_a_tenth_of_the_amplitude() -> None:
    square = np.array([0.5, -0.5, 0.5, -0.5], np.float32)
    noise = add_noise(square, DrawnNoise(20.0, seed=1)) - square
    assert float(np.sqrt(np.square(noise).mean())) == pytest.approx(0.05, rel=1e-5)


def test_the_noise_is_white_and_gaussian() -> None:
    noise = add_noise(tone(200_000), DrawnNoise(0.0, seed=2)) - tone(200_000)
    low, high = np.split(np.square(np.abs(np.fft.rfft(noise)))[:100_000], 2)
    assert low.mean() / high.mean() == pytest.approx(1.0, abs=0.03)
    assert (np.abs(noise / noise.std()) < 1.0).mean() == pytest.approx(0.6827, abs=0.005)
    assert abs(np.corrcoef(noise, tone(200_000))[0, 1]) < 0.01


def test_silence_stays_silence_and_nothing_stays_nothing() -> None:
    drawn = DrawnNoise(-120.0, seed=0)
    assert not add_noise(np.zeros(50, np.float32), drawn).any()
    assert len(add_noise(np.zeros(0, np.float32), drawn)) == 0
    assert np.isfinite(add_noise(np.full(9, 1e-30, np.float32), drawn)).all()


def test_one_sample_and_its_type() -> None:
    noisy = add_noise(np.array([0.5], np.float32), DrawnNoise(0.0, seed=0))
    assert noisy.dtype == np.float32
    assert float(abs(noisy[0] - 0.5)) == pytest.approx(0.5)


def test_nothing_is_clipped_and_the_argument_stays() -> None:
    loud = np.ones(1000, np.float32)
    assert add_noise(loud, DrawnNoise(0.0, seed=0)).max() > 1.5
    assert (loud == 1.0).all()


@given(st.integers(0, 2**32))
def test_a_draw_can_be_written_down_and_applied_again(seed: int) -> None:
    drawn = ALWAYS_AT_12.draw(np.random.default_rng(seed))
    assert drawn is not None
    assert drawn.snr_db == 12.0
    again = DrawnNoise(**json.loads(json.dumps(asdict(drawn))))
    assert add_noise(tone(500), drawn).tobytes() == add_noise(tone(500), again).tobytes()


def test_how_often_and_how_loud() -> None:
    generator = np.random.default_rng(0)
    drawn = [Noise().draw(generator) for _ in range(4000)]
    ratios = [each.snr_db for each in drawn if each]
    assert len(ratios) / 4000 == pytest.approx(0.5, abs=0.03)
    assert np.mean(ratios) == pytest.approx(22.5, abs=1.0)
    assert 5.0 <= min(ratios) < 6.0 < 39.0 < max(ratios) <= 40.0
    assert all(Noise(0.0).draw(generator) is None for _ in range(100))
    assert all(Noise(1.0).draw(generator) for _ in range(100))


def test_the_coin_does_not_change_what_follows() -> None:
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    Noise(0.0).draw(one)
    Noise(1.0).draw(other)
    assert one.random() == other.random()


def test_ranges_that_make_no_sense() -> None:
    with pytest.raises(InputError, match="snr_db"):
        Noise(snr_db=(30.0, 5.0))
    with pytest.raises(InputError, match="probability"):
        Noise(probability=2.0)
