"""True sentences about a scene: 'A dog barks twice, then a car passes while rain falls.'

What is told is a sequence of slots, each one event or two at the same time, and a background that lasts. Every pattern below
keeps the temporal relations: only 'and' leaves the order open, and nothing says more than is there. How often which pattern
comes is drawn from the counts of real captions (`phrases.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.data.scenes.clause import Clause
from hearken.data.scenes.phrases import Phrases, choose

_EXACT = {2: ("twice", "two times"), 3: ("three times",), 4: ("four times",), 5: ("five times",)}
_VAGUE = ("several times", "repeatedly", "multiple times", "over and over")
_AND_SHARE = 0.15  # of sequences; real captions use 'and' more, but it tells no order
_PLACE = " in "  # such a background tells where it is
_FIRST_SHARE = 0.2  # of the backgrounds behind 'while' and 'as': these begin the sentence


@dataclass(frozen=True)
class Told:
    """An event as it is told: its `clause`, how many times it happens, and whether each time is one single sound (`is_countable`)."""

    clause: Clause
    times: int = 1
    is_countable: bool = False


Slot = tuple[Told, ...]
"""One event, or two at the same time: the shorter first, which falls into the longer."""


def write_caption(generator: np.random.Generator, slots: tuple[Slot, ...], background: Told | None, phrases: Phrases) -> str:
    """Return one sentence (or, where a clause cannot be joined, several) about `slots` in the order of time over `background`."""
    told = [event for slot in slots for event in slot] + ([background] if background else [])
    if any(event.clause.is_whole for event in told):
        return _sentences(generator, slots, background, phrases)
    as_noun = generator.random() < phrases.tense.get("participle", 0) / max(1, sum(phrases.tense.values()))
    text = _sequence(generator, slots, phrases, as_noun=as_noun)
    if background:
        has_pair = any(len(slot) > 1 for slot in slots)
        text = _with_background(generator, text, background, phrases, as_noun=as_noun, has_pair=has_pair)
    return _sentence(text)


def times_phrase(generator: np.random.Generator, told: Told, phrases: Phrases) -> str:
    """Return such as 'twice' or 'several times' for an event that happens more than once; "" for once."""
    if told.times < 2:
        return ""
    vague = _VAGUE if told.times >= 3 else ()
    exact = _EXACT.get(told.times, ()) if told.is_countable else ()
    allowed = exact + vague
    return choose(generator, phrases.times, allowed) if allowed else ""


def _finite(generator: np.random.Generator, told: Told, phrases: Phrases, *, plain: bool = False) -> str:
    """Return the event as a finite clause; `plain` asks for the simple present where there is one."""
    clause, times = told.clause, times_phrase(generator, told, phrases)
    if times and clause.simple:
        if clause.simple.startswith("there "):
            return f"{clause.noun} can be heard {times}"
        return f"{clause.simple} {times}"
    forms = {"simple": clause.simple, "progressive": clause.progressive}
    allowed = ["simple"] if plain and clause.simple else [name for name, form in forms.items() if form]
    return forms[choose(generator, phrases.tense, allowed)]


def _noun(generator: np.random.Generator, told: Told, phrases: Phrases) -> str:
    times = times_phrase(generator, told, phrases)
    if not times:
        return told.clause.noun
    is_action = bool(told.clause.progressive) or " being " in told.clause.noun
    return f"{told.clause.noun} {times}" if is_action else f"{told.clause.noun} heard {times}"


def _slot(generator: np.random.Generator, slot: Slot, phrases: Phrases, *, as_noun: bool) -> str:
    first = (_noun if as_noun else _finite)(generator, slot[0], phrases)
    if len(slot) == 1:
        return first
    joint = choose(generator, phrases.joints, ("while", "as"))
    return f"{first} {joint} {_finite(generator, slot[1], phrases)}"


def _sequence(generator: np.random.Generator, slots: tuple[Slot, ...], phrases: Phrases, *, as_noun: bool) -> str:
    """Return the slots in one clause, without a stop; `as_noun` has 'a dog barking' instead of 'a dog barks'."""
    if len(slots) == 1:
        return _slot(generator, slots[0], phrases, as_noun=as_noun)
    if len(slots) == 2:
        return _two(generator, slots, phrases, as_noun=as_noun)
    first = _slot(generator, slots[0], phrases, as_noun=as_noun)
    parts, joint = [first], ""
    for place, slot in enumerate(slots[1:], start=1):
        allowed = ["and then", "and finally"] if place == len(slots) - 1 else ["then"]
        if len(slot) == 1 and joint != "followed by":
            allowed.append("followed by")
        joint = choose(generator, phrases.joints, allowed)
        parts.append(f", {joint} {_slot(generator, slot, phrases, as_noun=as_noun or joint == 'followed by')}")
    return "".join(parts)


def _two(generator: np.random.Generator, slots: tuple[Slot, ...], phrases: Phrases, *, as_noun: bool) -> str:
    allowed = ["then", "and then"]
    if len(slots[1]) == 1:
        allowed.append("followed by")
    if all(len(slot) == 1 for slot in slots):
        allowed += [] if as_noun else ["before", "after"]  # these need what is finite
        if generator.random() < _AND_SHARE:
            allowed = ["and"]
    joint = choose(generator, phrases.joints, allowed)
    first, second = (_slot(generator, slot, phrases, as_noun=as_noun) for slot in slots)
    if joint == "followed by":
        second = _noun(generator, slots[1][0], phrases)
    if joint in ("before", "after"):
        early, late = (_finite(generator, slot[0], phrases, plain=True) for slot in slots)
        return f"{early} before {late}" if joint == "before" else f"{late} after {early}"
    comma = "," if len(slots[0]) > 1 or generator.random() < phrases.comma_share(joint) else ""
    return f"{first}{comma} {joint} {second}"


def _with_background(
    generator: np.random.Generator, text: str, background: Told, phrases: Phrases, *, as_noun: bool, has_pair: bool
) -> str:
    joint = choose(generator, phrases.background, _background_joints(background, has_pair=has_pair))
    if joint == "with":
        return f"{text} with {background.clause.noun} in the background"
    behind = background.clause.noun if joint == "and" and as_noun else _finite(generator, background, phrases)
    if joint == "and":
        return f"{text}, and {behind} {'all the while' if _PLACE in f' {background.clause.noun} ' else 'in the background'}"
    if not as_noun and generator.random() < _FIRST_SHARE:
        return f"{joint} {behind}, {text}"
    return f"{text} {joint} {behind}"


def _background_joints(background: Told, *, has_pair: bool) -> tuple[str, ...]:
    """Return what can join a background: a second 'while' would be unclear, as would 'in a cave in the background' and 'hit with rain'."""
    has_place = _PLACE in f" {background.clause.noun} "
    if has_pair:
        return ("and",) if has_place else ("with", "and")
    return ("while", "as") if has_place else ("with", "while", "as", "and")


def _sentences(generator: np.random.Generator, slots: tuple[Slot, ...], background: Told | None, phrases: Phrases) -> str:
    """Return a text of several sentences, in which a caption that cannot be changed stands as it is."""
    made = []
    for place, slot in enumerate(slots):
        opening = "" if place == 0 else "Then " if place == 1 else "Finally, " if place == len(slots) - 1 else "After that, "
        made.append(_sentence(opening + _whole(generator, slot[0], phrases)))
        made += [_sentence("At the same time, " + _whole(generator, told, phrases)) for told in slot[1:]]
    if background:
        made.append(_sentence("In the background, " + _whole(generator, background, phrases)))
    return " ".join(made)


def _whole(generator: np.random.Generator, told: Told, phrases: Phrases) -> str:
    return told.clause.text if told.clause.is_whole else _finite(generator, told, phrases)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
