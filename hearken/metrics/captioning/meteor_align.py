"""Which words of a candidate stand for which of a reference, as METEOR aligns them (Denkowski & Lavie 2014 section 2)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from hearken.metrics.captioning.meteor_stem import stem
from hearken.metrics.captioning.score import Words

Meanings = Callable[[str], frozenset[Hashable]]
"""The meanings of a word, by any mark of them; words that share one are synonyms."""

EXACT, STEM, SYNONYM = 1.0, 0.6, 0.8
"""What a match of each kind weighs for English: Denkowski & Lavie 2014, the English row of their table of parameters."""
_MAX_STATES = 200


class Match(NamedTuple):
    """Word `here` of the candidate is word `there` of the reference, and how well: `weight`."""

    here: int
    there: int
    weight: float


class Alignment(NamedTuple):
    """The matches by place in the candidate, and in how many runs they stand: `chunks`."""

    matches: tuple[Match, ...]
    chunks: int


class _Partial(NamedTuple):
    """An alignment of the first words; the smallest is the best: most matches, fewest chunks, shortest ways."""

    missed: int
    chunks: int
    distance: int
    matches: tuple[Match, ...]


def align(candidate: Words, reference: Words, meanings: Meanings | None = None) -> Alignment:
    """Return the alignment with most matches, of these with fewest chunks, of these with the shortest ways between places.

    Words match that are equal, have one stem, or, with `meanings`, share one. Each word matches once at most.
    """
    states = {(0, -2): _Partial(0, 0, 0, ())}
    for here, choices in enumerate(_choices(candidate, reference, meanings)):
        states = _extended(states, here, choices)
    best = min(states.values())
    return Alignment(best.matches, best.chunks)


def _extended(states: dict[tuple[int, int], _Partial], here: int, choices: Sequence[tuple[int, float]]) -> dict[tuple[int, int], _Partial]:
    """The partial alignments with one word more, the best for each set of used words and last place."""
    found: dict[tuple[int, int], _Partial] = {}
    for (used, last), partial in states.items():
        _keep(found, (used, -2), partial._replace(missed=partial.missed + 1))
        for there, weight in choices:
            if not used >> there & 1:
                chunks = partial.chunks + (there != last + 1)
                matches = (*partial.matches, Match(here, there, weight))
                _keep(found, (used | 1 << there, there), _Partial(partial.missed, chunks, partial.distance + abs(here - there), matches))
    if len(found) > _MAX_STATES:
        found = dict(sorted(found.items(), key=lambda item: item[1])[:_MAX_STATES])
    return found


def _keep(found: dict[tuple[int, int], _Partial], key: tuple[int, int], partial: _Partial) -> None:
    if key not in found or partial < found[key]:
        found[key] = partial


def _choices(candidate: Words, reference: Words, meanings: Meanings | None) -> list[list[tuple[int, float]]]:
    weights: dict[tuple[str, str], float] = {}
    for word in set(candidate):
        for other in set(reference):
            weight = _weight(word, other, meanings)
            if weight:
                weights[word, other] = weight
    return [[(there, weights[word, other]) for there, other in enumerate(reference) if (word, other) in weights] for word in candidate]


def _weight(word: str, other: str, meanings: Meanings | None) -> float:
    if word == other:
        return EXACT
    if meanings is not None and meanings(word) & meanings(other):
        return SYNONYM
    return STEM if stem(word) == stem(other) else 0.0
