"""Vocabularies of captioners: numbers and back, marks, unknown words, and what a file holds."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.errors import ModelError
from hearken.text.vocabulary import END, PAD, START, UNKNOWN, PieceVocabulary, Vocabulary, WordVocabulary, plain, read_vocabulary

CAPTIONS = ["A dog barks, twice.", "A dog runs.", "Rain falls on a tin roof"]
PIECES = PieceVocabulary.learn(CAPTIONS, size=300)


def test_plain_captions() -> None:
    assert plain("  A man's   DOG, barks! ") == "a mans dog barks"
    assert plain("A man's dog, barks!", ",!") == "a man's dog barks"


def test_words_are_counted_and_the_most_frequent_come_first() -> None:
    vocabulary = WordVocabulary.learn(CAPTIONS)
    assert vocabulary.words[:6] == (START, END, PAD, UNKNOWN, "a", "dog")
    assert vocabulary.words[6:9] == ("barks", "falls", "on")
    assert (vocabulary.start, vocabulary.end, vocabulary.pad, len(vocabulary)) == (0, 1, 2, 14)
    assert WordVocabulary.learn(CAPTIONS, least=2).words[4:] == ("a", "dog")


def test_words_to_numbers_and_back() -> None:
    vocabulary = WordVocabulary.learn(CAPTIONS)
    assert vocabulary.encode("A dog sings.") == [4, 5, 3]
    assert vocabulary.decode([0, 4, 5, 3, 2, 1, 4]) == "a dog"


def test_without_a_mark_for_unknown_words_they_are_left_out() -> None:
    vocabulary = WordVocabulary([START, "a", "man's", END], dropped=",.")
    assert vocabulary.encode("A man's dog.") == [1, 2]
    assert vocabulary.pad == vocabulary.end == 3


@pytest.mark.parametrize("words", [["a", END], [START, "a"], [START, END, "a", "a"]])
def test_words_that_are_no_vocabulary(words: list[str]) -> None:
    with pytest.raises(ModelError, match="every word once"):
        WordVocabulary(words)


def test_pieces_write_words_they_never_saw() -> None:
    numbers = PIECES.encode("A cat meows?")
    assert PIECES.decode([PIECES.start, *numbers, PIECES.end, *numbers]) == "a cat meows"
    assert len(PIECES) <= 300
    assert len({PIECES.start, PIECES.end, PIECES.pad}) == 3


@given(st.text(st.characters(codec="utf-8", exclude_characters="<>"), max_size=40))
def test_pieces_give_back_any_plain_caption(text: str) -> None:
    assert PIECES.decode(PIECES.encode(text)) == plain(text)


@pytest.mark.parametrize("vocabulary", [PIECES, WordVocabulary.learn(CAPTIONS), WordVocabulary([START, END, "it's"], ",")])
def test_a_vocabulary_is_read_as_it_was_written(vocabulary: Vocabulary) -> None:
    again = read_vocabulary(vocabulary.to_json())
    assert again.to_json() == vocabulary.to_json()
    assert [again.encode(caption) for caption in CAPTIONS] == [vocabulary.encode(caption) for caption in CAPTIONS]


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"kind": "letters"},
        {"kind": "words", "words": [1]},
        {"kind": "words", "words": [START, END], "dropped": 1},
        {"kind": "pieces", "tokenizer": "x"},
    ],
)
def test_what_is_no_vocabulary_is_refused(mapping: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="no vocabulary"):
        read_vocabulary(mapping)


def test_damaged_pieces_are_refused() -> None:
    with pytest.raises(ModelError, match="damaged"):
        read_vocabulary({"kind": "pieces", "tokenizer": {"version": "1.0"}})
    damaged = PIECES.to_json()
    damaged["tokenizer"]["added_tokens"] = []
    damaged["tokenizer"]["model"]["vocab"] = {
        f"{mark}x" if mark in (START, END) else mark: number for mark, number in damaged["tokenizer"]["model"]["vocab"].items()
    }
    with pytest.raises(ModelError, match="holds"):
        read_vocabulary(damaged)


def test_all_punctuation_goes_by_default() -> None:
    assert plain(string.punctuation) == ""
