"""Forms of words, both ways, against words that everybody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.text.inflect import Reading, article, inflect, readings

FORMS = [
    ("dog", "plural", "dogs"), ("bus", "plural", "buses"), ("box", "plural", "boxes"), ("church", "plural", "churches"),
    ("city", "plural", "cities"), ("key", "plural", "keys"), ("leaf", "plural", "leaves"), ("man", "plural", "men"),
    ("policeman", "plural", "policemen"), ("human", "plural", "humans"), ("child", "plural", "children"), ("sheep", "plural", "sheep"),
    ("rain", "plural", ""), ("railway car", "plural", "railway cars"), ("person", "plural", "people"), ("roof", "plural", "roofs"),
    ("bark", "third", "barks"), ("splash", "third", "splashes"), ("cry", "third", "cries"), ("play", "third", "plays"), ("go", "third", "goes"), ("echo", "third", "echoes"),
    ("rain down", "third", "rains down"), ("buzz", "third", "buzzes"),
    ("bark", "ing", "barking"), ("hum", "ing", "humming"), ("run", "ing", "running"), ("make", "ing", "making"), ("flee", "ing", "fleeing"),
    ("tie", "ing", "tying"), ("open", "ing", "opening"), ("begin", "ing", "beginning"), ("play", "ing", "playing"), ("blow", "ing", "blowing"),
    ("squeak", "ing", "squeaking"), ("panic", "ing", "panicking"), ("quit", "ing", "quitting"), ("be", "ing", "being"),
    ("bark", "past", "barked"), ("hum", "past", "hummed"), ("close", "past", "closed"), ("cry", "past", "cried"), ("stay", "past", "stayed"),
    ("run", "past", ""), ("break", "past", ""), ("whisper", "past", "whispered"), ("4", "plural", ""), ("dog", "base", "dog"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "form", "word"), FORMS)
def test_forms(base: str, form: str, word: str) -> None:
    assert inflect(base, form) == word


@pytest.mark.parametrize(("base", "form", "word"), [row for row in FORMS if row[2] and " " not in row[0] and row[1] != "base"])
def test_forms_are_read_back(base: str, form: str, word: str) -> None:
    if base != word and word != "policemen":  # a sheep is its own plural; compounds have too many ends to look for
        assert base in {reading.base for reading in readings(word) if reading.form == form}


def test_the_word_itself_comes_first() -> None:
    found = list(readings("barks"))
    assert [reading.pos for reading in found[:4]] == ["n", "v", "a", "r"]
    assert Reading("bark", "n", "plural") in found
    assert Reading("bark", "v", "third") in found


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9))
def test_readings_are_consistent(word: str) -> None:
    for reading in readings(word):
        assert inflect(reading.base, reading.form) == word


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("engine", "an"),
        ("dog", "a"),
        ("hour", "an"),
        ("unit", "a"),
        ("uninteresting", "an"),
        ("one", "a"),
        ("Owl", "an"),
        ("European", "a"),
        ("", "a"),
    ],
)
def test_articles(word: str, wanted: str) -> None:
    assert article(word) == wanted
