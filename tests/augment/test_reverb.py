import numpy as np
import pytest

from hearken.augment.reverb import draw_room, reverberate

RATE_HZ = 32_000


def room(seed: int = 0, rt60_s: float = 0.5):
    return draw_room(np.random.default_rng(seed), RATE_HZ, rt60_s)


def level_db(part: np.ndarray) -> float:
    return float(10.0 * np.log10(np.square(part).mean()))


@pytest.mark.parametrize("rt60_s", [0.3, 1.0])
def test_the_echo_falls_by_sixty_decibels_in_its_time(rt60_s: float) -> None:
    response = room(rt60_s=rt60_s).response
    assert response.shape == (round(rt60_s * RATE_HZ),)
    assert response.dtype == np.float32
    early, late = (level_db(response[round(start * rt60_s * RATE_HZ) :][: round(0.05 * RATE_HZ)]) for start in (0.25, 0.75))
    assert early - late == pytest.approx(30.0, abs=3.0)


def test_treble_dies_faster() -> None:
    response = room(rt60_s=1.0).response.astype(np.float64)

    def share(part: np.ndarray) -> float:
        spectrum = np.square(np.abs(np.fft.rfft(part)))
        return float(spectrum[len(spectrum) // 2 :].sum() / spectrum.sum())

    assert share(response[20_000:28_000]) < 0.1 * share(response[2_000:10_000])


def test_energy_is_one_and_the_direct_sound_is_not_in_it() -> None:
    response = room().response
    assert float(np.square(response).sum()) == pytest.approx(1.0, abs=1e-4)
    assert not response[: round(0.004 * RATE_HZ)].any()


def test_a_click_stays_where_it_is() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[1_000] = 1.0
    wet = reverberate(click, room(), -6.0)
    assert (wet.shape, wet.dtype) == (click.shape, np.float32)
    assert wet[1_000] == pytest.approx(1.0, abs=1e-5)
    assert np.abs(wet[:1_000]).max() < 1e-6
    assert float(np.square(wet[1_001:]).sum()) == pytest.approx(10 ** (-6 / 10), rel=1e-3)


def test_the_echo_of_noise_has_its_level() -> None:
    noise = np.random.default_rng(3).standard_normal(4 * RATE_HZ).astype(np.float32)
    echo = reverberate(noise, room(), -10.0) - noise
    assert level_db(echo[RATE_HZ:]) == pytest.approx(-10.0, abs=0.5)


def test_silence_and_nothing() -> None:
    assert not reverberate(np.zeros(100, np.float32), room(), 0.0).any()
    assert len(reverberate(np.zeros(0, np.float32), room(), 0.0)) == 0


def test_rooms_are_what_the_generator_makes_them() -> None:
    assert np.array_equal(room(1).response, room(1).response)
    assert not np.array_equal(room(1).response, room(2).response)


@pytest.mark.parametrize(("rt60_s", "rate_hz"), [(0.0, 32_000), (-1.0, 32_000), (float("nan"), 32_000), (0.5, 0)])
def test_senseless_rooms(rt60_s: float, rate_hz: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        draw_room(np.random.default_rng(0), rate_hz, rt60_s)
