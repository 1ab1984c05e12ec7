"""What is said of two sounds is true."""

from __future__ import annotations

import numpy as np
import pytest
from pocket_scenes import _THEN, Phrases, inner

DOG, CAR, RAIN = "A dog barks.", "A car passes.", "Rain falls."


def test_a_single_sound_is_said_in_its_own_words_or_others() -> None:
    phrases, generator = Phrases({DOG: ("woof",)}, own=0.5), np.random.default_rng(0)
    said = [phrases.say(DOG, generator) for _ in range(200)]
    assert set(said) == {DOG, "woof"}
    assert 70 < said.count(DOG) < 130
    assert phrases.say(CAR, generator) == phrases.other(CAR, generator) == CAR
    assert phrases.other(DOG, generator) == "woof"


def test_every_form_of_a_sequence_tells_the_right_order() -> None:
    """In each form the sound named first is heard first, but behind 'after' and 'before' at its head."""
    for form in _THEN:
        text = form.format(a="dog", b="car")
        named = text.index("dog") < text.index("car")
        turned = form.startswith("before ") or " after {a}" in form
        assert named != turned, text


def test_a_sequence_is_one_sentence() -> None:
    text = Phrases({}).say_key(("then", DOG, CAR), np.random.default_rng(3))
    assert text[0].isupper()
    assert text.endswith(".")
    assert "a dog barks" in text.lower()
    assert "a car passes" in text.lower()


def test_two_sounds_at_once_are_told_as_one_sentence() -> None:
    assert Phrases({}, own=1.0).say_key(("and", DOG, RAIN), np.random.default_rng(0)) == "A dog barks and rain falls."


@pytest.mark.parametrize(("caption", "expected"), [(DOG, "a dog barks"), ("TV plays.", "TV plays"), ("A", "a")])
def test_inside_a_sentence(caption: str, expected: str) -> None:
    assert inner(caption) == expected
