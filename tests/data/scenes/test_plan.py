from itertools import pairwise

import numpy as np
import pytest

from hearken.data.scenes.plan import EDGE_S, MAX_TIMES, PAUSE_S, Settings, Stock, generator_of, plan_scene
from tests.data.scenes.small_sounds import STOCK, source, stock_of

STOCKED = Stock(stock_of(*STOCK))
SETTINGS = Settings(seed=3)
PLANS = [plan for number in range(300) if (plan := plan_scene(STOCKED, SETTINGS, number))]


def test_a_scene_is_a_function_of_seed_and_number() -> None:
    assert len(PLANS) == 300
    assert plan_scene(STOCKED, SETTINGS, 7) == PLANS[7]
    assert plan_scene(Stock(stock_of(*STOCK)), SETTINGS, 7) == PLANS[7]
    assert plan_scene(STOCKED, Settings(seed=4), 7) != PLANS[7]
    assert PLANS[8] != PLANS[7]


def test_every_scene_keeps_its_bounds() -> None:
    for plan in PLANS:
        assert 10.0 <= plan.duration_s <= 30.0
        assert 1 <= len(plan.events) <= SETTINGS.max_events
        assert all(EDGE_S - 1e-6 <= event.start_s < event.end_s <= plan.duration_s - EDGE_S + 1e-3 for event in plan.events)
        assert all(1 <= len(event.starts_s) <= MAX_TIMES for event in plan.events)


def test_slots_follow_each_other_and_pairs_lie_within_each_other() -> None:
    pairs = 0
    for plan in PLANS:
        slots: dict[int, list] = {}
        for event in plan.events:
            slots.setdefault(event.slot, []).append(event)
        spans = [(min(e.start_s for e in slot), max(e.end_s for e in slot)) for slot in slots.values()]
        for (_, end), (start, _) in pairwise(spans):
            assert start - end >= PAUSE_S - 1e-3
        for slot in (slot for slot in slots.values() if len(slot) == 2):
            short, long = sorted(slot, key=lambda event: event.end_s - event.start_s)
            assert long.start_s - 1e-3 <= short.start_s <= short.end_s <= long.end_s + 1e-3
            pairs += 1
    assert pairs > 10


def test_repetitions_do_not_overlap() -> None:
    repeated = [event for plan in PLANS for event in plan.events if len(event.starts_s) > 1]
    assert len(repeated) > 30
    for event in repeated:
        assert np.all(np.diff(event.starts_s) > event.sounding_s + 0.1)
        assert not STOCKED.material[event.index].clause.is_durative


def test_repetitions_are_as_many_as_fit() -> None:
    stock = Stock(stock_of(source("dog", "A dog barks.", 1.9)))
    plans = [plan_scene(stock, Settings(min_duration_s=5.0, max_duration_s=10.0), number) for number in range(100)]
    assert all(plans)  # four would not fit, and leave the scene empty
    assert {len(plan.events[0].starts_s) for plan in plans if plan} == {1, 2, 3}
    owl = Stock(stock_of(source("owl", "An owl hoots twice.")))
    assert all(len(plan.events[0].starts_s) == 1 for number in range(30) if (plan := plan_scene(owl, SETTINGS, number)))


def test_a_background_is_as_long_as_the_scene_or_may_be_repeated() -> None:
    wind, rain = source("wind", "The wind is blowing.", 15.0), source("rain", "Rain is falling.", 9.0)
    for background, fits in ((wind, False), (rain, True)):
        stock = Stock(stock_of(source("dog", "A dog barks."), background))
        plans = [plan_scene(stock, Settings(background_share=1.0), number) for number in range(60)]
        long, short = ([plan for plan in plans if plan and (plan.duration_s > 15.0) is is_long] for is_long in (True, False))
        assert len(long) > 10
        assert len(short) > 10
        assert all(plan.background for plan in short)
        assert all((plan.background is not None) is fits for plan in long)


def test_no_two_sounds_of_a_scene_are_alike() -> None:
    stock = Stock(stock_of(source("dog 1", "A dog barks."), source("dog 2", "Dogs are barking."), source("cat", "A cat meows.")))
    for number in range(50):
        plan = plan_scene(stock, Settings(), number)
        assert plan is not None
        assert len({event.index for event in plan.events} & {0, 1}) <= 1


def test_backgrounds_and_echo_come_as_often_as_told() -> None:
    assert 0.65 < np.mean([plan.background is not None for plan in PLANS]) < 0.85
    assert 0.4 < np.mean([plan.echo is not None for plan in PLANS]) < 0.6
    none = [plan_scene(STOCKED, Settings(background_share=0.0, reverb_share=0.0), number) for number in range(20)]
    assert all(plan and plan.background is None and plan.echo is None for plan in none)


def test_nothing_fits() -> None:
    assert plan_scene(Stock(()), SETTINGS, 0) is None
    assert plan_scene(Stock(stock_of(source("rain", "Rain is falling.", 12.0))), SETTINGS, 0) is None


def test_stock_counts() -> None:
    assert (STOCKED.num_events, STOCKED.num_backgrounds) == (5, 3)


@pytest.mark.parametrize("purpose", [1, 2])
def test_purposes_have_chances_of_their_own(purpose: int) -> None:
    assert generator_of(1, 2, 0).random() != generator_of(1, 2, purpose).random()
