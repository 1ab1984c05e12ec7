"""What is said of a sound, of sounds at the same time, and of sounds one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Key = tuple[str, ...]
"""What a sound is, whatever the words: a caption alone, or ("and" | "then", caption, caption ...)."""

_THEN = (
    "{a}, then {b}", "{a} then {b}", "{a} and then {b}", "{a}, followed by {b}", "{a} followed by {b}", "first {a}, then {b}",
    "{a}, after that {b}", "{a}, and after that {b}", "{a} before {b}", "before {b}, {a}", "{b} after {a}", "after {a}, {b}",
    "{a}. Then {b}", "{a}, finally {b}", "first {a} and later {b}", "{a}, and later on {b}",
)  # fmt: skip


@dataclass(frozen=True)
class Phrases:
    """Ways to say each caption: `others` holds what was found beside the caption itself; a share `own` is said as it stands."""

    others: dict[str, tuple[str, ...]]
    own: float = 0.5

    def say(self, caption: str, generator: np.random.Generator) -> str:
        """Return the caption or another way to say it."""
        return caption if generator.random() < self.own else self.other(caption, generator)

    def other(self, caption: str, generator: np.random.Generator) -> str:
        """Return another way to say the caption, or the caption where there is none."""
        others = self.others.get(caption, ())
        return others[int(generator.integers(len(others)))] if others else caption

    def say_key(self, key: Key, generator: np.random.Generator) -> str:
        """Return a text for `key`."""
        if len(key) == 1:
            return self.say(key[0], generator)
        parts = [inner(self.say(caption, generator)) for caption in key[1:]]
        if key[0] == "and":
            return sentence(" and ".join(parts))
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
