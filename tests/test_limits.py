"""The table of limits: complete, and the constants are its values."""

from __future__ import annotations

from hearken import limits


def test_names_are_unique_and_explained() -> None:
    assert len({limit.name for limit in limits.TABLE}) == len(limits.TABLE) >= 15
    assert all(limit.value > 0 and limit.unit and limit.help for limit in limits.TABLE)


def test_every_row_is_a_constant_and_every_constant_a_row() -> None:
    constants = {name: value for name, value in vars(limits).items() if name.isupper() and isinstance(value, int)}
    assert constants == {limit.name.upper(): limit.value for limit in limits.TABLE}


def test_ranges_are_not_empty() -> None:
    assert limits.MIN_RATE_HZ < limits.MAX_RATE_HZ
    assert limits.MAX_CHANNELS >= 2
    assert limits.MAX_DURATION_S == 24 * 3_600
