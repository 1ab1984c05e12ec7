"""Sounds one after the other, and at the same time, and what is said of them.

Sequences are made of features rather than of samples: the features of a dog and then of a car are, but for the seam, those
of the dog followed by those of the car. So both orders of a pair cost no pass of the audio tower at all.

Legend: `K` feature frames, `C` feature channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Key = tuple[str, ...]
"""What a sound is, whatever the words: a caption alone, or ("and" | "then", caption, caption ...)."""

_THEN = (
    "{a}, then {b}", "{a} then {b}", "{a} and then {b}", "{a}, followed by {b}", "{a} followed by {b}", "first {a}, then {b}",
    "{a}, after that {b}", "{a}, and after that {b}", "{a} before {b}", "before {b}, {a}", "{b} after {a}", "after {a}, {b}",
    "{a}. Then {b}", "{a}, finally {b}", "first {a} and later {b}", "{a}, and later on {b}",
)  # fmt: skip
_AND = (
    "{a} and {b}", "{a} while {b}", "{a} as {b}", "{a} with {b}", "{a} and at the same time {b}", "{a} with {b} in the background",
    "{a}, {b}", "{a} over {b}",
)  # fmt: skip


@dataclass(frozen=True)
class Phrases:
    """Ways to say each caption: `others` holds what was found beside the caption itself; a share `own` is said as it stands."""

    others: dict[str, tuple[str, ...]]
    own: float = 0.5

    def say(self, caption: str, generator: np.random.Generator) -> str:
        """Return the caption or another way to say it."""
        others = self.others.get(caption, ())
        if not others or generator.random() < self.own:
            return caption
        return others[int(generator.integers(len(others)))]

    def say_key(self, key: Key, generator: np.random.Generator) -> str:
        """Return a text for `key`."""
        if len(key) == 1:
            return self.say(key[0], generator)
        parts = [inner(self.say(caption, generator)) for caption in key[1:]]
        if key[0] == "and":
            if generator.random() < 0.5:
                parts.reverse()
            return sentence(_AND[int(generator.integers(len(_AND)))].format(a=parts[0], b=parts[1]))
        text = parts[0]
        for part in parts[1:]:
            text = _THEN[int(generator.integers(len(_THEN)))].format(a=text, b=part)
        return sentence(text)


def inner(caption: str) -> str:
    """Return a caption as it stands within a sentence."""
    bare = caption.strip().rstrip(".!")
    is_initials = len(bare) > 1 and bare[:2].isalpha() and bare[:2].isupper()
    return bare if is_initials else bare[:1].lower() + bare[1:]


def sentence(text: str) -> str:
    """Return `text` as a sentence."""
    return text[:1].upper() + text[1:] + "."


def pairs(keys: Sequence[Key], count: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Return `count` pairs of places of `keys`, each of two single sounds with different captions."""
    single = [place for place, key in enumerate(keys) if len(key) == 1]
    found: list[tuple[int, int]] = []
    for _ in range(10 * count):
        one, two = (int(place) for place in generator.choice(single, 2, replace=False))
        if keys[one] != keys[two]:
            found.append((one, two))
        if len(found) == count:
            break
    return found


def overlooks(row: Key, column: Key, alike: frozenset[frozenset[str]] = frozenset()) -> bool:
    """Tell whether a sound `row` may well be meant by a text `column`, or the other way round, though they are not the same.

    A dog that barks behind rain is no counter-example to "a dog barks", nor are captions that are `alike`, such as "Birds sing." and
    "A bird is singing.". Two orders of the same sounds are one.
    """
    if row == column or row[0] == column[0] == "then":
        return False
    if len(row) == len(column) == 1:
        return frozenset((*row, *column)) in alike
    some, others = set(row[1:] or row), set(column[1:] or column)
    return some < others or others < some
