"""The list of words without a meaning of their own."""

from __future__ import annotations

from hearken.text.stop_words import STOP_WORDS


def test_function_words_are_in_it_and_sounds_are_not() -> None:
    assert {"a", "the", "while", "is", "with", "its"} <= STOP_WORDS
    assert not {"dog", "water", "loud", "like", "background", "bang"} & STOP_WORDS
    assert all(word == word.lower().strip() for word in STOP_WORDS)
