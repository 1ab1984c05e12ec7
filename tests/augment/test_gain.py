import json
from dataclasses import asdict

import numpy as np
import pytest

from hearken.augment.gain import DrawnGain, Gain, change_level
from hearken.errors import InputError


def test_twenty_decibels_are_a_factor_of_ten() -> None:
    samples = np.array([0.01, -0.05, 0.2], np.float32)
    changed = change_level(samples, DrawnGain(20.0))
    assert changed.dtype == np.float32
    np.testing.assert_allclose(changed, [0.1, -0.5, 2.0], rtol=1e-6)  # not clipped
    np.testing.assert_allclose(change_level(changed, DrawnGain(-20.0)), samples, rtol=1e-6)
    assert change_level(samples, DrawnGain(0.0)).tobytes() == samples.tobytes()


@pytest.mark.parametrize("num_samples", [0, 1])
def test_short_sounds(num_samples: int) -> None:
    assert change_level(np.zeros(num_samples, np.float32), DrawnGain(120.0)).tolist() == [0.0] * num_samples


def test_draws() -> None:
    assert Gain(1.0, (3.0, 3.0)).draw(np.random.default_rng(0)) == DrawnGain(3.0)
    assert Gain(0.0).draw(np.random.default_rng(0)) is None
    generator = np.random.default_rng(0)
    gains = [drawn.gain_db for drawn in (Gain(1.0).draw(generator) for _ in range(4000)) if drawn]
    assert len(gains) == 4000
    assert -7.0 <= min(gains) < -6.9 < 6.9 < max(gains) <= 7.0
    assert np.mean(gains) == pytest.approx(0.0, abs=0.25)
    drawn = Gain(1.0).draw(np.random.default_rng(7))
    assert drawn is not None
    assert DrawnGain(**json.loads(json.dumps(asdict(drawn)))) == drawn


def test_ranges_that_make_no_sense() -> None:
    with pytest.raises(InputError, match="gain_db"):
        Gain(gain_db=(1.0, -1.0))
