"""The stem of an English word: Porter's second algorithm ("English" of the Snowball project), which METEOR stems with.

M. F. Porter, "The English (Porter2) stemming algorithm", snowballstem.org: regions R1 and R2, steps 0 to 5 and the lists of exceptions as it states
them.
"""

from __future__ import annotations

import re
from functools import lru_cache

_VOWELS = "aeiouy"
_DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_SPECIAL = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl", "gently": "gentl", "ugly": "ugli",
    "early": "earli", "only": "onli", "singly": "singl",
    **{word: word for word in ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")},
}  # fmt: skip
_KEPT = frozenset(("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"))
_LONG_STARTS = ("gener", "commun", "arsen")
_REGION = re.compile("[aeiouy].*?[^aeiouy]")
_SHORT = re.compile("(?:^[aeiouy][^aeiouy]|.*[^aeiouy][aeiouy][^aeiouywxY])$", re.DOTALL)
_STEP_2 = (
    ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"), ("tional", "tion"), ("biliti", "ble"),
    ("lessli", "less"), ("entli", "ent"), ("ation", "ate"), ("alism", "al"), ("aliti", "al"), ("ousli", "ous"), ("iviti", "ive"), ("fulli", "ful"),
    ("enci", "ence"), ("anci", "ance"), ("abli", "able"), ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"), ("ogi", "og"), ("li", ""),
)  # fmt: skip
_STEP_3 = (
    ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ative", ""), ("ical", "ic"), ("ness", ""), ("ful", ""),
)  # fmt: skip
_STEP_4 = ("ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al", "er", "ic")


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Return the stem of a word in lower case; words of one or two letters are their own."""
    if len(word) <= 2 or word in _SPECIAL:
        return _SPECIAL.get(word, word)
    marked = _mark_y(word.removeprefix("'"))
    first, second = _regions(marked)
    marked = _step_1a(_step_0(marked))
    if marked in _KEPT:
        return marked
    marked = _step_1c(_step_1b(marked, first))
    marked = _step_3(_step_2(marked, first), first, second)
    return _step_5(_step_4(marked, second), first, second).lower()


def _mark_y(word: str) -> str:
    """A y that is a consonant, first or behind a vowel, becomes Y."""
    letters = list(word)
    for index, letter in enumerate(letters):
        if letter == "y" and (index == 0 or letters[index - 1] in _VOWELS):
            letters[index] = "Y"
    return "".join(letters)


def _regions(word: str) -> tuple[int, int]:
    """Where R1 and R2 begin."""
    start = next((len(head) for head in _LONG_STARTS if word.startswith(head)), None)
    first = _after(word, 0) if start is None else start
    return first, _after(word, first)


def _after(word: str, start: int) -> int:
    found = _REGION.search(word, start)
    return found.end() if found else len(word)


def _step_0(word: str) -> str:
    return next((word.removesuffix(end) for end in ("'s'", "'s", "'") if word.endswith(end)), word)


def _step_1a(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and re.search("[aeiouy]", word[:-2]):
        return word[:-1]
    return word


def _step_1b(word: str, first: int) -> str:
    for end in ("eedly", "eed"):
        if word.endswith(end):
            return word.removesuffix(end) + "ee" if len(word) - len(end) >= first else word
    for end in ("ingly", "edly", "ing", "ed"):
        if word.endswith(end):
            rest = word.removesuffix(end)
            return _mended(rest, first) if re.search("[aeiouy]", rest) else word
    return word


def _mended(rest: str, first: int) -> str:
    """What is left without -ed or -ing: with its e again, or with one consonant of two."""
    if rest.endswith(("at", "bl", "iz")) or (first >= len(rest) and _SHORT.match(rest)):
        return rest + "e"
    return rest[:-1] if rest.endswith(_DOUBLES) else rest


def _step_1c(word: str) -> str:
    return word[:-1] + "i" if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWELS else word


def _step_2(word: str, first: int) -> str:
    for end, new in _STEP_2:
        if word.endswith(end):
            rest = word.removesuffix(end)
            fits = len(rest) >= first and (end != "ogi" or rest.endswith("l")) and (end != "li" or rest.endswith(tuple("cdeghkmnrt")))
            return rest + new if fits else word
    return word


def _step_3(word: str, first: int, second: int) -> str:
    for end, new in _STEP_3:
        if word.endswith(end):
            rest = word.removesuffix(end)
            return rest + new if len(rest) >= (second if end == "ative" else first) else word
    return word


def _step_4(word: str, second: int) -> str:
    for end in _STEP_4:
        if word.endswith(end):
            rest = word.removesuffix(end)
            return rest if len(rest) >= second and (end != "ion" or rest.endswith(("s", "t"))) else word
    return word


def _step_5(word: str, first: int, second: int) -> str:
    rest = word[:-1]
    if word.endswith("e") and (len(rest) >= second or (len(rest) >= first and not _SHORT.match(rest))):
        return rest
    return rest if word.endswith("ll") and len(rest) >= second else word
