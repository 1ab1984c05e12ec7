"""Typing errors: how far words are apart, and what is corrected."""

from __future__ import annotations

import math

import pytest

from hearken.text.dictionary import Dictionary, english
from hearken.text.spelling import correct, slips


@pytest.mark.parametrize(
    ("typed", "meant", "expected"),
    [
        ("dog", "dog", 0.0),
        ("dgo", "dog", 0.7),  # swapped
        ("dig", "dog", 0.8),  # i is beside o
        ("dqg", "dog", 1.0),
        ("do", "dog", 1.0),
        ("doog", "dog", 0.5),  # doubled
        ("glas", "glass", 0.5),  # not doubled
        ("dxog", "dog", 1.0),
        ("glsas", "glass", 0.7),
        ("abcd", "bacde", 1.7),
        ("dog", "cat", math.inf),
        ("", "ab", 2.0),
    ],
)
def test_slips(typed: str, meant: str, expected: float) -> None:
    assert slips(typed, meant, 2.0) == pytest.approx(expected)


def test_slips_give_up_beyond_the_most() -> None:
    assert slips("barking", "brkngi", 1.0) == math.inf
    assert slips("dxg", "dog", 0.9) == math.inf


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("glsas", "glass"), ("barkign", "barking"), ("dgo", "dog"), ("thuder", "thunder"), ("helicoptr", "helicopter"), ("engin", "engine"),
        ("wnd", "wind"), ("raining", None), ("carengine", "car engine"), ("dogbark", "dog bark"), ("babys", "babies"), ("snorring", "snoring"),
        ("hlicoptre", "helicopter"), ("dog", None), ("didgeridoo", None), ("brig", None), ("xq", None), ("qqqqqqq", None), ("d0g", None),
        ("größe", None), ("sarangi", None), ("", None),
    ],
)  # fmt: skip
def test_what_is_corrected(typed: str, meant: str | None) -> None:
    assert correct(typed, english()) == meant


def test_the_frequent_word_wins_and_a_wrong_first_letter_costs() -> None:
    words = Dictionary({"barks": 300, "parks": 300, "marks": 3_000})
    assert correct("karks", words) == "marks"
    assert correct("barkz", words) == "barks"
    assert correct("bbarks", words) == "barks"


def test_little_words_win_only_where_nothing_else_is_near() -> None:
    words = Dictionary({"and": 20_000, "wind": 1_500})
    assert correct("wnd", words) == "wind"
    assert correct("adn", words) == "and"


def test_two_slips_need_a_long_word_with_the_right_start() -> None:
    words = Dictionary({"thunderstorm": 100, "bird": 1_000})
    assert correct("thundrestrom", words) == "thunderstorm"
    assert correct("bxrx", words) is None
    assert correct("rhundrestrom", words) is None


def test_most_simulated_errors_are_mended() -> None:
    words = english()
    common = [word for word in list(words.counts)[:400] if len(word) >= 5]
    swapped = {word: word[:2] + word[3] + word[2] + word[4:] for word in common if word[2] != word[3]}
    typos = {word: typed for word, typed in swapped.items() if not words.knows(typed)}
    right = sum(correct(typed, words) == word for word, typed in typos.items())
    assert len(typos) > 150
    assert right / len(typos) > 0.95
