"""What random transforms share: checks of their ranges, and the coin.

Every transform is drawn first, as plain numbers, and then applied by a pure function. It draws all its numbers before it asks
the coin, so a generator that several transforms share is in the same state afterwards, whatever the coin said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from hearken.errors import InputError

Range = tuple[float, float]


def check_number(value: object, name: str, least: float, most: float) -> None:
    """Raise InputError unless `value` is a number from `least` to `most`."""
    if not _is_number(value) or not least <= value <= most:
        raise InputError(f"{name} must be a number from {least:g} to {most:g}, not {value!r}.")


def check_probability(value: object, name: str = "probability") -> None:
    """Raise InputError unless `value` is a number from 0 to 1."""
    check_number(value, name, 0.0, 1.0)


def check_choice(value: object, name: str, known: Sequence[object]) -> None:
    """Raise InputError unless `value` is one of the `known`."""
    if value not in known:
        raise InputError(f"There is no {name} {value!r}.", f"One of {', '.join(map(str, known))}.")


def check_choices(value: object, name: str, known: Sequence[object]) -> None:
    """Raise InputError unless `value` is a tuple of some of the `known`."""
    if not isinstance(value, tuple) or not value:
        raise InputError(f"{name} must be a list of some of these: {', '.join(map(str, known))}; not {value!r}.")
    for each in value:
        check_choice(each, name, known)


def check_text(value: object, name: str) -> None:
    """Raise InputError unless `value` is a text."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a text, not {value!r}.")


def check_range(value: object, name: str, least: float = -math.inf, most: float = math.inf) -> None:
    """Raise InputError unless `value` is a tuple of two finite numbers in order, from `least` to `most`."""
    if not (isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value))):
        raise InputError(f"{name} must be two numbers, the smaller first, not {value!r}.")
    low, high = value
    if not least <= low <= high <= most:
        raise InputError(f"{name} must go from a smaller to a larger number within {least:g} and {most:g}, not {value!r}.")


def falls(probability: float, generator: np.random.Generator) -> bool:
    """Draw a coin that says yes with `probability`: always with 1, never with 0."""
    return bool(generator.random() < probability)


def uniform(value: Range, generator: np.random.Generator) -> float:
    """Draw a number of the range; where both ends are the same, it is that number."""
    low, high = value
    return float(low + (high - low) * generator.random())


def seed_of(generator: np.random.Generator) -> int:
    """Draw a seed (below 2 ** 53, so that any JSON reader keeps it) for what is too long to be written down."""
    return int(generator.integers(1 << 53))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
