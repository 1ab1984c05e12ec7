"""What numbers a loss can be made with."""

from __future__ import annotations

import math

from hearken.errors import InputError


def check_positive(name: str, value: float) -> float:
    """Return `value`. Raises InputError, naming the option `name`, unless it is finite and above zero."""
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"The loss's {name} must be a number above zero, not {value}.")
    return value


def check_weight(name: str, value: float) -> float:
    """Return `value`. Raises InputError, naming the option `name`, unless it is finite and not below zero."""
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The loss's {name} must be a number of at least zero, not {value}.")
    return value
