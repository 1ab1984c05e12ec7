"""From a caption of one sound to the forms that a longer sentence needs: 'A dog is barking.' -> a dog barks, a dog barking.

The analysis is small and careful: it knows the verbs of `verbs.py`, 'is' and 'are', and the order of words. What it does not
understand stays as it is, as a noun phrase ('footsteps on gravel') where no word can be a verb, and else as a sentence of its
own (`is_whole`), which nothing is joined to: so doubt makes plainer sentences, not wrong ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from hearken.data.scenes.verbs import BASES, GERUNDS, THIRDS, gerund, is_durative, is_momentary, is_participle, third_person, word_set

_BREAKS = re.compile(r"[,;:]|\b(?:as|while|when|whilst|before|after|then|until|followed|which|who|that|because|but)\b")
_DETERMINERS = word_set("a an the some several many two three four five another other each his her its their")
_PREPOSITIONS = word_set(
    "about above across against along amid among around at behind below beside between beyond by down during for from in inside into near "
    "of off on onto out outside over past through to toward towards under up upon with within without like"
)
_CLOSED = _DETERMINERS | _PREPOSITIONS | {"and", "or", "very", "no"}
_SINGULAR = word_set("a an someone somebody something nobody one each")
_PLURAL = word_set("people children men women geese sheep cattle mice police")
_ADJECTIVES = word_set("low deep loud soft high faint quiet distant constant continuous muffled light heavy slow fast steady")
_LIKE_VERBS = frozenset(("close", "open", "clear", "slow"))  # 'thunder cracks close by'
_AWAY = frozenset(("by", "past", "away", "off"))  # 'a train passes by', 'goes off': it comes and is over
_NOT_ADVERBS = word_set("assembly belly bully butterfly dragonfly family firefly fly jelly lily")
_HOW_OFTEN = re.compile(
    r"\b(?:once|twice|thrice|times|again|repeatedly|over and over|contin\w+ly|constantly|intermittently|periodically)\b"
)
_SOUND_OF = ("the sound of ", "sound of ", "the sounds of ", "sounds of ", "the noise of ")


@dataclass(frozen=True)
class Clause:
    """The forms of what happens; "" where a form cannot be made.

    `simple` and `progressive` are finite ('a dog barks', 'a dog is barking'), `noun` stands behind 'with' or 'followed by' ('a dog
    barking'), `head` is the word that the subject turns on ('dog'). What `is_durative` goes on for a while, what `is_momentary` is
    over soon. A caption that `is_whole` has only `text`.
    """

    text: str
    simple: str = ""
    progressive: str = ""
    noun: str = ""
    head: str = ""
    is_durative: bool = False
    is_momentary: bool = False
    has_several_actions: bool = False

    @property
    def is_whole(self) -> bool:
        """Say whether the caption can only be used as a sentence of its own."""
        return not self.noun

    @property
    def tells_how_often(self) -> bool:
        """Say whether the caption counts already, as 'a dog barks twice' does."""
        return _HOW_OFTEN.search(self.text) is not None


def parse_clause(caption: str) -> Clause:
    """Return the forms of `caption`, a sentence or a phrase about one sound. Any text is accepted, also an empty one."""
    clause = _parsed(_plain(caption))
    return replace(clause, has_several_actions=True) if clause.tells_how_often else clause


def _parsed(text: str) -> Clause:
    words = text.split()
    if not words or _BREAKS.search(text):
        return _not_understood(text, words)
    if text.startswith(_SOUND_OF):
        return _nominal(text, words)
    if words[0] == "there" and len(words) > 2 and words[1] in ("is", "are"):
        if any(_is_finite(words, place) for place in range(3, len(words))):
            return _not_understood(text, words)
        return Clause(text, simple=text, noun=" ".join(words[2:]), head=_head(words[2:]))
    place = _verb_place(words)
    if place is None:
        return _nominal(text, words) if _can_be_nominal(words) else _not_understood(text, words)
    second = _second_clause(words, place)
    return _finite(text, words, place) if second is None else _two_clauses(text, words, second)


def _not_understood(text: str, words: list[str]) -> Clause:
    return Clause(text, head=_head(words), has_several_actions=True)


def _plain(caption: str) -> str:
    """Lower the first letter, unless the word is a name such as V8 or TV, and drop the final stop."""
    text = " ".join(caption.split()).rstrip(" .!")
    first = text.split(" ", 1)[0]
    return text if len(first) > 1 and not first[1:].islower() else text[:1].lower() + text[1:]


def _verb_place(words: list[str]) -> int | None:
    """Return where the finite verb stands, or the -ing form that stands for it; None if there is none that we know."""
    for place, word in enumerate(words[1:], start=1):
        if word in ("is", "are"):
            return place
    for place in range(1, len(words)):
        if _is_finite(words, place):
            return place
    if words[0] in GERUNDS and words[1:2] == ["of"]:  # 'humming of an engine with wind blowing'
        return None
    for place in range(1, words.index("with") if "with" in words else len(words)):
        if words[place] in GERUNDS and words[place - 1] not in _CLOSED | _ADJECTIVES and _ends_verb(words[place + 1 :]):
            return place
    return None


def _ends_verb(rest: list[str]) -> bool:
    """Say whether `rest` can follow a verb: 'rumbling underground ambience' and 'rumbling and drips' are nouns."""
    if rest[:1] == ["and"]:
        return len(rest) > 1 and rest[1] in GERUNDS
    return not rest or rest[0] in _DETERMINERS | _PREPOSITIONS or rest[0].endswith("ly")


def _second_clause(words: list[str], place: int) -> int | None:
    """Return where an 'and' begins another clause ('a window is smashed and glass shatters'); None if none does."""
    for at in range(place + 1, len(words) - 1):
        part = words[at + 1 :]
        if words[at] != "and" or part[0] in GERUNDS or part[0] in THIRDS or (part[0] in BASES and _is_plural(words[:place])):
            continue
        is_unknown = part[0] in _DETERMINERS | _SINGULAR and not _can_be_nominal(part)  # 'and a child retorts'
        is_unknown |= words[place] in THIRDS and _ends_in_s(part[0]) and _ends_verb(part[1:])  # 'hammers steel and uses a saw'
        if is_unknown or _verb_place(part) is not None:
            return at
    return None


def _two_clauses(text: str, words: list[str], at: int) -> Clause:
    """Return what 'and' at `at` joins, if both halves are clauses that we know."""
    left, right = _parsed(" ".join(words[:at])), _parsed(" ".join(words[at + 1 :]))
    if left.is_whole or right.is_whole or _verb_place(words[at + 1 :]) is None:
        return _not_understood(text, words)
    has_progressive = left.progressive and right.progressive
    return Clause(
        text,
        simple=f"{left.simple or left.progressive} and {right.simple or right.progressive}",
        progressive=f"{left.progressive} and {right.progressive}" if has_progressive else "",
        noun=f"{left.noun} and {right.noun}",
        head=left.head,
        is_durative=left.is_durative and right.is_durative,
        is_momentary=left.is_momentary or right.is_momentary,
        has_several_actions=True,
    )


def _is_finite(words: list[str], place: int) -> bool:
    word, before = words[place], words[place - 1]
    if before in _CLOSED | _ADJECTIVES or (word in ("sound", "sounds") and before.endswith("ing")):  # 'banging sounds'
        return False
    if word in THIRDS:
        following = words[place + 1] if place + 1 < len(words) else ""
        return words[0] in _SINGULAR or following not in BASES - _LIKE_VERBS  # 'wind chimes ring'
    return word in BASES and _is_plural(words[:place])


def _is_plural(subject: list[str]) -> bool:
    subject, _ = _without_adverbs(subject)
    joins = any(word == "and" and before not in _ADJECTIVES for before, word in pairwise(subject))
    if joins or subject[0] in _SINGULAR:
        return joins
    head = _head(subject)
    return head in _PLURAL or _ends_in_s(head)


def _ends_in_s(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us"))


def _without_adverbs(subject: list[str]) -> tuple[list[str], list[str]]:
    """Return the subject, and the adverbs between it and its verb: 'someone suddenly' sneezes."""
    end = len(subject)
    while end > 1 and subject[end - 1].endswith("ly") and subject[end - 1] not in _NOT_ADVERBS and subject[end - 2] not in _DETERMINERS:
        end -= 1
    return subject[:end], subject[end:]


def _head(words: list[str]) -> str:
    """Return the last word of the leading noun phrase: 'a dog in the yard' -> dog."""
    for place, word in enumerate(words):
        if place and words[place - 1] not in _DETERMINERS and (word in _PREPOSITIONS or word in ("is", "are", "can", "made")):
            return words[place - 1]
    return words[-1] if words else ""


def _finite(text: str, words: list[str], place: int) -> Clause:
    subject, verb, rest = words[:place], words[place], words[place + 1 :]
    if verb in ("is", "are"):
        return _with_auxiliary(text, subject, verb, rest)
    if any(_is_inner_gerund(subject, at) for at in range(1, len(subject))):  # 'wind blowing and dog barking'
        return _not_understood(text, words)
    plural = _is_plural(subject)
    if verb in GERUNDS:  # 'a man walking on gravel'
        if _has_unknown_action(rest):
            return _nominal(text, words)
        return _active(subject, GERUNDS[verb], rest, plural, _gerund_actions(rest))
    if verb in THIRDS and plural:  # 'bird and insect chirps'
        return _not_understood(text, words)
    base = THIRDS.get(verb, verb)
    return _active(subject, base, rest, plural, {place: THIRDS.get(word, word) for place, word in _further(rest, plural)})


def _is_inner_gerund(subject: list[str], at: int) -> bool:
    return subject[at] in GERUNDS and subject[at - 1] not in _CLOSED | _ADJECTIVES and at < len(subject) - 1


def _further(rest: list[str], plural: bool) -> list[tuple[int, str]]:
    """Return the finite verbs that 'and' joins to the first: 'barks and howls', 'wakes up and barks'."""
    known = BASES if plural else frozenset(THIRDS)
    return [(place, word) for place, word in _behind_and(rest) if word in known - {"shut"}]


def _gerund_actions(rest: list[str]) -> dict[int, str]:
    return {place: GERUNDS[word] for place, word in _behind_and(rest) if word in GERUNDS}


def _has_unknown_action(rest: list[str]) -> bool:
    """Say whether a form in -ing follows that will not be changed with the first: 'whirring and punching', 'opening or closing'."""
    unknown = any(word.endswith("ing") and word not in GERUNDS for _, word in _behind_and(rest))
    return unknown or any(before == "or" and word.endswith("ing") for before, word in pairwise(rest))


def _behind_and(rest: list[str]) -> list[tuple[int, str]]:
    """Return the words behind each 'and', with their places, as far as the subject is the same: not 'with water filling and draining'."""
    end = rest.index("with") if "with" in rest else len(rest)
    return [(place, rest[place]) for place in range(1, end) if rest[place - 1] == "and"]


def _with_auxiliary(text: str, subject: list[str], auxiliary: str, rest: list[str]) -> Clause:
    head, several = _head(subject), "and" in rest
    if not rest or any(word in ("is", "are") for word in rest):  # two sentences in one
        return Clause(text, head=head, has_several_actions=True)
    if rest[0] in GERUNDS and rest[0] not in _CLOSED and not _has_unknown_action(rest):
        return _active(subject, GERUNDS[rest[0]], rest[1:], auxiliary == "are", _gerund_actions(rest[1:]))
    if rest[0] == "heard":
        return Clause(text, simple=text, noun=" ".join([*subject, *rest[1:]]), head=head, is_durative=True)
    if rest[0].endswith("ing"):  # a verb that we do not know: the caption's own form is right, and so is the -ing
        return Clause(text, progressive=text, noun=" ".join([*subject, *rest]), head=head, is_durative=True, has_several_actions=several)
    if is_participle(rest[0]):
        actions = {place: THIRDS.get(word, word) for place, word in _further(rest, auxiliary == "are")}
        lasting = [gerund(actions[place]) if place in actions else word for place, word in enumerate(rest)]
        noun = " ".join([*subject, "being", *lasting])
        return Clause(text, simple=text, noun=noun, head=head, is_momentary=rest[0] != "played", has_several_actions=several)
    return Clause(text, head=head, has_several_actions=True)


def _active(subject: list[str], base: str, rest: list[str], plural: bool, further: dict[int, str]) -> Clause:
    """Return all forms of an active clause; `further` has the base forms of verbs that 'and' joins, by their place in `rest`."""
    subject, adverbs = _without_adverbs(subject)
    finite = (lambda verb: verb) if plural else third_person
    simple = [finite(further[place]) if place in further else word for place, word in enumerate(rest)]
    lasting = [gerund(further[place]) if place in further else word for place, word in enumerate(rest)]
    return Clause(
        text=" ".join([*subject, *adverbs, finite(base), *simple]),
        simple=" ".join([*subject, *adverbs, finite(base), *simple]),
        progressive=" ".join([*subject, "are" if plural else "is", *adverbs, gerund(base), *lasting]),
        noun=" ".join([*subject, *adverbs, gerund(base), *lasting]),
        head=_head(subject),
        is_durative=is_durative(base),
        is_momentary=is_momentary(base) or not _AWAY.isdisjoint(rest[:1]),
        has_several_actions=bool(further),
    )


def _can_be_nominal(words: list[str]) -> bool:
    """Say whether no word of a phrase can be a verb that we do not know."""
    unknown = any(
        word.endswith("s") and not word.endswith(("ss", "us")) and words[place] not in _CLOSED and not _in_noun_phrase(words, place)
        for place, word in enumerate(words[1:])
    )
    return not unknown and not (_is_plural(words[:1]) and len(words) > 1 and words[1] not in _CLOSED)


def _in_noun_phrase(words: list[str], place: int) -> bool:
    """Say whether a preposition opened the noun phrase that the word at `place` belongs to."""
    return any(word in _PREPOSITIONS for word in words[: place + 1])


def _nominal(text: str, words: list[str]) -> Clause:
    return Clause(text, simple=f"{text} can be heard", noun=text, head=_head(words))
