"""British words, digits and emoji."""

from __future__ import annotations

import pytest

from hearken.text.variants import american, numbers_as_words, pictures_as_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a lorry passes", "a truck passes"), ("Lorries", "Trucks"), ("a lorry's tyres screech", "a truck's tires screech"),
        ("petrol station", "gas station"), ("the lift doors open", "the elevator doors open"), ("a dripping tap", "a dripping faucet"),
        ("running tap water", "running tap water"), ("tap dancing", "tap dancing"), ("somebody lifts a box", "somebody lifts a box"),
        ("a railway level crossing", "a railroad crossing"), ("colourful", "colourful"), ("a truck passes", "a truck passes"),
    ],
)  # fmt: skip
def test_american(text: str, expected: str) -> None:
    assert american(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 dogs bark", "two dogs bark"), ("a bell x3", "a bell three times"), ("knocks 2x", "knocks twice"), ("5 kHz tone", "5 kHz tone"),
        ("at 10:20 bells", "at 10:20 bells"), ("10 s of rain", "10 s of rain"), ("90 dogs", "90 dogs"), ("take 03 drums", "take 03 drums"),
        ("Boeing 747", "Boeing 747"), ("20 birds", "twenty birds"), ("3.5 dogs", "3.5 dogs"), ("808", "808"), ("x99", "x99"),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: str) -> None:
    assert numbers_as_words(text) == expected


def test_pictures() -> None:
    assert pictures_as_words("🔔") == ("bell", [("🔔", "bell")])
    assert pictures_as_words("🐶 and 🐶") == ("dog and dog", [("🐶", "dog")])
    assert pictures_as_words("🦜") == ("parrot", [("🦜", "parrot")])
    assert pictures_as_words("👏🏽") == ("applause", [("👏", "applause")])
    assert pictures_as_words("❤️") == ("heartbeat", [("❤", "heartbeat")])
    for text in ("a dog barks", "20 °C", "café", "© me", ""):
        assert pictures_as_words(text) == (text, [])
