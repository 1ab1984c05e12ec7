"""What a text says must not be heard."""

from __future__ import annotations

import pytest

from hearken.text.negation import ANY_SOUND, negated


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("a dog barks without music", "a dog barks", "music"),
        ("a dog barks without any music in the background", "a dog barks", "music"),
        ("rain, no thunder", "rain", "thunder"),
        ("rain with no thunder", "rain", "thunder"),
        ("rain but no thunder, then a car", "rain, then a car", "thunder"),
        ("birds singing but not crows", "birds singing", "crows"),
        ("a dog, not barking", "a dog", "barking"),
        ("no speech", ANY_SOUND, "speech"),
        ("everything except music", ANY_SOUND, "music"),
        ("no speech, no music", ANY_SOUND, "speech or music"),
        ("rain, no music, speech or wind", "rain", "music, speech or wind"),
        ("dog -music -wind", "dog", "music or wind"),
        ("a crowd (no music) cheers", "a crowd cheers", "music"),
        ("thunder instead of rain", "thunder", "rain"),
        ("without music, a dog barks", "a dog barks", "music"),
        ("footsteps w/o talking", "footsteps", "talking"),
        ("talking, but no children's voices", "talking", "children's voices"),
    ],
)
def test_negations(text: str, wanted: str, unwanted: str) -> None:
    assert negated(text) == (wanted, unwanted)


@pytest.mark.parametrize(
    "text",
    [
        "a dog barks", "a dog barks without stopping", "footsteps, not loud", "a man says no", "the engine does not start", "no longer audible",
        "a song that is not finished", "no sound", "not only rain", "yes or no", "a well-known tune", "a woman shouts no and runs", "", "snow",
        "a nonstop alarm", "not very loud rain", "I have no idea", "knocks", "no one", "without warning a bomb explodes", "t-shirt", "take -5",
        "not sure what this is",
    ],
)  # fmt: skip
def test_what_is_no_negation_stays(text: str) -> None:
    assert negated(text) == (text, None)


def test_nothing_but_rain_is_rain() -> None:
    assert negated("nothing but rain") == ("rain", None)
    assert negated("no sound except birds") == ("birds", None)


def test_a_story_is_no_negation() -> None:
    text = "rain, not at all like what we had heard the day before in another country"
    assert negated(text).unwanted is None
