"""Twin scenes: what differs between them, and nothing else."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from hearken.data.scenes.clause import parse_clause
from hearken.data.scenes.contests import (
    GAP_S,
    KINDS,
    MAX_SOUNDING_S,
    MIN_SOUNDING_S,
    NUM_REPEATS,
    ORDERS,
    Roster,
    contest_sounds,
    contests,
    draw_contest,
    tell,
    tell_count,
    telling_words,
)
from hearken.data.scenes.plan import EDGE_S
from hearken.data.scenes.sources import Source
from tests.data.scenes.small_sounds import noise, source, stock_of, tone

STOCK = (
    source("dog", "A dog barks.", 0.6),
    source("dogs", "Dogs are barking.", 2.0, num_bursts=5),
    source("door", "A door is closed.", 0.5),
    source("bell", "A bell rings.", 3.0, num_bursts=2),
    source("engine", "An engine is idling.", 4.5),
    source("rain", "Rain is falling.", 12.0),
    source("click", "A switch clicks.", 0.1),
    source("owl", "An owl hoots twice.", 1.0),
)
ROSTER = Roster(stock_of(*STOCK))
DRAWN = {kind: contests(ROSTER, kind, 0, 60) for kind in KINDS}


def names(contest_events: tuple) -> list[str]:
    return [STOCK[event.index].id for event in contest_events]


def test_a_contest_is_a_function_of_seed_and_number() -> None:
    for kind in KINDS:
        assert len(DRAWN[kind]) == 60
        assert draw_contest(ROSTER, kind, 0, 7) == DRAWN[kind][7]
        assert draw_contest(Roster(stock_of(*STOCK)), kind, 0, 7) == DRAWN[kind][7]
        assert draw_contest(ROSTER, kind, 1, 7) != DRAWN[kind][7]


def test_who_takes_part() -> None:
    met = {STOCK[event.index].id for kind in KINDS for contest in DRAWN[kind] for plan in contest.plans for event in plan.events}
    assert met == {"dog", "dogs", "door", "bell", "engine"}  # rain is too long, a click too short, and the owl counts already
    counted = {STOCK[event.index].id for contest in DRAWN["count"] for event in contest.plans[0].events}
    assert counted == {"dog", "door"}
    assert all(MIN_SOUNDING_S <= each.measure.sounding_s <= MAX_SOUNDING_S for each in STOCK if each.id in met)


def test_twins_last_as_long_and_keep_the_edges() -> None:
    for kind in KINDS:
        for contest in DRAWN[kind]:
            one, two = contest.plans
            assert one.duration_s == two.duration_s
            assert contest.texts[0] != contest.texts[1]
            for plan in contest.plans:
                assert all(EDGE_S - 1e-6 <= event.start_s < event.end_s <= plan.duration_s - EDGE_S + 1e-3 for event in plan.events)
            levels = [{event.index: event.level_db for event in plan.events} for plan in contest.plans]
            assert all(levels[0][index] == levels[1][index] for index in levels[0].keys() & levels[1].keys())


def test_order_is_all_that_differs() -> None:
    patterns = set()
    for contest in DRAWN["order"]:
        (a, b), (c, d) = (plan.events for plan in contest.plans)
        assert (a.index, b.index) == (d.index, c.index)
        assert GAP_S[0] - 1e-3 <= b.start_s - a.end_s <= GAP_S[1] + 1e-3
        assert b.start_s - a.end_s == pytest.approx(d.start_s - c.end_s, abs=2e-4)
        assert sorted(contest.texts[0].lower()) == sorted(contest.texts[1].lower())
        patterns.add(contest.pattern)
    assert patterns == set(ORDERS)


def test_order_is_told_as_it_sounds() -> None:
    found = [contest for contest in DRAWN["order"] if set(contest.parts) == {"a bell rings", "a door is closed"}]
    assert found
    for contest in found:
        first = contest.parts[0]
        assert names(contest.plans[0].events)[0] == ("bell" if first == "a bell rings" else "door")
        is_backward = contest.pattern == "{b} after {a}"
        at = [contest.texts[0].lower().index(word) for word in (("bell", "door") if first == "a bell rings" else ("door", "bell"))]
        assert (at[0] > at[1]) == is_backward


def test_count_overlap_and_negation() -> None:
    for contest in DRAWN["count"]:
        (once,), (often,) = (plan.events for plan in contest.plans)
        assert (len(once.starts_s), len(often.starts_s)) == (1, NUM_REPEATS)
        assert contest.texts[0].endswith(" once.")
        assert contest.texts[1].endswith(" three times.")
    for contest in DRAWN["overlap"]:
        for plan, is_joined in zip(contest.plans, (True, False), strict=True):
            a, b = plan.events
            assert (b.start_s < a.end_s) == is_joined
        assert ", then " in contest.texts[1]
        assert "then" not in contest.texts[0]
    for contest in DRAWN["negation"]:
        alone, joined = (plan.events for plan in contest.plans)
        assert len(alone) == 1
        assert len(joined) == 2
        assert alone[0] in joined
        assert "without" in contest.texts[0]
        assert "without" not in contest.texts[1]


def test_events_share_no_telling_word() -> None:
    assert telling_words("a dog barks") & telling_words("dogs are barking") == {"dog", "bark"}
    assert telling_words("someone is heard on the floor") == {"floor"}
    for kind in ("order", "overlap", "negation"):
        for contest in DRAWN[kind]:
            for one, two in combinations(contest.parts, 2):
                assert not telling_words(one) & telling_words(two)


def test_none_where_nothing_fits() -> None:
    roster = Roster(stock_of(source("rain", "Rain is falling.", 12.0), source("dog", "A dog barks.")))
    assert draw_contest(roster, "order", 0, 0) is None
    assert contests(roster, "overlap", 0, 3) == []
    assert Roster(()).draw(np.random.default_rng(0), [], 1) is None


def test_sentences() -> None:
    dog, rain = parse_clause("A dog barks."), parse_clause("Rain is falling.")
    assert tell("{b} after {a}", dog, rain) == "Rain falls after a dog barks."
    assert tell("{A} followed by {B}", dog, rain) == "A dog barking followed by rain falling."
    assert tell("{a}, then {b}", dog, rain, is_progressive=True) == "A dog is barking, then rain is falling."
    assert tell_count(dog, 2) == "A dog barks twice."


def test_twins_sound_as_planned() -> None:
    rate_hz = 32_000
    sounds = {"dog": tone(700, 0.8), "door": noise(0.7)}

    def fetch(wanted: Source) -> np.ndarray:
        return sounds[wanted.id].astype(np.float32)

    sources = (source("dog", "A dog barks.", 0.6), source("door", "A door is closed.", 0.5))
    contest = draw_contest(Roster(stock_of(*sources)), "order", 0, 0)
    assert contest is not None
    one, two = contest_sounds(contest, sources, rate_hz, fetch)
    assert len(one) == len(two) == round(contest.plans[0].duration_s * rate_hz)
    for plan, sound in zip(contest.plans, (one, two), strict=True):
        for event in plan.events:
            part = sound[round((event.start_s + 0.1) * rate_hz) : round((event.end_s - 0.1) * rate_hz)]
            share = np.abs(np.fft.rfft(part)[round(690 * len(part) / rate_hz) : round(710 * len(part) / rate_hz) + 1]).max() ** 2
            is_tone = share > 0.2 * (np.abs(np.fft.rfft(part)) ** 2).sum()
            assert is_tone == (sources[event.index].id == "dog")
    again = contest_sounds(contest, sources, rate_hz, fetch)
    assert np.array_equal(one, again[0])
