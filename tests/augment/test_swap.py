from collections import Counter

import numpy as np
import pytest

from hearken.augment.swap import swap

VARIATIONS = ("one", "two", "three", "four", "five")


def test_never_and_always() -> None:
    generator = np.random.default_rng(0)
    assert {swap("caption", VARIATIONS, 0.0, generator) for _ in range(200)} == {"caption"}
    assert {swap("caption", VARIATIONS, 1.0, generator) for _ in range(200)} == set(VARIATIONS)
    assert swap("caption", (), 1.0, generator) == "caption"


def test_three_in_ten_are_swapped_each_variation_as_often() -> None:
    generator = np.random.default_rng(0)
    counts = Counter(swap("caption", VARIATIONS, 0.3, generator) for _ in range(20_000))
    assert counts["caption"] / 20_000 == pytest.approx(0.7, abs=0.015)
    assert all(counts[text] / 20_000 == pytest.approx(0.06, abs=0.008) for text in VARIATIONS)


def test_a_greater_probability_swaps_the_same_and_more() -> None:
    few, many = ([swap("caption", VARIATIONS, p, np.random.default_rng(seed)) for seed in range(500)] for p in (0.2, 0.6))
    assert all(more == less for less, more in zip(few, many, strict=True) if less != "caption")
    assert sum(text != "caption" for text in many) > 1.5 * sum(text != "caption" for text in few)


def test_two_numbers_are_drawn_in_any_case() -> None:
    after = []
    for variations, probability in (((), 1.0), (VARIATIONS, 0.0), (VARIATIONS, 1.0)):
        generator = np.random.default_rng(4)
        swap("caption", variations, probability, generator)
        after.append(generator.random())
    assert len(set(after)) == 1
