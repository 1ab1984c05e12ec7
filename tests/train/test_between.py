"""Between before and after: weights on the line, and how far to go by hand-made figures."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.train.between import SHARES, between, nearest  # noqa: E402
from tests.train.small import model  # noqa: E402


@pytest.mark.parametrize("share", [0.0, *SHARES])
def test_weights_lie_on_the_line(share: float) -> None:
    before, after = model(seed=1), model(seed=2).train()
    mixed = between(before, after, share)
    assert not mixed.training
    for name, value in mixed.state_dict().items():
        first, last = before.state_dict()[name], after.state_dict()[name]
        if value.is_floating_point():
            torch.testing.assert_close(value, (1 - share) * first + share * last, atol=1e-6, rtol=1e-5)
    name = "audio_projection.weight"
    if share in (0.0, 1.0):
        assert torch.equal(mixed.state_dict()[name], (before if share == 0.0 else after).state_dict()[name])
    assert not torch.equal(before.state_dict()[name], after.state_dict()[name]), "nothing was changed in place"


def test_a_clear_best_is_taken() -> None:
    flat = np.zeros(20)
    assert nearest({0.0: flat, 0.5: flat + 0.3, 1.0: flat + 0.6}) == 1.0


def test_a_tenth_of_the_gain_is_spared() -> None:
    flat = np.zeros(20)
    assert nearest({0.0: flat, 0.25: flat + 0.89, 0.5: flat + 0.91, 1.0: flat + 1.0}) == 0.5
    assert nearest({0.0: flat + 0.95, 1.0: flat + 1.0}) == 1.0  # what is clearly better is never left for the model before


def test_of_what_is_as_good_the_nearest_is_taken() -> None:
    """0.5 is behind 1.0 by 0.01 on average; its standard error over four queries is 0.2 / sqrt(3) / 2 = 0.058."""
    best = np.array([0.8, 0.4, 0.8, 0.4])
    half = best - 0.01 + np.array([0.1, -0.1, -0.1, 0.1])
    assert nearest({0.0: best - 0.4, 0.5: half, 1.0: best}) == 0.5
    assert nearest({0.0: best - 0.05, 0.5: best - 0.01, 1.0: best}) == 1.0  # behind on every query: no luck about it


def test_what_is_no_better_than_chance_would_make_it_is_not_gone_for() -> None:
    start = np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    luck = start + np.array([0.3, -0.2, 0.1, -0.2, 0.1])
    assert nearest({0.0: start, 1.0: luck}) == 0.0


def test_one_query_says_no_more_than_its_figure() -> None:
    assert nearest({0.0: np.array([0.5]), 1.0: np.array([0.6])}) == 1.0
    assert nearest({0.0: np.array([0.6]), 1.0: np.array([0.6])}) == 0.0
