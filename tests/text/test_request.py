"""What surrounds a description."""

from __future__ import annotations

import pytest

from hearken.text.request import bare_request, shortened, tidied


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Could you find me the sound of rain, please?", "rain"), ("find me a dog barking", "a dog barking"), ("where can I hear a kettle?", "a kettle"),
        ("I'm looking for the sound of a saw", "a saw"), ("I am searching for birds", "birds"), ("is there a siren in my library?", "a siren"),
        ("please search for glass breaking", "glass breaking"), ("show me all recordings with thunder", "thunder"), ("show me thunder", "thunder"),
        ("where can a dog be heard?", "a dog"), ("do you have any waves?", "any waves"), ("which files have applause", "applause"),
        ("i want to hear a train, thanks", "a train"), ("any files with whales", "whales"),
        ("the sound of rain", "the sound of rain"), ("a dog barks", "a dog barks"), ("playing a guitar", "playing a guitar"),
        ("somebody is searching a drawer", "somebody is searching a drawer"), ("find me", "find me"), ("what is that?", "what is that?"),
        ("people say please", "people say"), ("Hello", "Hello"),
    ],
)  # fmt: skip
def test_bare_request(text: str, expected: str) -> None:
    assert bare_request(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DogBark_01.wav", "Dog Bark"), ("dog_bark_loud03.mp3", "dog bark loud"), ("rain.flac", "rain"), ("CarDoor", "Car Door"),
        ("#thunder and #rain", "thunder and rain"), ("DOG BARKS", "dog barks"), ("FM", "FM"), ("a C# chord", "a C# chord"), ("McDonald", "Mc Donald"),
        ("a dog barks", "a dog barks"), ("DJ scratches a record", "DJ scratches a record"),
    ],
)  # fmt: skip
def test_tidied(text: str, expected: str) -> None:
    assert tidied(text) == expected


def test_long_texts_are_cut_between_sentences_else_clauses_else_words() -> None:
    assert shortened("A dog barks. A cat meows.", 60) == "A dog barks. A cat meows."
    assert shortened("A dog barks loudly at me. A cat meows and a bird sings on", 10) == "A dog barks loudly at me"
    assert shortened("A dog barks loudly, then a cat meows in the garden and more", 10) == "A dog barks loudly"
    assert shortened("one two three four five six", 4) == "one two three four"
    assert shortened("x. " + "word " * 50, 10).count("word") == 8  # a first sentence that short is not all
    assert shortened("extraordinarily loud", 3) == "extraordinarily"
