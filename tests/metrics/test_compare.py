"""Two systems on the same queries: by hand, all tosses counted, and a p-value that is right under chance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.compare import paired
from hearken.metrics.confidence import bootstrap


def test_by_hand() -> None:
    found = paired([0.9, 0.5, 0.5, 0.2], [0.5, 0.5, 0.25, 0.4])
    assert found.difference.value == pytest.approx(0.45 / 4)
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.draws == 2**3, "a tie has no sign"
    assert found.p_value == pytest.approx(4 / 8), "of ±0.4 ± 0.25 ± 0.2, half are 0.45 or more away"
    assert found.effect == pytest.approx((3 + 2 - 1) / 6)


def test_equal_differences_share_the_mean_of_their_ranks() -> None:
    found = paired([0.5, 0.5, 0.0, 0.75], [0.25, 0.25, 0.25, 0.25])
    assert found.effect == pytest.approx((2 + 2 + 4 - 2) / 10), "of +1/4, +1/4, -1/4 and +1/2 the first three share the rank 2"


def test_what_differs_by_rounding_alone_is_a_tie() -> None:
    ours, theirs = np.mean([[0.1], [0.2], [0.3]], axis=0), np.mean([[0.3], [0.2], [0.1]], axis=0)
    assert ours[0] != theirs[0]
    found = paired([*ours, 0.5], [*theirs, 0.25])
    assert (found.wins, found.ties, found.losses, found.draws) == (1, 1, 0, 2)
    assert paired([1e-9], [0.0]).wins == 1, "what is small is no rounding"


def test_all_tosses_are_those_of_a_product() -> None:
    random = np.random.default_rng(1)
    ours, theirs, clusters = random.random(24), random.random(24), np.arange(24) // 3
    sums = (ours - theirs).reshape(8, 3).sum(axis=1)
    totals = np.array([np.dot(signs, sums) for signs in itertools.product([-1, 1], repeat=8)])
    found = paired(ours, theirs, clusters)
    assert found.draws == 256
    assert found.p_value == pytest.approx((np.abs(totals) >= abs(sums.sum()) - 1e-9).mean())


def test_drawn_tosses_are_near_all_of_them() -> None:
    random = np.random.default_rng(2)
    ours, theirs = random.random(12) + 0.15, random.random(12)
    every, some = paired(ours, theirs), paired(ours, theirs, draws=4_000)
    assert (every.draws, some.draws) == (4096, 4000)
    assert some.p_value == pytest.approx(every.p_value, abs=0.03)


def test_the_interval_is_that_of_the_differences() -> None:
    random = np.random.default_rng(3)
    ours, theirs, clusters = random.random(30), random.random(30), np.arange(30) // 5
    assert paired(ours, theirs, clusters, seed=4).difference == bootstrap(ours - theirs, clusters, seed=4)


def test_either_way_about() -> None:
    random = np.random.default_rng(4)
    ours, theirs = random.random(40), random.random(40)
    there, back = paired(ours, theirs), paired(theirs, ours)
    assert (there.difference.value, there.effect, there.p_value) == pytest.approx((-back.difference.value, -back.effect, back.p_value))
    assert (there.wins, there.losses) == (back.losses, back.wins)
    assert there == paired(ours, theirs)
    assert there != paired(ours, theirs, seed=1)


def test_the_same_system_is_no_better() -> None:
    found = paired([0.1, 0.7], [0.1, 0.7])
    assert (found.p_value, found.effect, found.ties) == (1.0, 0.0, 2)


@pytest.mark.parametrize(("ours", "effect"), [(1.0, 1.0), (-1.0, -1.0)])
def test_always_better_is_all_the_evidence(ours: float, effect: float) -> None:
    found = paired(np.full(30, ours), np.zeros(30))
    assert found.effect == effect
    assert found.p_value == pytest.approx(1 / 10_001)


def test_captions_that_agree_are_no_more_evidence_than_one() -> None:
    random = np.random.default_rng(5)
    ours, theirs = random.random(10) + 0.2, random.random(10)
    once = paired(ours, theirs)
    five = paired(np.repeat(ours, 5), np.repeat(theirs, 5), np.repeat(np.arange(10), 5))
    assert (five.p_value, five.effect, five.difference.low) == pytest.approx((once.p_value, once.effect, once.difference.low))
    assert paired(np.repeat(ours, 5), np.repeat(theirs, 5)).p_value < five.p_value


def test_under_chance_one_in_twenty_is_below_five_percent() -> None:
    random = np.random.default_rng(6)
    clusters = np.arange(60) // 3
    p_values = []
    for _ in range(400):
        shared, each = random.standard_normal(20)[clusters], random.standard_normal((2, 60))
        p_values.append(paired(each[0] + shared, each[1], clusters, draws=200).p_value)
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="values of 2 and of 3"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="at least one draw"):
        paired([1.0], [1.0], draws=0)
    with pytest.raises(InputError, match="finite"):
        paired([1.0, np.nan], [1.0, 1.0])
