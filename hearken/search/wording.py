"""What people mean by the text they type, before a model reads it.

Models read captions; people type "glsas braeking", "woof woof", "where can I hear 2 lorries?" and "rain without music". Each of
these is put into the words of a caption, step by step, and what changed the meaning of a word is told. A text that already
reads like a caption comes through unchanged. Between double quotes everything stays as typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from hearken.limits import MAX_QUERY_TOKENS
from hearken.search.query import clean_text
from hearken.text.dictionary import Dictionary, english
from hearken.text.negation import ANY_SOUND, negated
from hearken.text.onomatopoeia import expand, imitates
from hearken.text.order import in_order
from hearken.text.request import bare_request, shortened, tidied
from hearken.text.spelling import correct
from hearken.text.variants import american, numbers_as_words, pictures_as_words

_WORD = re.compile(r"(?<![\w'’.@/\\-])[A-Za-z]+(?![\w@/\\]|['’-]\w)")
_QUOTED = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]')
_MARKS_PIECES = 4  # what the tokenizer adds, and room for words that fall into more pieces than guessed
_MAX_UNKNOWN = 2  # this many words that do not exist, and more than half of all, are another language
_FEW = 2


@dataclass(frozen=True)
class Understood:
    """What a text asks for.

    `text` is what to encode; `parts` what it tells to happen one after the other, in order of time (one where it tells no
    order); `not_text` what it says must not be heard; `notes` whole sentences about what was changed; `words` what to look up in
    names of files: as typed, but for typing errors and for what is not wanted.
    """

    text: str
    parts: tuple[str, ...]
    not_text: str | None = None
    notes: tuple[str, ...] = ()
    words: str = ""


def as_typed(text: str) -> Understood:
    """Return `text`, cleaned but otherwise as it is. Raises QueryError as `clean_text` does."""
    cleaned = clean_text(text)
    return Understood(cleaned, (cleaned,), words=cleaned)


def understand(text: str, knows: Callable[[str], bool] | None = None) -> Understood:
    """Return what `text` asks for. `knows` tells of a word (lower case) that a library knows it: such a word is no typing error.

    Raises QueryError for text that is empty, too long or no text.
    """
    cleaned = clean_text(text)
    if len(cleaned) > 2 and _QUOTED.fullmatch(cleaned) and cleaned[1:-1].strip():
        return as_typed(cleaned[1:-1])
    exempt = frozenset(word.lower() for quoted in _QUOTED.findall(cleaned) for word in re.findall(r"\w+", quoted))
    spoken, notes = _spoken(cleaned)
    spelled, corrections = _spelled(spoken, lambda word: word in exempt or (knows is not None and knows(word)))
    wanted, unwanted = negated(bare_request(spelled))
    if unwanted is not None:
        what = "whatever" if wanted == ANY_SOUND else f'"{wanted}" that'
        notes.append(f'Searched for {what} does not sound like "{unwanted}".')
    said, told = expand(wanted) if not exempt else (wanted, [])
    notes = corrections + notes + [f'Took "{imitation}" as "{stands_for}".' for imitation, stands_for in told]
    words = "" if wanted == ANY_SOUND and unwanted is not None else wanted
    unwanted = None if unwanted is None else _usual(expand(unwanted)[0])
    said = _usual(said)
    return Understood(said, in_order(said), unwanted, tuple(notes), words)


def _spoken(text: str) -> tuple[str, list[str]]:
    """Return `text` as words of a length that a model reads, without quotes, and notes."""
    worded, pictures = pictures_as_words(_QUOTED.sub(r"\1", text).strip() or text)
    worded = worded or text
    notes = [f'Took {picture} as "{words}".' for picture, words in pictures]
    short = shortened(worded, MAX_QUERY_TOKENS - _MARKS_PIECES) or worded
    if short != worded:
        notes.append(f'The description is long: searched for its beginning, up to "{" ".join(short.split()[-3:])}".')
    if strange := _strange(short):
        notes.append(f'"{strange}" is not in Latin letters; most models know English only.')
    return tidied(short), notes


def _strange(text: str) -> str:
    """Return the first word of `text` in letters other than Latin ones, "" where there is none."""
    for word in text.split():
        if any(ord(char) > 0x24F and char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in word):
            return word
    return ""


def _spelled(text: str, knows: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Return `text` with typing errors mended, and a note for each; a text that is mostly unknown words is another language."""
    dictionary = english()
    found = list(_WORD.finditer(text))
    unknown = [match for index, match in enumerate(found) if _is_unknown(match.group(), index, dictionary, knows)]
    if len(unknown) > _MAX_UNKNOWN and len(unknown) > len(found) / 2:
        return text, ["Hardly a word of the text is English, which is all that most models know."]
    notes, parts, place = [], [], 0
    for match in unknown:
        meant = correct(match.group().lower(), dictionary)
        if meant is not None:
            notes.append(f'Searched for "{meant}" instead of "{match.group()}"; double quotes keep a word as it is.')
            parts += [text[place : match.start()], meant]
            place = match.end()
    return ("".join([*parts, text[place:]]) if notes else text), notes


def _is_unknown(word: str, index: int, dictionary: Dictionary, knows: Callable[[str], bool]) -> bool:
    """Is `word` none that anybody knows? Names, which have a capital inside a text, and abbreviations are not asked about."""
    low = word.lower()
    if len(word) <= _FEW or dictionary.knows(low) or (index and word[0].isupper()) or (len(word) > 1 and word[1:] != word[1:].lower()):
        return False
    return not (imitates(low) or knows(low))


def _usual(text: str) -> str:
    """Return `text` in the words that captions use."""
    return numbers_as_words(american(text))
