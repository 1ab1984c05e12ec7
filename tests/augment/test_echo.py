import json
from dataclasses import asdict

import numpy as np
import pytest

from hearken.augment.echo import DrawnEcho, Reverb, add_echo
from hearken.augment.reverb import draw_room, reverberate
from hearken.errors import InputError

RATE_HZ = 16_000


def noise(num_samples: int = 32_000) -> np.ndarray:
    return (0.1 * np.random.default_rng(9).standard_normal(num_samples)).astype(np.float32)


def test_it_is_the_drawn_room() -> None:
    echo = DrawnEcho(0.4, -6.0, seed=3)
    wanted = reverberate(noise(), draw_room(np.random.default_rng(3), RATE_HZ, 0.4), -6.0)
    assert add_echo(noise(), RATE_HZ, echo).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("wet_db", [-15.0, 0.0])
def test_the_echo_of_noise_has_the_drawn_level(wet_db: float) -> None:
    added = add_echo(noise(160_000), RATE_HZ, DrawnEcho(0.3, wet_db, seed=1)) - noise(160_000)
    ratio = np.square(added, dtype=np.float64).mean() / np.square(noise(160_000), dtype=np.float64).mean()
    assert 10.0 * np.log10(ratio) == pytest.approx(wet_db, abs=0.3)


@pytest.mark.parametrize("num_samples", [0, 1, 100])
def test_length_type_and_silence_stay(num_samples: int) -> None:
    silence = add_echo(np.zeros(num_samples, np.float32), RATE_HZ, DrawnEcho(1.0, 0.0, seed=0))
    assert silence.shape == (num_samples,)
    assert silence.dtype == np.float32
    assert not silence.any()


def test_draws() -> None:
    fixed = Reverb(1.0, (0.5, 0.5), (-3.0, -3.0)).draw(np.random.default_rng(0))
    assert fixed is not None
    assert (fixed.rt60_s, fixed.wet_db) == (0.5, -3.0)
    assert DrawnEcho(**json.loads(json.dumps(asdict(fixed)))) == fixed
    generator = np.random.default_rng(0)
    drawn = [Reverb().draw(generator) for _ in range(2000)]
    echoes = [echo for echo in drawn if echo]
    assert len(echoes) / 2000 == pytest.approx(0.5, abs=0.04)
    assert all(0.2 <= echo.rt60_s <= 1.0 and -15.0 <= echo.wet_db <= 0.0 for echo in echoes)
    assert len({echo.seed for echo in echoes}) == len(echoes)
    assert abs(np.corrcoef([echo.rt60_s for echo in echoes], [echo.wet_db for echo in echoes])[0, 1]) < 0.1


@pytest.mark.parametrize("options", [{"rt60_s": (0.0, 1.0)}, {"rt60_s": (1.0, 0.5)}, {"wet_db": (0.0, 60.0)}, {"probability": -1.0}])
def test_ranges_that_make_no_sense(options: dict) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        Reverb(**options)
