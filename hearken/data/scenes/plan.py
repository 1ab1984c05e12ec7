"""Which events happen when in a scene: a pure function of seed, number and material.

A scene is a row of slots with pauses between; a slot holds one event or two at the same time; behind all may lie a background.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hearken.data.scenes.sources import Material

MAX_TIMES = 4
EVENT_DB = (-6.0, 0.0)
"""Range of an event's level, against the loudest that an event may have."""
BACKGROUND_DB = (-18.0, -8.0)
"""Range of the background's level, against the same."""
RT60_S = (0.2, 0.9)
WET_DB = (-20.0, -8.0)
EDGE_S, PAUSE_S = 0.25, 0.4
_REPEAT_GAP_S, _GAP_JITTER = (0.15, 0.9), (0.85, 1.15)
_MAX_VAGUE_S = 1.5  # what is not a single stroke comes 'several times' if it is this short
_REPEAT_SHARE, _PAIR_SHARE = 0.4, 0.35
_MIN_PAIR_S = 1.5
_TRIES = 30
_UNNAMED = frozenset(("someone", "something", "somebody", ""))


@dataclass(frozen=True)
class Settings:
    """What is wanted of all scenes. Times in seconds; shares from 0 to 1; `num_captions` are ways to say the same."""

    seed: int = 0
    min_duration_s: float = 10.0
    max_duration_s: float = 30.0
    rate_hz: int = 32_000
    max_events: int = 4
    background_share: float = 0.75
    reverb_share: float = 0.5
    num_captions: int = 3


@dataclass(frozen=True)
class Event:
    """An event in a scene: the `index` of its source, and when each repetition starts to sound. `level_db` as in `EVENT_DB`."""

    index: int
    starts_s: tuple[float, ...]
    sounding_s: float
    level_db: float
    slot: int

    @property
    def start_s(self) -> float:
        """When it first sounds."""
        return self.starts_s[0]

    @property
    def end_s(self) -> float:
        """When it last sounds."""
        return self.starts_s[-1] + self.sounding_s


@dataclass(frozen=True)
class Background:
    """What sounds all the time: the `index` of its source, where in it the scene begins (0 to 1), and its level."""

    index: int
    offset: float
    level_db: float


@dataclass(frozen=True)
class Echo:
    """A room for the events."""

    rt60_s: float
    wet_db: float


@dataclass(frozen=True)
class Plan:
    """A scene before it sounds: `events` by their start."""

    number: int
    duration_s: float
    events: tuple[Event, ...]
    background: Background | None
    echo: Echo | None


class Stock:
    """The material, sorted: indices of events and of backgrounds by label, so that no label outweighs the others."""

    def __init__(self, material: Sequence[Material]) -> None:
        self.material = tuple(material)
        self._events = _by_label(material, lambda each: each.is_event)
        self._backgrounds = _by_label(material, lambda each: each.is_background)

    @property
    def num_events(self) -> int:
        """How many sources can be an event."""
        return sum(map(len, self._events))

    @property
    def num_backgrounds(self) -> int:
        """How many sources can be a background."""
        return sum(map(len, self._backgrounds))

    def draw_event(self, generator: np.random.Generator, taken: Sequence[int], longest_s: float) -> int | None:
        """Return an event of at most `longest_s` seconds that is not like one of the `taken`; None if none is found soon."""
        return self._draw(generator, self._events, taken, lambda each: each.source.measure.sounding_s <= longest_s)

    def draw_background(self, generator: np.random.Generator, taken: Sequence[int], duration_s: float) -> int | None:
        """Return a background that lasts `duration_s`, or may be repeated, and is not like one of the `taken`; None if none is found soon."""
        return self._draw(generator, self._backgrounds, taken, lambda each: each.is_loop or each.source.measure.sounding_s >= duration_s)

    def _draw(
        self, generator: np.random.Generator, groups: list[list[int]], taken: Sequence[int], fits: Callable[[Material], bool]
    ) -> int | None:
        for _ in range(_TRIES if groups else 0):
            group = groups[int(generator.integers(len(groups)))]
            index = group[int(generator.integers(len(group)))]
            if fits(self.material[index]) and not any(self._alike(index, other) for other in taken):
                return index
        return None

    def _alike(self, one: int, other: int) -> bool:
        """Say whether two sources would be told apart badly: the same label, sentence or main word."""
        first, second = self.material[one], self.material[other]
        heads = {_stem(first.clause.head), _stem(second.clause.head)}
        return (
            first.source.label == second.source.label
            or first.clause.text == second.clause.text
            or (len(heads) == 1 and not heads & _UNNAMED)
        )


def _by_label(material: Sequence[Material], wanted: Callable[[Material], bool]) -> list[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, each in enumerate(material):
        if wanted(each):
            groups[each.source.label].append(index)
    return [groups[label] for label in sorted(groups)]


def _stem(word: str) -> str:
    return word.lower().removesuffix("s")


def generator_of(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Return the Generator of scene `number` for one `purpose` (0: plan, 1: sound, 2: captions), so that none disturbs another."""
    return np.random.default_rng([seed, number, purpose])


def plan_scene(stock: Stock, settings: Settings, number: int) -> Plan | None:
    """Return scene `number`: always the same for the same stock and settings. None where the stock yields no event that fits."""
    generator = generator_of(settings.seed, number, 0)
    duration_s = round(float(generator.uniform(settings.min_duration_s, settings.max_duration_s)), 2)
    slots = _fitting(_draw_slots(generator, stock, settings, duration_s), duration_s)
    if not slots:
        return None
    events = _place(generator, slots, duration_s)
    taken = [event.index for event in events]
    background = None
    if generator.random() < settings.background_share and (index := stock.draw_background(generator, taken, duration_s)) is not None:
        background = Background(index, float(generator.random()), float(generator.uniform(*BACKGROUND_DB)))
    echo = (
        Echo(float(generator.uniform(*RT60_S)), float(generator.uniform(*WET_DB))) if generator.random() < settings.reverb_share else None
    )
    return Plan(number, duration_s, events, background, echo)


_Slot = list[Event]


def _draw_slots(generator: np.random.Generator, stock: Stock, settings: Settings, duration_s: float) -> list[_Slot]:
    """Return slots whose events start at 0 within them."""
    wanted = int(generator.integers(1, settings.max_events + 1))
    slots: list[_Slot] = []
    taken: list[int] = []
    while len(taken) < wanted:
        index = stock.draw_event(generator, taken, 0.6 * duration_s)
        if index is None:
            break
        taken.append(index)
        event = _draw_event(generator, stock.material[index], index, len(slots), duration_s - 2 * EDGE_S)
        pair = _paired(generator, slots[-1], event) if slots and len(slots[-1]) == 1 and generator.random() < _PAIR_SHARE else None
        if pair and not any(stock.material[each.index].clause.is_whole for each in pair):
            slots[-1] = pair
        else:
            slots.append([event])
    return slots


def _draw_event(generator: np.random.Generator, material: Material, index: int, slot: int, room_s: float) -> Event:
    """Return an event from 0 on; what is short may come several times, as far as `room_s` allows."""
    sounding_s, times, clause = material.source.measure.sounding_s, 1, material.clause
    longest_gap_s = _REPEAT_GAP_S[1] * _GAP_JITTER[1]
    most = min(MAX_TIMES, int((room_s + longest_gap_s) / (sounding_s + longest_gap_s)))
    if generator.random() < _REPEAT_SHARE and not (clause.is_durative or clause.is_whole or clause.tells_how_often):
        if material.is_countable and most >= 2:
            times = int(generator.integers(2, most + 1))
        elif sounding_s <= _MAX_VAGUE_S and most >= 3:
            times = 3
    gaps_s = generator.uniform(*_REPEAT_GAP_S) * generator.uniform(*_GAP_JITTER, times)
    starts_s = np.concatenate([[0.0], np.cumsum(sounding_s + gaps_s)[: times - 1]])
    return Event(index, tuple(float(start) for start in starts_s), sounding_s, float(generator.uniform(*EVENT_DB)), slot)


def _paired(generator: np.random.Generator, slot: _Slot, event: Event) -> _Slot | None:
    """Return both events at the same time, the shorter within the longer; None if neither is long enough."""
    short, long = sorted((slot[0], event), key=lambda each: each.end_s)
    room_s = long.end_s - short.end_s
    if len(long.starts_s) > 1 or long.end_s < _MIN_PAIR_S or short.end_s < 0.1 * long.end_s:
        return None
    return [_moved(replace(short, slot=slot[0].slot), float(generator.uniform(0.0, room_s))), replace(long, slot=slot[0].slot)]


def _moved(event: Event, by_s: float) -> Event:
    return replace(event, starts_s=tuple(round(start + by_s, 4) for start in event.starts_s))


def _length_s(slot: _Slot) -> float:
    return max(event.end_s for event in slot)


def _fitting(slots: list[_Slot], duration_s: float) -> list[_Slot]:
    """Return as many of the slots, from the first, as the scene has time for."""
    left_s = duration_s - 2 * EDGE_S + PAUSE_S
    fitting = []
    for slot in slots:
        left_s -= _length_s(slot) + PAUSE_S
        if left_s < 0:
            break
        fitting.append(slot)
    return fitting


def _place(generator: np.random.Generator, slots: list[_Slot], duration_s: float) -> tuple[Event, ...]:
    """Return all events at their times; what time is left is divided at random."""
    left_s = duration_s - 2 * EDGE_S - sum(map(_length_s, slots)) - PAUSE_S * (len(slots) - 1)
    shares = generator.dirichlet(np.ones(len(slots) + 1)) * left_s
    events, now_s = [], EDGE_S
    for slot, share in zip(slots, shares, strict=False):
        now_s += float(share)
        events += [_moved(event, now_s) for event in slot]
        now_s += _length_s(slot) + PAUSE_S
    return tuple(sorted(events, key=lambda event: (event.start_s, event.index)))
