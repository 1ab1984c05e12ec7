"""Sentences out of labels."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.data.clip import Clip
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.templates import PATTERNS, fill, from_template, listed, speaking
from hearken.text.wordnet import from_senses
from hearken.text.wordnet_files import Sense, Synset

CLIP = Clip("a", "all", "a.wav")


def item(*keywords: str, title: str = "") -> Item:
    return Item(0, CLIP, title=title, keywords=keywords)


@pytest.mark.parametrize(("labels", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists(labels: list[str], text: str) -> None:
    assert listed(labels) == text


def test_patterns() -> None:
    assert fill("The sound of {all}.", ["rain", "wind"]) == "The sound of rain and wind."
    assert fill("{A} {first} sound.", ["engine"]) == "An engine sound."
    assert fill("{A} {first} sound with {rest}.", ["dog", "rain", "wind"]) == "A dog sound with rain and wind."
    assert fill("{All} can be made out.", ["rain", "wind"]) == "Rain and wind can be made out."


def test_keywords_that_say_nothing_about_the_sound_go() -> None:
    assert speaking(["field-recording", "Rain", "zoom-h4n", "H2N", "2014", "roof_tiles", "owi", "ebb", "stereo", "48k", "door.wav"]) == [
        "rain", "roof tiles", "ebb", "door",
    ]  # fmt: skip


def test_of_two_forms_the_first_stays() -> None:
    assert speaking(["rustle", "rustling", "paper", "Papers", "rustles"]) == ["rustle", "paper"]
    assert speaking(["radio", "garbled-radio", "garble"]) == ["garbled radio"]


def test_the_same_seed_gives_the_same_sentences() -> None:
    made = [from_template(item("rain", "wind", "thunder"), 5, np.random.default_rng(3)) for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) == 5
    assert made[0] != from_template(item("rain", "wind", "thunder"), 5, np.random.default_rng(4))


def test_what_there_is_not_enough_of() -> None:
    assert from_template(item(), 3, np.random.default_rng(0)) == ()
    assert from_template(item("zoom"), 3, np.random.default_rng(0)) == ()
    one = from_template(item("rain"), 50, np.random.default_rng(0))
    assert len(one) == sum("{rest}" not in pattern for pattern in PATTERNS)
    assert from_template(item(title="Big_Dog 01.wav"), 1, np.random.default_rng(0))[0].lower().count("big dog") == 1


def synset(pos: str, category: str, *lemmas: str) -> list[tuple[str, Sense]]:
    return [(lemma, Sense(Synset(pos, category, lemmas), rank)) for rank, lemma in enumerate(lemmas)]


def test_a_wordnet_keeps_to_what_sounds() -> None:
    wordnet = from_senses([
        *synset("n", "noun.animal", "bird"), *synset("n", "noun.time", "night"), *synset("n", "noun.location", "Brook"),
        *synset("v", "verb.contact", "cut"), *synset("a", "adj.all", "loud"), *synset("n", "noun.artifact", "park"),
    ])  # fmt: skip
    assert speaking(["Birds", "night", "brook", "cutting", "loud", "park", "tjeelp"], wordnet) == ["birds", "cutting"]
    assert speaking(["park", "night"], wordnet) == ["park"]
    assert fill("{A} {first} sound.", ["sea birds"], wordnet) == "A sea bird sound."
    assert fill("{A} {first} sound.", ["cutting"], wordnet) == "A cutting sound."


def test_every_sentence_is_one() -> None:
    for seed in range(40):
        for text in from_template(item("rain", "engine", "dog bark", "owl", "hum"), 5, np.random.default_rng(seed)):
            assert text[0].isupper()
            assert text.endswith(".")
            assert "  " not in text
            assert "{" not in text
