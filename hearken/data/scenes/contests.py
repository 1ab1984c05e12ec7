"""Twin scenes that only time, number or presence tells apart, with a true sentence for each: material for tests and for training.

A contest has two sounds and two texts. Text i is true of sound i and false of the other; both sounds last as long and are made of the
same recordings at the same levels (but for what is left out), so nothing else gives the answer away:

* *order*: 'a dog barks, then a door slams' against the same two events the other way round, both phrased alike.
* *count*: 'a dog barks once' against 'a dog barks three times'.
* *overlap*: 'a dog barks while water runs' against 'a dog barks, then water runs'.
* *negation*: 'a dog barks without water running' against 'a dog barks with water running'.

The form is that of Winoground (Thrush et al. 2022), which CompA (Ghosh et al. 2024) brought to the order of sounds. `metrics/contests.py`
judges a model by it. A contest is a pure function of roster, kind, seed and number.

Legend: `T` samples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hearken.data.scenes.clause import Clause
from hearken.data.scenes.plan import EDGE_S, EVENT_DB, Event, Plan, generator_of
from hearken.data.scenes.render import Fetch, render
from hearken.data.scenes.sources import Material, Source
from hearken.types import FloatArray

ContestKind = Literal["order", "count", "overlap", "negation"]
KINDS: tuple[ContestKind, ...] = get_args(ContestKind)
MIN_SOUNDING_S, MAX_SOUNDING_S = 0.4, 6.0
"""Of an event: shorter ones are hard for people too, longer ones make long sounds."""
GAP_S = (0.2, 1.0)
NUM_REPEATS = 3
ORDERS = ("{a}, then {b}", "{a} and then {b}", "{A} followed by {B}", "{a} before {b}", "{b} after {a}", "first {a}, then {b}")
OVERLAPS = ("{a} while {b}", "{a} as {b}", "{a} and at the same time {b}")
WITHOUT = (("{A} without {B}", "{A} with {B}"), ("{a}, without {B}", "{a}, with {B}"))
"""Ways to say it, with clauses ('a dog barks') for small letters and phrases ('a dog barking') for capitals: without, and with."""
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times"}
_MIN_OVERLAP_S = 1.0
_TRIES = 60
_SMALL_WORDS = frozenset(
    str.split(
        "a an the some someone something is are be being been can heard and or of off on in into at by to from with over up down out its "
        "their his her while sound sounds noise noises person people"
    )
)


@dataclass(frozen=True)
class Contest:
    """Two sounds and two texts: `texts[i]` is true of `plans[i]` and false of the other. `pattern` is the form that both texts have.

    `parts` are the captions of the events, in the order of the first sound.
    """

    kind: ContestKind
    seed: int
    number: int
    plans: tuple[Plan, Plan]
    texts: tuple[str, str]
    parts: tuple[str, ...]
    pattern: str = ""


class Roster:
    """The material that can take part: indices by caption, so that no caption outweighs the others."""

    def __init__(self, material: Sequence[Material]) -> None:
        self.material = tuple(material)
        self.all = self._grouped(_fits)
        self.countable = self._grouped(lambda each: _fits(each) and each.is_countable)
        self.lasting = self._grouped(lambda each: _fits(each) and each.source.measure.sounding_s >= _MIN_OVERLAP_S)

    def _grouped(self, wanted: Callable[[Material], bool]) -> list[list[int]]:
        groups: dict[str, list[int]] = defaultdict(list)
        for index, each in enumerate(self.material):
            if wanted(each):
                groups[each.clause.text].append(index)
        return [groups[text] for text in sorted(groups)]

    def draw(self, generator: np.random.Generator, groups: list[list[int]], num: int) -> list[int] | None:
        """Return `num` indices of `groups` whose captions share no telling word; None if none are found soon."""
        for _ in range(_TRIES if len(groups) >= num else 0):
            chosen = [groups[int(place)] for place in generator.choice(len(groups), num, replace=False)]
            indices = [group[int(generator.integers(len(group)))] for group in chosen]
            words = [telling_words(self.material[index].clause.text) for index in indices]
            if len(set[str]().union(*words)) == sum(map(len, words)):
                return indices
        return None


def _fits(each: Material) -> bool:
    clause, sounding_s = each.clause, each.source.measure.sounding_s
    is_plain = not (clause.is_whole or clause.has_several_actions or clause.tells_how_often)
    return each.is_event and is_plain and bool(_finite(clause)) and MIN_SOUNDING_S <= sounding_s <= MAX_SOUNDING_S


def telling_words(text: str) -> frozenset[str]:
    """Return the stems of the words of `text` that tell what sounds: 'dogs barking' and 'a dog barks' have the same."""
    return frozenset(_stem(word) for word in text.lower().replace(",", " ").split() if word not in _SMALL_WORDS)


def _stem(word: str) -> str:
    for ending in ("ing", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def draw_contest(roster: Roster, kind: ContestKind, seed: int, number: int) -> Contest | None:
    """Return contest `number` of a `kind`: always the same for the same arguments. None where the roster yields no events that fit."""
    generator = generator_of(seed, number, 3 + KINDS.index(kind))
    groups = {"order": roster.all, "count": roster.countable, "overlap": roster.lasting, "negation": roster.lasting}[kind]
    indices = roster.draw(generator, groups, 1 if kind == "count" else 2)
    if indices is None:
        return None
    material = [roster.material[index] for index in indices]
    levels_db = generator.uniform(*EVENT_DB, len(indices)).tolist()
    lengths_s = (each.source.measure.sounding_s for each in material)
    events = [_Part(*part) for part in zip(indices, lengths_s, levels_db, strict=True)]
    clauses = [each.clause for each in material]
    make = {"order": _order, "count": _count, "overlap": _overlap, "negation": _negation}[kind]
    rows, texts, pattern = make(generator, events, clauses)
    duration_s = round(max(event.end_s for row in rows for event in row) + EDGE_S, 4)
    one, two = (Plan(number, duration_s, tuple(sorted(row, key=lambda event: event.start_s)), None, None) for row in rows)
    return Contest(kind, seed, number, (one, two), texts, tuple(clause.text for clause in clauses), pattern)


def contest_sounds(contest: Contest, sources: tuple[Source, ...], rate_hz: int, fetch: Fetch) -> tuple[FloatArray, FloatArray]:
    """Return both sounds (T,) of equal length at `rate_hz`, over the same noise. `sources` are those of the roster; raises as `fetch` does."""
    generators = (generator_of(contest.seed, contest.number, 1) for _ in contest.plans)
    one, two = (render(plan, sources, rate_hz, fetch, generator)[0] for plan, generator in zip(contest.plans, generators, strict=True))
    return one, two


def contests(roster: Roster, kind: ContestKind, seed: int, num: int) -> list[Contest]:
    """Return contests 0 to `num` - 1 of a `kind`, less those for which no events were found soon."""
    return [found for number in range(num) if (found := draw_contest(roster, kind, seed, number))]


def tell(pattern: str, first: Clause, second: Clause, *, is_progressive: bool = False) -> str:
    """Return the sentence about `first` and `second` that a pattern of `ORDERS`, `OVERLAPS` or `WITHOUT` makes.

    `is_progressive` asks for 'a dog is barking' where small letters ask for a clause. Neither clause may be `is_whole`.
    """
    a, b = ((each.progressive if is_progressive else _finite(each)) for each in (first, second))
    return _sentence(pattern.format(a=a, b=b, A=first.noun, B=second.noun))


def tell_count(clause: Clause, times: int) -> str:
    """Return the sentence that `clause`, which may not be `is_whole`, happens `times` times, from 1 to 4."""
    return _sentence(f"{_finite(clause)} {_TIMES[times]}")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _finite(clause: Clause) -> str:
    return clause.simple or clause.progressive


@dataclass(frozen=True)
class _Part:
    index: int
    sounding_s: float
    level_db: float

    def at(self, start_s: float, slot: int = 0, *more_s: float) -> Event:
        """Return the event that begins at `start_s`, and again at `more_s`."""
        return Event(self.index, tuple(round(each, 4) for each in (start_s, *more_s)), self.sounding_s, self.level_db, slot)


_Made = tuple[tuple[tuple[Event, ...], tuple[Event, ...]], tuple[str, str], str]
"""The events of both sounds, both texts, and their pattern."""


def _in_a_row(first: _Part, second: _Part, gap_s: float) -> tuple[Event, ...]:
    return first.at(EDGE_S), second.at(EDGE_S + first.sounding_s + gap_s, 1)


def _order(generator: np.random.Generator, parts: list[_Part], clauses: list[Clause]) -> _Made:
    gap_s = float(generator.uniform(*GAP_S))
    pattern = ORDERS[int(generator.integers(len(ORDERS)))]
    is_progressive = all(clause.progressive for clause in clauses) and generator.random() < 0.5
    (a, b), (one, two) = parts, clauses
    rows = _in_a_row(a, b, gap_s), _in_a_row(b, a, gap_s)
    texts = tuple(tell(pattern, *pair, is_progressive=is_progressive) for pair in ((one, two), (two, one)))
    return rows, (texts[0], texts[1]), pattern


def _count(generator: np.random.Generator, parts: list[_Part], clauses: list[Clause]) -> _Made:
    (part,), (clause,) = parts, clauses
    step_s = part.sounding_s + float(generator.uniform(*GAP_S))
    starts_s = [EDGE_S + step_s * number for number in range(NUM_REPEATS)]
    alone_s = float(generator.uniform(EDGE_S, starts_s[-1]))
    rows = (part.at(alone_s),), (part.at(starts_s[0], 0, *starts_s[1:]),)
    return rows, (tell_count(clause, 1), tell_count(clause, NUM_REPEATS)), _TIMES[NUM_REPEATS]


def _overlap(generator: np.random.Generator, parts: list[_Part], clauses: list[Clause]) -> _Made:
    row = _in_a_row(parts[0], parts[1], float(generator.uniform(*GAP_S)))
    spare_s = row[-1].end_s - EDGE_S - max(part.sounding_s for part in parts)
    joined = _together(generator, parts, EDGE_S + float(generator.uniform(0.0, spare_s)))
    pattern = OVERLAPS[int(generator.integers(len(OVERLAPS)))]
    texts = tell(pattern, *clauses), tell(ORDERS[0], *clauses)
    return (joined, row), texts, pattern


def _together(generator: np.random.Generator, parts: list[_Part], from_s: float) -> tuple[Event, ...]:
    """Return all parts at the same time, the longest from `from_s` on and the others within it."""
    longest_s = max(part.sounding_s for part in parts)
    return tuple(part.at(from_s + float(generator.uniform(0.0, longest_s - part.sounding_s))) for part in parts)


def _negation(generator: np.random.Generator, parts: list[_Part], clauses: list[Clause]) -> _Made:
    joined = _together(generator, parts, EDGE_S)
    patterns = WITHOUT[int(generator.integers(len(WITHOUT)))]
    texts = tuple(tell(pattern, *clauses) for pattern in patterns)
    return ((joined[0],), joined), (texts[0], texts[1]), patterns[0]
