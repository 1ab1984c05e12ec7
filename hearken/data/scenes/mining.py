"""Counts of the function words by which real captions join events. Content words are looked at and never kept.

A connective counts where a verb of `verbs.py` stands on both sides of it, so that 'a cat and a dog' joins nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hearken.data.scenes.verbs import BASES, GERUNDS, THIRDS

BACKGROUND = ("with", "while", "as", "and")
"""What can join 'in the background' to the rest."""
COUNTS = (
    "once", "twice", "two times", "three times", "four times", "five times", "several times", "multiple times", "a few times",
    "a couple of times", "many times", "repeatedly", "over and over",
)  # fmt: skip
_WORDS = re.compile(r"[a-z']+|,")
_JOINTS = (
    ("followed", "by"),
    ("and", "then"),
    ("and", "finally"),
    ("then",),
    ("before",),
    ("after",),
    ("while",),
    ("as",),
    ("with",),
    ("and",),
)


def mine(captions: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return counts by name: `joints` (connectives between two verbs) and `comma` (those of them behind one), `background` (what
    joins 'in the background' at the end) and `background_place`, `times` (counts such as 'twice'), `tense` (form of the first
    verb), `num_joints` (of a caption; '5' is five or more), `read` (how many captions).
    """
    found: dict[str, Counter[str]] = {
        name: Counter() for name in ("joints", "comma", "background", "background_place", "times", "tense", "num_joints", "read")
    }
    for caption in captions:
        words = _WORDS.findall(caption.lower())
        found["read"]["captions"] += 1
        _count_joints(words, found)
        _count_background(words, found)
        _count_tense(words, found["tense"])
        plain = " ".join(word for word in words if word != ",")
        found["times"].update(phrase for phrase in COUNTS if re.search(rf"\b{phrase}\b", plain))
    return {name: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))) for name, counter in found.items()}


def _count_joints(words: list[str], found: dict[str, Counter[str]]) -> None:
    """Count the connectives between two verbs, and those of them that a comma precedes."""
    joints = 0
    for start, end, name in _places(words):
        if _has_verb(words[:start]) and _has_verb(words[end:]):
            joints += 1
            found["joints"][name] += 1
            found["comma"][name] += int(words[start - 1] == ",")
    found["num_joints"][str(min(joints, 5))] += 1


def _places(words: list[str]) -> list[tuple[int, int, str]]:
    places, at = [], 0
    while at < len(words):
        joint = next((joint for joint in _JOINTS if tuple(words[at : at + len(joint)]) == joint), None)
        if joint:
            places.append((at, at + len(joint), " ".join(joint)))
        at += len(joint) if joint else 1
    return places


def _has_verb(words: list[str]) -> bool:
    return any(word in GERUNDS or word in THIRDS or word in BASES for word in words)


def _count_background(words: list[str], found: dict[str, Counter[str]]) -> None:
    """Count the last connective before 'in the background', and whether the phrase ends, begins or parts the caption."""
    for at in range(len(words) - 2):
        if words[at : at + 3] != ["in", "the", "background"]:
            continue
        place = "start" if at == 0 else "end" if at + 3 == len(words) else "middle"
        found["background_place"][place] += 1
        before = [name for _, end, name in _places(words[:at]) if end <= at]
        if place == "end" and before and before[-1] in BACKGROUND:
            found["background"][before[-1]] += 1


def _count_tense(words: list[str], tense: Counter[str]) -> None:
    """Count the form of the first verb: 'is barking' (progressive), 'barking' (participle), 'barks' (simple)."""
    for place, word in enumerate(words):
        if word in ("is", "are") and place + 1 < len(words) and words[place + 1] in GERUNDS:
            tense["progressive"] += 1
        elif word in GERUNDS and place:
            tense["participle"] += 1
        elif word in THIRDS and place and words[place - 1] not in ("a", "the", "of", "and", "some"):
            tense["simple"] += 1
        else:
            continue
        return
