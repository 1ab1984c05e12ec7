"""Prompts: what is said about a label."""

from __future__ import annotations

import pytest

from hearken.text.prompts import PLACE, PROMPTS, prompts_of, read_label


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Crackling_fire", "crackling fire"),
        ("  Gunshot,  gunfire ", "gunshot, gunfire"),
        ("Keyboard (musical)", "keyboard (musical)"),
        ("_", ""),
    ],
)
def test_labels_are_read_as_words(label, words) -> None:
    assert read_label(label) == words


def test_each_prompt_has_the_words_once() -> None:
    assert all(prompt.count(PLACE) == 1 for prompt in PROMPTS)
    assert prompts_of("Dog_{0}", ["a {} b", "{}"]) == ["a dog {0} b", "dog {0}"]
    assert prompts_of("Rain")[:2] == ["rain", "this is the sound of rain"]


def test_they_are_the_ensemble_that_zero_shot_evaluation_knows() -> None:
    templates = pytest.importorskip("hearken.evaluate.templates")
    assert templates.TEMPLATES["ensemble"].templates == PROMPTS
    assert all(templates.read_label(label) == read_label(label) for label in ("A_b", " C  d "))
