import re

import numpy as np
import pytest

from hearken.data.scenes.captions import Slot, Told, times_phrase, write_caption
from hearken.data.scenes.clause import parse_clause
from hearken.data.scenes.phrases import shipped_phrases

DOG = Told(parse_clause("A dog barks."), 2, is_countable=True)
CAR = Told(parse_clause("A car passes by."))
BOOM = Told(parse_clause("There is an explosion."), 2, is_countable=True)
STEP = Told(parse_clause("A footstep on gravel."), 4)
RAIN = Told(parse_clause("Rain is falling."))
WHOLE = Told(parse_clause("A train whistles as it enters a tunnel."))


def captions(slots: tuple[Slot, ...], background: Told | None = None, num: int = 200) -> set[str]:
    return {write_caption(np.random.default_rng(seed), slots, background, shipped_phrases()) for seed in range(num)}


def test_one_event() -> None:
    found = captions(((DOG,),))
    assert found == {f"A dog {form} {times}." for form in ("barks", "barking") for times in ("twice", "two times")}


def test_two_events_in_order() -> None:
    found = captions(((DOG,), (CAR,)), num=1_000)
    assert any(text.startswith("A dog barking twice followed by a car passing by") for text in found)
    assert any(re.fullmatch(r"A car passes by after a dog barks (twice|two times)\.", text) for text in found)
    for text in found:
        assert not re.search(r"(before|after) .*(barking|passing)", text) or re.search(r"is (barking|passing)", text)
        reversed_order = text.startswith("A car")
        assert reversed_order == (" after " in text)
        assert "after a car" not in text


def test_two_events_at_the_same_time() -> None:
    found = captions(((DOG, CAR),))
    assert found
    assert all(re.search(r"A dog bark\w+ (twice|two times) (while|as) a car (passes|is passing) by\.", text) for text in found)


def test_three_slots_keep_their_order() -> None:
    for text in captions(((DOG,), (CAR,), (STEP,))):
        places = [text.lower().index(word) for word in ("a dog", "a car", "a footstep")]
        assert places == sorted(places)
        assert "before" not in text
        assert "after" not in text
        assert text.count("followed by") <= 1


@pytest.mark.parametrize("slots", [((DOG,),), ((DOG,), (CAR,)), ((DOG, CAR),), ((BOOM,), (CAR,), (DOG,))])
def test_backgrounds_are_told_and_grammatical(slots: tuple[Slot, ...]) -> None:
    found = captions(slots, RAIN)
    assert len(found) > 5
    for text in found:
        assert "rain" in text.lower()
        assert text[0].isupper()
        assert text.endswith(".")
        assert not re.search(
            r"with rain (falls|is)|followed by \S+ \S+ (barks|is )|(while|as) rain falling|being barks|  |there is an explosion (twice|two)",
            text,
        )
    assert any(text.endswith(" with rain falling in the background.") for text in found)


def test_nothing_finite_is_joined_to_a_noun() -> None:
    for text in captions(((DOG,), (CAR,)), RAIN, 1_500):
        if re.search(" (before|after) ", text):
            assert not re.search(r"and rain falling", text)


def test_a_background_that_says_where_it_is_gets_no_second_place() -> None:
    birds = Told(parse_clause("Birds are singing in a forest."))
    for slots in (((CAR,),), ((DOG, CAR),)):
        found = captions(slots, birds)
        assert not any("in the background" in text or " with " in text for text in found)
        assert any(text.endswith(" in a forest all the while.") for text in found) is (len(slots[0]) == 2)


def test_what_cannot_be_joined_stays_a_sentence() -> None:
    found = captions(((WHOLE,), (DOG,), (CAR,)), RAIN)
    for text in found:
        first, second, third, last = text.rstrip(".").split(". ")
        assert first == "A train whistles as it enters a tunnel"
        assert second.startswith("Then a dog barks t")
        assert third.startswith("Finally, a car ")
        assert last.startswith("In the background, rain ")


@pytest.mark.parametrize(
    ("times", "countable", "allowed"),
    [
        (1, True, {""}), (2, True, {"twice", "two times"}), (2, False, {""}),
        (3, True, {"three times", "several times", "repeatedly", "multiple times", "over and over"}),
        (3, False, {"several times", "repeatedly", "multiple times", "over and over"}),
        (4, True, {"four times", "several times", "repeatedly", "multiple times", "over and over"}),
    ],
)  # fmt: skip
def test_counts_are_true(times: int, countable: bool, allowed: set[str]) -> None:
    told = Told(CAR.clause, times, countable)
    found = {times_phrase(np.random.default_rng(seed), told, shipped_phrases()) for seed in range(400)}
    assert found == allowed


def test_nouns_are_heard_so_many_times() -> None:
    found = captions(((STEP,),))
    assert any(text.startswith("A footstep on gravel can be heard ") for text in found)
    assert any(text.startswith("A footstep on gravel heard ") for text in found)
    assert any(text.startswith("An explosion can be heard t") for text in captions(((BOOM,),)))


def test_the_same_seed_writes_the_same() -> None:
    one, two = (write_caption(np.random.default_rng(5), ((DOG,), (CAR,)), RAIN, shipped_phrases()) for _ in range(2))
    assert one == two
