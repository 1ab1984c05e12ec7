"""The name that somebody who mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_LEAST_ALIKE = 0.6  # as difflib's own: two of three letters


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the one of `known` that is most like `name`, whatever the capitals; "" where none is like it.

    Of those that are equally like it, one of the same letters comes first (`laoin` is `laion`, not `plain`), then one that begins alike.
    """
    low = name.lower()
    found = max(((_likeness(low, each.lower()), each) for each in known), key=lambda pair: pair[0], default=((0.0, False, False), ""))
    return found[1] if found[0][0] >= _LEAST_ALIKE else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the sentence that begins a hint, with a blank behind it; "" where no name is near."""
    near = nearest(name, known)
    return f"Did you mean {near}? " if near else ""


def _likeness(one: str, other: str) -> tuple[float, bool, bool]:
    return SequenceMatcher(None, one, other).ratio(), sorted(one) == sorted(other), one[:1] == other[:1]
