"""A caption as words and what is between them, and back: for augmentations that move words and leave the punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hearken.text.inflect import article

_TOKEN = re.compile(r"(?P<before>\W*)(?P<core>.*?)(?P<after>\W*)", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word and the marks that stick to it; `changed` marks one that an augmentation put, moved or left here."""

    core: str
    before: str = ""
    after: str = ""
    changed: bool = False


def split(text: str) -> tuple[list[Word], bool]:
    """Return the words of `text`, and whether it began with a capital that is no name's: the first word is small then."""
    words: list[Word] = []
    for token in text.split():
        parts = _TOKEN.fullmatch(token)
        if parts and parts["core"]:
            words.append(Word(parts["core"], parts["before"], parts["after"]))
        elif words:  # a dash that stands alone
            words[-1] = replace(words[-1], after=f"{words[-1].after} {token}")
    capital = bool(words) and _is_plain(words[0].core)
    if capital:
        words[0] = replace(words[0], core=words[0].core.lower())
    return words, capital


def _is_plain(core: str) -> bool:
    return core[0].isupper() and core[1:] == core[1:].lower() and core != "I"


def join(words: Sequence[Word], capital: bool) -> str:
    """Return the text of `words`, beginning with a capital if it should, and every changed 'a' or 'an' as the next word wants it."""
    text = " ".join(f"{word.before}{word.core}{word.after}" for word in _refit(words))
    start = next((index for index, char in enumerate(text) if char.isalnum()), 0) if capital else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :] if capital else text


def _refit(words: Sequence[Word]) -> list[Word]:
    fitted = list(words)
    for index, (word, following) in enumerate(pairwise(words)):
        if word.core in ("a", "an") and (following.changed or word.changed):
            fitted[index] = replace(word, core=article(following.core))
    return fitted
