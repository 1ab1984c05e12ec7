"""Numbers that a loss can be made with."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.errors import InputError  # noqa: E402
from hearken.losses.checks import check_positive, check_weight  # noqa: E402


def test_good_ones_come_back() -> None:
    assert (check_positive("margin", 0.2), check_weight("margin", 0)) == (0.2, 0)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_bad_ones_are_named(value: float) -> None:
    for check in (check_positive, check_weight):
        with pytest.raises(InputError, match=f"margin must be .*{value}"):
            check("margin", value)


def test_zero_is_a_weight_and_not_above_zero() -> None:
    with pytest.raises(InputError, match="above zero"):
        check_positive("temperature", 0)
