from collections import Counter

import numpy as np
import pytest

from hearken.augment.scenes import Scenes
from hearken.errors import InputError


def test_never_always_and_now_and_then() -> None:
    generator = np.random.default_rng(0)
    assert {Scenes("x", 0.0).draw(3, generator) for _ in range(100)} == {None}
    assert {Scenes("x", 1.0).draw(3, generator) for _ in range(100)} == {0, 1, 2}
    assert Scenes("x", 1.0).draw(0, generator) is None
    counts = Counter(Scenes("x").draw(4, generator) for _ in range(20_000))
    assert counts[None] / 20_000 == pytest.approx(0.75, abs=0.015)
    assert all(counts[number] / 20_000 == pytest.approx(0.0625, abs=0.008) for number in range(4))


def test_the_same_seed_draws_the_same() -> None:
    one, other = ([Scenes("x").draw(9, np.random.default_rng(seed)) for seed in range(50)] for _ in range(2))
    assert one == other


def test_a_corpus_is_needed() -> None:
    with pytest.raises(InputError, match="Scenes need a corpus") as raised:
        Scenes()
    assert "hearken data compose" in raised.value.hint
    with pytest.raises(InputError, match="corpus must be a text"):
        Scenes(corpus=3)  # type: ignore[arg-type]
