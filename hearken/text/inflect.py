"""Forms of English words, as far as plain rules and a short list of exceptions go: 'dogs' is the plural of 'dog'.

This is no dictionary. `readings` proposes what a word may be a form of and leaves it to the caller to know the bases; a
proposal is only made if inflecting the base gives the word back. Where a form cannot be known (the past tense of a word that
may be irregular), there is none: "" is better than a wrong word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Form = Literal["base", "plural", "third", "ing", "past"]
"""As in the dictionary; several; (it) barks; barking; barked (past and participle of regular verbs)."""

_VOWELS = "aeiou"
_IRREGULAR_PLURALS = {
    "child": "children", "die": "dice", "foot": "feet", "goose": "geese", "half": "halves", "hoof": "hooves", "knife": "knives",
    "leaf": "leaves", "life": "lives", "loaf": "loaves", "louse": "lice", "man": "men", "mouse": "mice", "ox": "oxen", "person": "people",
    "scarf": "scarves", "shelf": "shelves", "thief": "thieves", "tooth": "teeth", "wife": "wives", "wolf": "wolves", "woman": "women",
    "calf": "calves", "echo": "echoes", "hero": "heroes", "potato": "potatoes", "tomato": "tomatoes",
}  # fmt: skip
_SAME_IN_PLURAL = frozenset(str.split("aircraft bison deer fish moose series sheep species spacecraft swine watercraft hovercraft"))
_MASS = frozenset(
    str.split(
        "air applause chatter clothing electricity equipment feedback foliage furniture gravel gunfire hail laughter lightning machinery metal "
        "motorway-noise music noise paper rain rainfall rainwater sand silence sleet smoke snow speech static steam thunder traffic water weather "
        "wildlife wind wood"
    )
)
"""Nouns that are met in captions mostly without a plural."""
_IRREGULAR_PAST = frozenset(
    str.split(
        "be bear beat become begin bend bite bleed blow break breed bring build burn burst buy cast catch choose come cost creep cut deal dig do "
        "draw dream drink drive eat fall feed feel fight find flee fling fly forget freeze get give go grind grow hang have hear hide hit hold "
        "hurt keep kneel know lay lead lean leap learn leave lend let lie light lose make mean meet mow pay put read rend rid ride ring rise run "
        "saw say see seek sell send set sew shake shear shed shine shoot show shrink shut sing sink sit sleep slide sling slit smell sow speak "
        "speed spell spend spill spin spit split spoil spread spring stand steal stick sting stink strew stride strike string strive swear sweep "
        "swell swim swing take teach tear tell think thrive throw thrust tread wake wear weave weep wet win wind withdraw wring write"
    )
)
_DOUBLED_LATE = frozenset(
    str.split("abet admit begin commit compel control equip forget incur occur omit permit propel rebut refer regret repel submit transmit")
)
"""Verbs of several syllables that double their last letter all the same."""


@dataclass(frozen=True)
class Reading:
    """What a word may be: the `form` of `base`, as a noun (n), verb (v), adjective (a) or adverb (r)."""

    base: str
    pos: str
    form: Form


@lru_cache(maxsize=1 << 16)
def readings(word: str) -> tuple[Reading, ...]:
    """Return what `word` (lower case) may be, the word itself first. Bases need not exist: the caller looks them up."""
    return tuple(_readings(word))


def _readings(word: str) -> Iterator[Reading]:
    for pos in "nvar":
        yield Reading(word, pos, "base")
    endings: tuple[tuple[str, str, Form], ...] = (("s", "n", "plural"), ("s", "v", "third"), ("ing", "v", "ing"), ("ed", "v", "past"))
    for ending, pos, form in endings:
        for base in dict.fromkeys(_bases(word, ending)):
            if base != word and inflect(base, form) == word:
                yield Reading(base, pos, form)
    for base, plural in _IRREGULAR_PLURALS.items():
        if plural == word:
            yield Reading(base, "n", "plural")


def _bases(word: str, ending: str) -> Iterator[str]:
    """What may be left when `ending` goes, after undoing the usual changes of spelling."""
    stem = word.removesuffix(ending)
    if stem == word or len(stem) < 2:
        return
    yield stem
    yield stem + "e"
    if ending == "s":
        yield stem.removesuffix("e")
        if stem.endswith("ie"):
            yield stem[:-2] + "y"
        return
    if stem[-1] == stem[-2]:
        yield stem[:-1]
    if stem.endswith("ck"):
        yield stem[:-1]
    if stem[-1] in "iy":
        yield stem[:-1] + ("y" if ending == "ed" else "ie")


def inflect(base: str, form: Form) -> str:
    """Return the `form` of `base`, of whose words (several in 'rain down') the right one changes; "" where no rule is safe."""
    if form == "base":
        return base
    words = base.split(" ")
    place = -1 if form == "plural" else 0
    words[place] = _one(words[place], form)
    return " ".join(words) if words[place] else ""


def _one(word: str, form: Form) -> str:
    if not word or not word[-1].isalpha():
        return ""
    if form == "plural":
        return _plural(word)
    if form == "third":
        return {"be": "is", "have": "has", "do": "does", "go": "goes", "echo": "echoes"}.get(word) or _with_s(word)
    if form == "ing":
        return _ing(word)
    return "" if word in _IRREGULAR_PAST else _past(word)


def _plural(word: str) -> str:
    if word in _MASS:
        return ""
    if word in _SAME_IN_PLURAL:
        return word
    return _IRREGULAR_PLURALS.get(word) or _compound(word) or _with_s(word)


def _compound(word: str) -> str:
    """'policeman' goes like 'man'; "" for any other word."""
    for end in ("woman", "man", "child", "foot", "tooth", "mouse", "wife", "knife", "shelf"):
        if word.endswith(end) and word not in ("human", "roman", "german", "shaman", "talisman"):
            return word.removesuffix(end) + _IRREGULAR_PLURALS[end]
    return ""


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word[-1] == "y" and word[-2:-1] not in tuple(_VOWELS):
        return word[:-1] + "ies"
    return word + "s"


def _ing(word: str) -> str:
    if word.endswith("ie"):
        return word[:-2] + "ying"
    if word[-1] == "e" and word not in ("be", "singe", "binge") and not word.endswith(("ee", "ye", "oe")):
        return word[:-1] + "ing"
    return _doubled(word) + "ing"


def _past(word: str) -> str:
    if word[-1] == "e":
        return word + "d"
    if word[-1] == "y" and word[-2:-1] not in tuple(_VOWELS):
        return word[:-1] + "ied"
    return _doubled(word) + "ed"


def _doubled(word: str) -> str:
    """'hum' -> 'humm', 'panic' -> 'panick': what stands before -ing and -ed."""
    if len(word) > 3 and word.endswith("ic"):
        return word + "k"
    closed = len(word) >= 3 and word[-1] not in _VOWELS + "wxy" and word[-2] in _VOWELS
    short = closed and (word[-3] not in _VOWELS or word[-4:-2] == "qu")
    one_syllable = sum(_starts_syllable(word, index) for index in range(len(word))) == 1
    return word + word[-1] if (short and one_syllable) or word in _DOUBLED_LATE else word


def _starts_syllable(word: str, index: int) -> bool:
    vowels = _VOWELS + ("y" if index else "")
    return word[index] in vowels and (index == 0 or word[index - 1] not in _VOWELS + "y")


def article(phrase: str) -> str:
    """Return 'a' or 'an', as `phrase` begins; by its letters and a few exceptions ('an hour', 'a unit', 'a one')."""
    word = phrase.lower()
    if word.startswith(("hour", "honest", "honour", "honor", "heir")):
        return "an"
    if word.startswith(("uni", "use", "usu", "uti", "ute", "eu", "ewe", "one", "once", "ouija")) and not word.startswith(("unin", "unim")):
        return "a"
    return "an" if word[:1] in tuple(_VOWELS) else "a"
