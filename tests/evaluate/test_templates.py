"""Prompt templates, and the vectors of classes."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.templates import TEMPLATES, class_vectors, fill, read_label, templates_of


def test_the_authors_sets_say_what_their_code_says() -> None:
    assert [fill(each, "dog") for each in TEMPLATES["msclap"].templates] == ["this is the sound of dog"]
    assert [fill(each, "dog") for each in TEMPLATES["laion"].templates] == ["This is a sound of dog."]
    assert [fill(each, "dog") for each in TEMPLATES["laion-api"].templates] == ["This is a sound of dog"]
    assert [fill(each, "dog") for each in TEMPLATES["wavcaps"].templates] == ["dog can be heard"]
    assert [fill(each, "dog") for each in TEMPLATES["glap"].templates] == ["The sound of dog can be heard."]
    assert [fill(each, "dog") for each in TEMPLATES["plain"].templates] == ["dog"]
    assert all(
        name == each.name and each.source and all(text.count("{}") == 1 for text in each.templates) for name, each in TEMPLATES.items()
    )
    assert len(TEMPLATES["ensemble"].templates) == 5


def test_names_and_own_texts_together_each_once() -> None:
    assert templates_of(["laion", "a recording of {}", "plain", "{}"]) == ("This is a sound of {}.", "a recording of {}", "{}")


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        (["msclab"], "no set of templates", "Did you mean msclap?"),
        (["laoin"], "no set", "Did you mean laion?"),
        (["PLAIN"], "no set", "mean plain?"),
        (["{} and {}"], "2 places", "once"),
        ([], "no template", "plain"),
    ],
)
def test_what_is_no_template(names: list[str], message: str, hint: str) -> None:
    with pytest.raises(EvaluationError, match=message) as caught:
        templates_of(names)
    assert hint in caught.value.hint


def test_braces_in_a_template_or_label_mean_nothing_else() -> None:
    assert fill("{0.__class__} {}", "{x}") == "{0.__class__} {x}"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Crackling_fire", "crackling fire"),
        (" sea__waves ", "sea waves"),
        ("Gunshot, gunfire", "gunshot, gunfire"),
        ("Keyboard (musical)", "keyboard (musical)"),
    ],
)
def test_labels_are_read_as_words(label: str, words: str) -> None:
    assert read_label(label) == words


def test_a_class_is_the_mean_of_unit_vectors_with_unit_length() -> None:
    vectors = {"dog": [10.0, 0.0], "the dog": [0.0, 1.0], "cat": [1.0, 1.0], "the cat": [2.0, 2.0]}
    found = class_vectors(["Dog", "cat"], lambda texts: np.array([vectors[text] for text in texts]), ["{}", "the {}"])
    assert found == pytest.approx(np.full((2, 2), np.sqrt(0.5)))


def test_labels_that_read_alike_are_refused() -> None:
    with pytest.raises(EvaluationError, match="'dog_bark' and 'Dog bark' read alike"):
        class_vectors(["dog_bark", "Dog bark"], lambda texts: np.ones((len(texts), 2)), ["{}"])
    with pytest.raises(EvaluationError, match="'_' has no word"):
        class_vectors(["_", "dog"], lambda texts: np.ones((len(texts), 2)), ["{}"])


def test_prompts_that_cancel_out_are_refused() -> None:
    vectors = {"a": [1.0, 0.0], "not a": [-1.0, 0.0], "b": [1.0, 0.0], "not b": [1.0, 0.0]}
    with pytest.raises(EvaluationError, match="'a' has no direction"):
        class_vectors(["a", "b"], lambda texts: np.array([vectors[text] for text in texts]), ["{}", "not {}"])
