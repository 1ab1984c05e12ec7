"""What a text tells of time."""

from __future__ import annotations

import pytest

from hearken.text.order import MAX_PARTS, at_once, in_order

DOG, CAT, BELL = "a dog barks", "a cat meows", "a bell rings"


@pytest.mark.parametrize(
    "text",
    [
        "a dog barks then a cat meows",
        "a dog barks, then a cat meows.",
        "a dog barks and then a cat meows",
        "a dog barks, followed by a cat meows",
        "a dog barks, which is immediately followed by a cat meows",
        "a dog barks before a cat meows",
        "a dog barks just before a cat meows",
        "a cat meows after a dog barks",
        "a cat meows shortly after a dog barks",
        "a cat meows, preceded by a dog barks",
        "after a dog barks, a cat meows",
        "before a cat meows, a dog barks",
        "first a dog barks, then a cat meows",
        "a dog barks first, then a cat meows",
        "a dog barks, after which a cat meows",
        "a dog barks. After that, a cat meows",
        "a dog barks, and a moment later a cat meows",
        "a dog barks, ending with a cat meows",
        "a dog barks -> a cat meows",
        "a dog barks → a cat meows",
        "a dog barks, finally a cat meows",
    ],
)
def test_two_parts_in_the_order_of_time(text: str) -> None:
    assert in_order(text) == (DOG, CAT)
    assert at_once(text) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "first a dog barks, then a cat meows and finally a bell rings",
        "a dog barks followed by a cat meows before a bell rings",
        "a cat meows after a dog barks, then a bell rings",
        "after a dog barks, a cat meows, followed by a bell rings",
        "first a dog barks, second a cat meows, third a bell rings",
    ],
)
def test_three_parts(text: str) -> None:
    assert in_order(text) == (DOG, CAT, BELL)


@pytest.mark.parametrize(
    "text",
    [
        "a dog barks",
        "now and then a dog barks",
        "gunshots one after another",
        "bell after bell",
        "birds before dawn",
        "a dog barks before and after a car passes",
        "a person talking next to a road",
        "first steps of a child",
        "then a dog barks",
        "a dog barks then",
        "an engine runs and then stops",  # nothing is heard of it
        "silence followed by a bang",
        "a dog barks while a car passes",
        "",
        "then",
    ],
)
def test_no_order_is_told(text: str) -> None:
    assert in_order(text) == (text,)


def test_too_many_parts_are_one_text() -> None:
    many = ", then ".join(f"dog {number}" for number in range(MAX_PARTS + 1))
    assert in_order(many) == (many,)
    assert len(in_order(many.rsplit(", then ", 1)[0])) == MAX_PARTS


def test_idle_words_stay_with_their_part() -> None:
    assert in_order("Thuds one after the other followed by shouting") == ("Thuds one after the other", "shouting")
    assert in_order("A truck accelerates by then another truck passes") == ("A truck accelerates by", "another truck passes")


@pytest.mark.parametrize(
    "text",
    [
        "a dog barks while a cat meows",
        "a dog barks as a cat meows",
        "a dog barks and at the same time a cat meows",
        "while a dog barks, a cat meows",
        "a dog barks, meanwhile a cat meows",
    ],
)
def test_two_parts_at_once(text: str) -> None:
    assert at_once(text) == (DOG, CAT)


@pytest.mark.parametrize("text", ["a dog barks", "rain as well as wind", "a noise such as thunder", "while"])
def test_nothing_at_once_is_told(text: str) -> None:
    assert at_once(text) == (text,)
