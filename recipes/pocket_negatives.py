"""Texts that are nearly true of a scene and are not: hard negatives for what is made of known parts.

Parts are captions of single sounds, in the order of time. Every negative differs from the true text in one thing alone: in the order, in
one source, in how often it happens, or in whether it happens at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hearken.data.scenes.clause import Clause, parse_clause
from hearken.data.scenes.contests import ORDERS, OVERLAPS, WITHOUT, tell, tell_count, telling_words

Course = Literal["then", "while"]
NegativeKind = Literal["order", "source", "count", "negation"]


@dataclass(frozen=True)
class Negative:
    """A text that is not true of the scene, the true text that it was made from, and what is wrong with it."""

    text: str
    true: str
    kind: NegativeKind


def negatives(
    parts: Sequence[str], course: Course, others: Sequence[str], generator: np.random.Generator, *, alike: Collection[tuple[str, str]] = ()
) -> list[Negative]:
    """Return the negatives of a scene of one or two `parts`: each kind that can be made, once.

    `course` says whether the second follows ("then") or sounds at the same time ("while"). `others` are captions to put in place of a
    part; one that is `alike` a part (pairs of captions, either way round), or shares a telling word with it, is not taken. A part that the
    grammar does not understand, or that has no finite form, gives none, and so do three parts or more.
    """
    clauses = [parse_clause(part) for part in parts]
    if not 1 <= len(parts) <= 2 or not all(map(_can_be_told, clauses)):
        return []
    if len(parts) == 1:
        return [Negative(text, true, "count") for text, true in _counts(clauses[0], generator)]
    return list(_of_two(parts, clauses, course, others, generator, frozenset(alike)))


def _can_be_told(clause: Clause) -> bool:
    """Say whether a clause can stand in a longer sentence; 'the sound of dig snappy' is the name of a file."""
    return bool(clause.simple) and not clause.is_whole and not clause.text.startswith("the sound of ")


def _of_two(
    parts: Sequence[str],
    clauses: Sequence[Clause],
    course: Course,
    others: Sequence[str],
    generator: np.random.Generator,
    alike: frozenset[tuple[str, str]],
) -> Iterator[Negative]:
    one, two = clauses
    forms = ORDERS if course == "then" else OVERLAPS
    pattern = forms[int(generator.integers(len(forms)))]
    true = tell(pattern, one, two)
    if course == "then":
        yield Negative(tell(pattern, two, one), true, "order")
    else:  # what sounds at once does not follow
        yield Negative(tell(ORDERS[0], *((one, two) if generator.random() < 0.5 else (two, one))), true, "order")
    other = _another(parts, others, generator, alike)
    if other is not None:
        changed = (other, two) if generator.random() < 0.5 else (one, other)
        yield Negative(tell(pattern, *changed), true, "source")
    left, right = (one, two) if generator.random() < 0.5 else (two, one)
    yield Negative(tell(WITHOUT[0][0], left, right), tell(WITHOUT[0][1], left, right), "negation")


def _another(
    parts: Sequence[str], others: Sequence[str], generator: np.random.Generator, alike: frozenset[tuple[str, str]]
) -> Clause | None:
    """Return a caption that is of something else than all `parts`; None if a few draws find none."""
    known = frozenset[str]().union(*(telling_words(part.rstrip(".")) for part in parts))
    for place in generator.permutation(len(others))[:20]:
        other = others[int(place)]
        clause = parse_clause(other)
        is_near = any((part, other) in alike or (other, part) in alike for part in parts) or not known.isdisjoint(
            telling_words(other.rstrip("."))
        )
        if not is_near and _can_be_told(clause):
            return clause
    return None


def _counts(clause: Clause, generator: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Yield (wrong, true) of a sound that happens once, if it can be counted."""
    if not (clause.is_durative or clause.tells_how_often):
        yield tell_count(clause, int(generator.integers(2, 5))), tell_count(clause, 1)
