"""Imitations of sounds."""

from __future__ import annotations

import pytest

from hearken.text.onomatopoeia import expand, imitates, meaning


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("woof", "a dog barks"), ("Woof woof woof!", "a dog barks"), ("wooooof", "a dog barks"), ("vroom", "an engine revs"),
        ("vroooom", "an engine revs"), ("tick-tock", "a clock ticks"), ("Moo", "a cow moos"), ("mooooo", "a cow moos"),
        ("ding dong", "a doorbell rings"), ("it goes ding-dong", "a doorbell rings"), ("hahahaha", "a person laughs"),
        ("ho ho ho", "a person laughs"), ("zzzzzz", "a person snores"), ("the sound of ka-ching", "a cash register rings"),
        ("cock-a-doodle-doo", "a rooster crows"), ("hoo hoo", "an owl hoots"), ("beep beep beep", "a car horn honks"),
        ("a dog goes woof", None), ("beep", None), ("bang", None), ("splash", None), ("barks", None), ("", None), ("dog", None),
    ],
)  # fmt: skip
def test_meaning(clause: str, expected: str | None) -> None:
    assert meaning(clause) == expected


def test_only_clauses_of_nothing_else_are_replaced() -> None:
    assert expand("woof") == ("a dog barks", [("woof", "a dog barks")])
    assert expand("vrooom, then ding dong") == (
        "an engine revs, then a doorbell rings",
        [("vrooom", "an engine revs"), ("ding dong", "a doorbell rings")],
    )
    assert expand("a door slams and then woof woof")[0] == "a door slams and then a dog barks"
    assert expand("moo and oink")[0] == "a cow moos and a pig oinks"
    for text in ("animals bleat and moo", "a dog goes woof", "birds chirp, flutter and coo", "a car passes", "", "  "):
        assert expand(text) == (text, [])


def test_imitations_are_no_typing_errors() -> None:
    for word in ("woof", "wooooof", "vroom", "vrooooom", "ribbit", "hahaha", "bwahahaha", "zzzzzzzz"):
        assert imitates(word), word
    for word in ("glsas", "dgo", "", "barkingg"):
        assert not imitates(word), word
