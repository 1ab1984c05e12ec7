"""Captions as words and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.augment.words import Word, join, split


@pytest.mark.parametrize(
    "text", ["A dog barks, then stops.", "rain", "(Rain) falls - hard!", "I hear 'rain'.", "TV static, 3.5 kHz; loud?", ""]
)
def test_there_and_back(text: str) -> None:
    assert join(*split(text)) == text


def test_the_parts() -> None:
    words, capital = split("A dog's (bark), then - stop.")
    assert capital
    assert [(word.before, word.core, word.after) for word in words] == [
        ("", "a", ""), ("", "dog's", ""), ("(", "bark", "),"), ("", "then", " -"), ("", "stop", "."),
    ]  # fmt: skip
    assert split("I hear")[1] is False
    assert split("TV noise")[1] is False


def test_articles_follow_what_was_changed_and_nothing_else() -> None:
    assert join([Word("a"), Word("engine", changed=True)], True) == "An engine"
    assert join([Word("an", changed=True), Word("dog")], False) == "a dog"
    assert join([Word("a"), Word("engine")], False) == "a engine"


@given(st.text())
def test_any_text_goes_through(text: str) -> None:
    words, capital = split(text)
    assert all(word.core for word in words)
    again = join(words, capital)
    assert split(again)[0] == words or not words or "\u0130" in text  # a capital that has no small letter of its own
