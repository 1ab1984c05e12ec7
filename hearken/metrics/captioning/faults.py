"""Faults in the wording of captions, by three rules: a caption that breaks off, an event told twice, a word said twice.

FENSE (Zhou et al. 2022, section 3.3) has a network for five kinds of error. Two of them, a missing verb and a missing conjunction, need grammar
and are not looked for. Measured on the references of Clotho's evaluation and AudioCaps' test set (9785 captions of people): 12 are blamed. Of the same
captions with a tail put behind ("and a", "with the"), all are found; told twice, 99 %; with the last word cut off, 4 in 10. None of the six captions that
FENSE's network marks among 1957 of CoNeTTE's is found, nor looks faulty.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from hearken.metrics.captioning.tokens import ptb

Fault = Literal["breaks off", "event twice", "word twice"]

_ENDS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "as",
        "with",
        "of",
        "to",
        "from",
        "into",
        "onto",
        "at",
        "for",
        "followed",
        "then",
        "is",
        "are",
        "was",
        "were",
        "be",
        "being",
        "very",
        "his",
        "its",
        "their",
        "several",
        "some",
    ]
)
"""Words that no caption ends with. Left out is what a verb can end with: 'passes by', 'goes off', 'moves in'."""
_JOINTS = frozenset(["and", "or", "but", "while", "as", "then", "with", "followed", "by", "before", "after", ",", ";"])
_SAID_TWICE = frozenset(["a", "an", "the", "and", "or", "is", "are", "in", "on", "of", "with", "to", "as", "by", "while", "for"])
_MIN_EVENT = 2
_CLAUSES = re.compile(r"[,;.]")


def faults_of(text: str) -> tuple[Fault, ...]:
    """Return which faults a caption has; an empty one breaks off."""
    words = ptb(text)
    found: list[Fault] = []
    if not words or words[-1] in _ENDS:
        found.append("breaks off")
    events = [event for clause in _CLAUSES.split(text) for event in _events(ptb(clause))]
    if len(set(events)) < len(events):
        found.append("event twice")
    if any(_twice(first, second) for first, second in pairwise(words)) or _adverb_twice(words):
        found.append("word twice")
    return tuple(found)


def _events(words: list[str]) -> list[tuple[str, ...]]:
    """What stands between words that join, where it has two words or more; 'the' counts as 'a'."""
    runs: list[list[str]] = [[]]
    for word in words:
        if word in _JOINTS:
            runs.append([])
        elif word not in {"a", "an", "the"}:
            runs[-1].append(word)
    return [tuple(run) for run in runs if len(run) >= _MIN_EVENT]


def _twice(first: str, second: str) -> bool:
    return first == second and (first in _SAID_TWICE or first.endswith("ly"))


def _adverb_twice(words: list[str]) -> bool:
    return any(words[at].endswith("ly") and words[at + 1] == "and" and words[at] == words[at + 2] for at in range(len(words) - 2))
