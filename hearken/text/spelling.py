"""Typing errors: what a word that does not exist was most likely meant to be.

The channel is that of a keyboard: letters left out, doubled, swapped with their neighbour, or hit beside the right key; the
source is how often captions of sounds use a word (Kernighan, Church and Gale 1990, with fixed costs in place of learnt ones).
The distance is the restricted Damerau-Levenshtein one (optimal string alignment) with these costs. A word that exists is
never changed, whatever stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from hearken.text.dictionary import Dictionary
from hearken.text.stop_words import STOP_WORDS

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SWAP, _BESIDE, _REPEAT = 0.7, 0.8, 0.5
_FIRST = 0.35
"""What a slip in the first letter costs more: people notice it."""
_SLIP_COST = 2.2
"""What one slip weighs against a tenfold frequency."""
_STOP_COST = 1.3
"""Words such as "and" are frequent everywhere, and wrong ones cost the most: they drop what was said."""
_MIN_LETTERS = 3
_LONG = 7  # letters from which on a word may have two slips
_SHORT_COUNT = 15  # words of three letters are so close together that only common ones are offered
_SPLIT_SLIPS = 1.1
_MIN_PART = 3


def _neighbours() -> frozenset[tuple[str, str]]:
    """Pairs of keys that touch, in both orders."""
    beside = [pair for row in _ROWS for pair in pairwise(row)]
    above = [(a, b) for upper, lower in pairwise(_ROWS) for i, a in enumerate(upper) for b in lower[max(0, i - 1) : i + 1]]
    return frozenset(pair for a, b in beside + above for pair in ((a, b), (b, a)))


_TOUCHING = _neighbours()


def slips(typed: str, meant: str, most: float) -> float:
    """Return how many slips lead from `meant` to `typed`, or infinity where it is more than `most`.

    A letter left out, added or replaced is one slip; less are two neighbours swapped (0.7), the key beside (0.8), a letter
    doubled or not doubled (0.5).
    """
    before: list[float] = []
    row: list[float] = [float(index) for index in range(len(meant) + 1)]
    for i, letter in enumerate(typed, 1):
        last, before, row = before, row, [float(i)]
        for j, wanted in enumerate(meant, 1):
            change = 0.0 if letter == wanted else (_BESIDE if (letter, wanted) in _TOUCHING else 1.0)
            added = _REPEAT if i > 1 and letter == typed[i - 2] else 1.0
            left_out = _REPEAT if j > 1 and wanted == meant[j - 2] else 1.0
            cost = min(before[j - 1] + change, before[j] + added, row[j - 1] + left_out)
            if i > 1 and j > 1 and letter == meant[j - 2] and wanted == typed[i - 2] and letter != wanted:
                cost = min(cost, last[j - 2] + _SWAP)
            row.append(cost)
        if min(row) > most:
            return math.inf
    return row[-1] if row[-1] <= most else math.inf


@lru_cache(maxsize=4096)
def correct(word: str, dictionary: Dictionary) -> str | None:
    """Return what `word` (lower-case letters) was most likely meant to be, two words where a space was forgotten; None if it stays.

    Stays: what exists, what is shorter than three letters, and what nothing of the kind is close to. Two slips are looked for
    in long words alone, and where one explains nothing.
    """
    if len(word) < _MIN_LETTERS or not (word.isascii() and word.isalpha()) or dictionary.knows(word):
        return None
    plural = word[:-2] + "ies"
    if word.endswith("ys") and plural in dictionary.counts:
        return plural
    best, score = _best(word, dictionary.near(word, 1, same_start=False), 1.0, dictionary)
    split = _split(word, dictionary, score)
    if split or best or len(word) < _LONG:
        return split or best
    return _best(word, dictionary.near(word, 2, same_start=True), 2.0, dictionary)[0]


def _best(word: str, others: Iterable[str], most: float, dictionary: Dictionary) -> tuple[str | None, float]:
    """Return the likeliest of `others` within `most` slips of `word`, with its score."""
    best, best_score = None, -math.inf
    for other in others:
        count = dictionary.counts[other]
        if len(other) == 1 or (len(word) == _MIN_LETTERS and count < _SHORT_COUNT):
            continue
        number = slips(word, other, most) + _FIRST * (word[0] != other[0])
        score = math.log10(count) - _SLIP_COST * number - _STOP_COST * (other in STOP_WORDS)
        if score > best_score:
            best, best_score = other, score
    return best, best_score


def _split(word: str, dictionary: Dictionary, least: float) -> str | None:
    """Return `word` as two words of captions, if that is likelier than `least`."""
    found = None
    for place in range(_MIN_PART, len(word) - _MIN_PART + 1):
        counts = [dictionary.counts.get(part, 0) for part in (word[:place], word[place:])]
        score = math.log10(max(min(counts), 1)) - _SLIP_COST * _SPLIT_SLIPS
        if min(counts) >= _SHORT_COUNT and score > least:
            found, least = f"{word[:place]} {word[place:]}", score
    return found
