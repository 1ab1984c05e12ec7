"""Which words there are: those that captions of sounds are made of, with how often, and the rest of English.

The lists lie in `hearken/assets/words`, whose SOURCE.md names sources and licences; `recipes/word_list.py` makes them. A word is
known when it is in either, or a regular form of one that is. Only words of captions are offered as corrections: whoever
searches sounds hardly means "dor" or "brig".

Legend: `N` words of captions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearken.text.inflect import readings
from hearken.text.stop_words import STOP_WORDS

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "words"
_LETTERS = 26
_ENDINGS = (("ily", "y"), ("ly", ""), ("ly", "le"), ("less", ""), ("ness", ""), ("iness", "y"), ("like", ""))
_BEGINNINGS = (
    "anti",
    "hyper",
    "inter",
    "mega",
    "micro",
    "mini",
    "multi",
    "non",
    "over",
    "pre",
    "re",
    "semi",
    "sub",
    "super",
    "ultra",
    "un",
    "under",
)
_MIN_STEM = 4


class Dictionary:
    """Words of captions with their `counts`, and what gives the rest of English when a word is met that no caption has."""

    def __init__(self, counts: Mapping[str, int], others: Callable[[], Collection[str]] = frozenset) -> None:
        self.counts = dict(counts)
        self._read_others = others
        self._words = list(self.counts)

    def knows(self, word: str) -> bool:
        """Is `word` (lower case) a word, a regular form of one, or one with a usual beginning or ending ("choppily", "crunchy", "nonstop")?"""
        return word in self.counts or word in STOP_WORDS or any(self._has(base) for base in _bases(word)) or self._describes(word)

    def near(self, word: str, num_slips: int, *, same_start: bool) -> list[str]:
        """Return the words of captions that may be `num_slips` slips away from `word`: a quick and generous choice.

        A slip leaves out at most one letter and adds at most one; words that lack more, or have more besides, are left out
        (the bag distance of Bartolini et al. 2002). With `same_start`, the first letter must be right.
        """
        change = self._bags - _bags([word])[0]
        close = (np.maximum(change, 0).sum(axis=1) <= num_slips) & (np.minimum(change, 0).sum(axis=1) >= -num_slips)
        found = (self._words[index] for index in np.flatnonzero(close))
        return [other for other in found if not same_start or other[0] == word[0]]

    def _describes(self, word: str) -> bool:
        """Is `word` an adjective made of a word ("crunchy", "noisy", "echoey", "yappy")? "Realy" is none, but lacks the l of an adverb."""
        stem = word.removesuffix("y")
        if stem == word or len(stem) < _MIN_STEM or self._has(f"{stem}ly"):
            return False
        bases = [stem, f"{stem}e", stem.removesuffix("e")]
        if stem[-1] == stem[-2] != stem[-3]:
            bases.append(stem[:-1])
        return any(self._has(base) for base in bases)

    def _has(self, word: str) -> bool:
        return word in self.counts or word in self._others

    @cached_property
    def _others(self) -> Collection[str]:
        return self._read_others()

    @cached_property
    def _bags(self) -> NDArray[np.int16]:
        """How often each letter is in each word, (N, 26)."""
        return _bags(self._words)


def _bags(words: list[str]) -> NDArray[np.int16]:
    """How often each of the letters a to z is in each of `words`, (len(words), 26)."""
    codes = np.frombuffer("".join(words).encode("ascii", "replace"), np.uint8).astype(np.int64) - ord("a")
    owners = np.repeat(np.arange(len(words)), [len(word) for word in words])
    letters = (codes >= 0) & (codes < _LETTERS)
    counts = np.bincount(owners[letters] * _LETTERS + codes[letters], minlength=len(words) * _LETTERS)
    return counts.reshape(len(words), _LETTERS).astype(np.int16)


def _bases(word: str) -> Iterator[str]:
    """What `word` may be made of, itself first."""
    yield from (reading.base for reading in readings(word))
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            yield word.removesuffix(ending) + instead
    for beginning in _BEGINNINGS:
        if word.startswith(beginning) and len(word) - len(beginning) >= _MIN_STEM:
            yield from (reading.base for reading in readings(word.removeprefix(beginning)))


@lru_cache(maxsize=1)
def english() -> Dictionary:
    """Return the dictionary that is shipped; the rest of English (half a megabyte) is read when it is first needed."""
    lines = (FOLDER / "sounds.txt").read_text(encoding="utf-8").split()
    counts = dict(zip(lines[::2], map(int, lines[1::2]), strict=True))
    return Dictionary(counts, lambda: frozenset((FOLDER / "english.txt").read_text(encoding="utf-8").split()))
