from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.library.words import STOP_WORDS, clean, folder_words, name_words, query_words, split_words, tag_words
from hearken.limits import MAX_QUERY_TOKENS

SPLITS = {
    "DogBark_01loud": ["dogbark", "dog", "bark", "01loud", "01", "loud"],
    "HTTPServer": ["httpserver", "http", "server"],
    "rain-on.roof": ["rain", "on", "roof"],
    "808": ["808"],
    "Übung2": ["übung2", "übung", "2"],
    "ﬁre": ["fire"],  # a ligature
    "caf\udce9": ["caf"],  # an undecodable byte
    "___": [],
}


@pytest.mark.parametrize("text", SPLITS)
def test_split_words(text: str) -> None:
    assert split_words(text) == SPLITS[text]


def test_query_words_are_distinct_and_telling() -> None:
    assert query_words("A dog, the DOG on a roof") == ["dog", "roof"]
    assert query_words("on and on") == ["on", "and"]
    assert query_words('"*()!') == []
    assert len(query_words(" ".join(f"word{index}" for index in range(500)))) == MAX_QUERY_TOKENS
    assert all(word == word.lower() for word in STOP_WORDS)


def test_name_and_folder_words() -> None:
    assert name_words("/home/anna/Sounds/big-dogs/Rex.wav") == "rex"
    assert folder_words("/home/anna/Sounds/big-dogs/Rex.wav", "/home/anna/Sounds") == "sounds big dogs"
    assert folder_words("/home/anna/Sounds/Rex.wav", "/home/anna/Sounds") == "sounds"
    assert folder_words("/home/anna/Rex.wav", "/home/anna/Rex.wav") == "anna"
    assert folder_words("/Rex.wav", "/") == ""
    assert tag_words(["Take Five", "jazz"]) == "take five jazz"


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF)))
def test_any_text_becomes_words_that_can_be_stored(text: str) -> None:
    clean(text).encode("utf-8")
    for word in split_words(text):
        assert word.replace("_", "x").isalnum() or not word.isascii()
        assert '"' not in word
