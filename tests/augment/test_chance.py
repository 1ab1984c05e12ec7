import json
import math

import numpy as np
import pytest

from hearken.augment.chance import (
    check_choice,
    check_choices,
    check_number,
    check_probability,
    check_range,
    check_text,
    falls,
    seed_of,
    uniform,
)
from hearken.errors import InputError


def test_a_coin_of_one_always_falls_and_of_nought_never() -> None:
    generator = np.random.default_rng(0)
    assert all(falls(1.0, generator) for _ in range(1000))
    assert not any(falls(0.0, generator) for _ in range(1000))
    assert sum(falls(0.3, generator) for _ in range(20_000)) / 20_000 == pytest.approx(0.3, abs=0.015)


def test_every_coin_costs_one_draw() -> None:
    states = []
    for probability in (0.0, 0.5, 1.0):
        generator = np.random.default_rng(3)
        falls(probability, generator)
        states.append(generator.random())
    assert len(set(states)) == 1


def test_a_range_of_one_number_is_that_number() -> None:
    generator = np.random.default_rng(0)
    assert {uniform((0.1, 0.1), generator) for _ in range(50)} == {0.1}
    drawn = [uniform((-4.0, 8.0), generator) for _ in range(20_000)]
    assert -4.0 <= min(drawn) < -3.99 < 7.99 < max(drawn) <= 8.0
    assert np.mean(drawn) == pytest.approx(2.0, abs=0.1)
    assert np.var(drawn) == pytest.approx(12.0, rel=0.05)  # 12 ** 2 / 12


def test_seeds_survive_json_of_floats() -> None:
    generator = np.random.default_rng(0)
    seeds = [seed_of(generator) for _ in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(int(float(json.loads(json.dumps(seed)))) == seed for seed in seeds)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "0.5", None, True, (0.5,)])
def test_what_is_no_probability(value: object) -> None:
    with pytest.raises(InputError, match="probability must be a number from 0 to 1"):
        check_probability(value)


@pytest.mark.parametrize(
    "value", [(2.0, 1.0), (0.0, 11.0), (-1.0, 5.0), (1.0,), 3.0, (1.0, "2"), [1.0, 2.0], (0.0, math.inf), (False, 1.0)]
)
def test_what_is_no_range(value: object) -> None:
    with pytest.raises(InputError, match="snr_db must"):
        check_range(value, "snr_db", 0.0, 10.0)


def test_what_is_allowed() -> None:
    check_range((0.0, 10.0), "snr_db", 0.0, 10.0)
    check_range((3, 3), "snr_db")
    check_number(2, "alpha", 1.0, 3.0)
    check_choice("a", "letter", ("a", "b"))
    check_choices(("b", "a"), "letters", ("a", "b"))
    check_text("", "joint")
    with pytest.raises(InputError, match="alpha must be a number from 1 to 3, not 4"):
        check_number(4, "alpha", 1.0, 3.0)
    with pytest.raises(InputError, match="There is no letter 'c'") as raised:
        check_choice("c", "letter", ("a", "b"))
    assert raised.value.hint == "One of a, b."
    with pytest.raises(InputError, match="joint must be a text, not 3"):
        check_text(3, "joint")


@pytest.mark.parametrize("value", ["a", (), ["a"], ("a", "c"), None])
def test_what_is_no_list_of_choices(value: object) -> None:
    with pytest.raises(InputError, match="letters"):
        check_choices(value, "letters", ("a", "b"))
