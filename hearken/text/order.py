"""What a text tells of time: 'a dog barks, then a door slams' is two sounds in a row, 'a dog barks while it rains' two at once.

A closed list of English joints, and no grammar: a text that is not understood is one part, which costs nothing but what the words of its
order could have told. Which joints occur was counted in the captions of AudioCaps (train): 'followed by' 7 402, 'then' 5 201,
'before' 399, 'after' 296 and 'after which' 161 times in 49 838.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hearken.text.stop_words import STOP_WORDS

MAX_PARTS = 6
"""A text with more of them counts as one."""
_SOON = r"(?:just|right|shortly|immediately|directly|soon|straight|quickly|closely|briefly|then|and|is|are|was|were|which|that|but|later)"
_LEAD = rf"(?:[\s,;.:\-]*\b{_SOON}\b)*[\s,;.:\-]*"
_AFTER_THAT = (
    r"after (?:that|this|which|it|a (?:short |brief |little )?(?:while|moment|pause|silence|bit)|some (?:time|moments|seconds)|a few \w+)"
)
_LATER = r"(?:(?:some|a few|several|two|three|a) )?(?:time|moments?|seconds?|minutes?|a while|little while) later"
_NEXT = (
    rf"finally|lastly|afterwards?|subsequently|thereafter|eventually|{_AFTER_THAT}|{_LATER}|later|next(?! to\b)|second(?:ly)?|third(?:ly)?"
)
_FORWARD = (
    rf"{_LEAD}\bfollowed(?: {_SOON})*(?: on)? by\b",
    rf"{_LEAD}(?:\b{_SOON} )*\bthen\b(?:[\s,]*\b(?:finally|lastly|eventually|later)\b)?,?",
    rf"(?:[,;.:]\s*(?:and\s+|but\s+)?|\s+(?:and|but)\s+)(?:{_NEXT})\b,?",
    rf"{_LEAD}\b(?:ending|ends|concluding|concludes|finishing|finishes) (?:with|in)\b",
    rf"{_LEAD}\b(?:before|prior to|leading up to)\b",
    r"\s*(?:->|=>|-->|→|⇒|➜)\s*",
)
_BACKWARD = (rf"{_LEAD}\bpreceded by\b", rf"{_LEAD}\b(?:after|following)\b")
_JOINT = re.compile(
    "|".join([*(f"(?P<f{i}>{each})" for i, each in enumerate(_FORWARD)), *(f"(?P<b{i}>{each})" for i, each in enumerate(_BACKWARD))]),
    re.IGNORECASE,
)
_NO_ORDER = re.compile(
    r"\b(?:now and then|before and after|then again|(?:since|until|back|even) then|one after (?:another|the other)|after (?:one another|each other|all|dark|"
    r"midnight|sunset|sunrise|dawn|dusk|hours|school|work|lunch|dinner)|(\w+) after \1|before (?:long|dawn|sunrise|sunset|dusk|dark|noon|midnight|"
    r"bed(?:time)?|christmas))\b",
    re.IGNORECASE,
)
_SIGN = "\u0298"  # a rare letter, as no joint begins behind one; it stands for a space in what tells no order
_OPENING = re.compile(
    r"^(?:(?P<early>after|following)|(?P<late>before|prior to))\s+(?P<one>[^,;]+)[,;]\s*(?:then\s+)?(?P<other>.+)$", re.IGNORECASE
)
_FIRST = re.compile(
    r"^(?:(?:at |to )?first(?:ly)?(?! \w+(?:ly)? \w+$)\b|in the beginning|(?:it )?(?:starts|begins|starting|beginning) (?:off )?with)[\s,:]+",
    re.IGNORECASE,
)
_AT_FIRST = re.compile(r"[\s,]+(?:at first|first|in the beginning|initially|(?:shortly )?thereafter|afterwards?)$", re.IGNORECASE)
_NOTHING = frozenset(
    str.split("stop stops stopping stopped pause pauses pausing end ends ending cease ceases silence silent quiet brief short long")
)
_AT_ONCE = re.compile(
    r"[\s,;]*(?:\band\s+)?\b(?:at the same time as|at the same time|simultaneously with|simultaneously|meanwhile|while|whilst|during|"
    r"(?<!such )(?<!same )(?<!well )as(?! well\b| if\b| though\b| it\b| a result\b))\b,?\s*",
    re.IGNORECASE,
)
_EDGES = " \t,;.:!?-–—"


class _Joint(NamedTuple):
    start: int
    stop: int
    is_forward: bool


def in_order(text: str) -> tuple[str, ...]:
    """Return the parts of `text` in the order of time that it tells; (`text`,) where it tells none.

    'B after A' is (A, B), as are 'A before B', 'after A, B' and 'first A, then B'. What cannot be heard ('then it stops') is no part.
    """
    hidden = _NO_ORDER.sub(lambda found: found[0].replace(" ", _SIGN), text.strip())
    parts = [_bare(part) for part in _sequence(hidden)]
    parts = [part for part in parts if _can_be_heard(part)]
    return tuple(parts) if 2 <= len(parts) <= MAX_PARTS else (text,)


def at_once(text: str) -> tuple[str, ...]:
    """Return the parts of `text` that sound at the same time ('A while B' is (A, B)); (`text`,) where it tells of none, or of an order."""
    if len(in_order(text)) > 1:
        return (text,)
    parts = [_bare(part) for part in _AT_ONCE.split(text)]
    parts = [part for part in parts if _can_be_heard(part)]
    if len(parts) == 1 and (first := re.match(r"^(?:while|whilst|as)\s+([^,]+),\s*(.+)$", text.strip(), re.IGNORECASE)):
        parts = [_bare(part) for part in first.groups()]
    return tuple(parts) if 2 <= len(parts) <= MAX_PARTS else (text,)


def _sequence(text: str) -> list[str]:
    """Return the pieces of `text` in the order of time, as they stand between the joints."""
    if opened := _OPENING.match(text):
        one, other = _sequence(opened["one"]), _sequence(opened["other"])
        return one + other if opened["early"] else other + one
    text = _FIRST.sub("", text)
    joints = [_Joint(found.start(), found.end(), (found.lastgroup or "").startswith("f")) for found in _JOINT.finditer(text)]
    starts = [0, *(joint.stop for joint in joints)]
    stops = [*(joint.start for joint in joints), len(text)]
    pieces = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    ordered = pieces[:1]
    for joint, piece in zip(joints, pieces[1:], strict=True):
        ordered.insert(len(ordered) if joint.is_forward else len(ordered) - 1, piece)
    return ordered


def _bare(part: str) -> str:
    """Return `part` without what only joined it to the others."""
    return _AT_FIRST.sub("", part.strip(_EDGES)).replace(_SIGN, " ").strip(_EDGES)


def _can_be_heard(part: str) -> bool:
    words = re.findall(r"\w+", part.lower())
    return any(word not in STOP_WORDS and word not in _NOTHING for word in words)
