"""WavCaps' loss by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.regularizer import regularizer  # noqa: E402
from hearken.losses.soft_target import SoftTarget  # noqa: E402
from tests.losses.some_pairs import pairs_of  # noqa: E402
from tests.losses.test_nt_xent import SCORES  # noqa: E402


def test_by_hand() -> None:
    pairs = pairs_of(SCORES, [7, 7, 8])
    plain = (math.log(2) + math.log(4) + math.log(4 / 3)) / 3
    assert SoftTarget(regularize=False)(pairs).item() == pytest.approx(plain)
    spread = (2 * math.log(2) + math.log(6)) / 9 / math.hypot(math.log(2), math.log(2), math.log(6)) + 1 / 3 / math.sqrt(3)
    assert SoftTarget()(pairs).item() == pytest.approx(plain + spread)
    assert regularizer(pairs).item() == pytest.approx(spread)
