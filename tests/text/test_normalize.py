"""Text policies, shown on captions: what each published system does to them."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.text.normalize import TEXT_POLICIES, TextPolicy, text_policy

CAPTION = 'A Dog barks , twice: "woof-woof!"'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", CAPTION),
        ("dcase", "a dog barks  twice woofwoof"),
        ("dcase2023", "a dog barks  twice woofwoof"),
        ("words", "a dog barks  twice woofwoof"),
        ("wavcaps", "a dog barks twice  woof-woof "),
        ("laion", CAPTION),
        ("msclap2022", CAPTION),
        ("msclap2023", CAPTION + " <|endoftext|>"),
        ("sentence", CAPTION),
    ],
)
def test_named_policies(name: str, text: str) -> None:
    assert text_policy(name)(CAPTION) == text


def test_the_table_was_tested_wholly() -> None:
    assert len(TEXT_POLICIES) == 9
    assert {name: policy.name for name, policy in TEXT_POLICIES.items()} == {name: name for name in TEXT_POLICIES}


def test_numbers_of_the_papers() -> None:
    assert {name: policy.max_tokens for name, policy in TEXT_POLICIES.items()} == {
        "plain": 64, "dcase": 32, "dcase2023": 32, "words": 512, "wavcaps": 30, "laion": 77, "msclap2022": 100, "msclap2023": 77, "sentence": 256,
    }  # fmt: skip
    assert {name for name, policy in TEXT_POLICIES.items() if policy.cut == "slice"} == {"dcase2023"}


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("wind blows , birds sing .", "wind blows birds sing "),
        ("One.Two", "one two"),
        ("it's a bird", "it's a bird"),
        ("a   b", "a b"),  # each of two passes halves a run of spaces
        ("(loud)", " loud "),
    ],
)
def test_wavcaps_spacing(text: str, tidied: str) -> None:
    assert text_policy("wavcaps")(text) == tidied


@given(st.text())
def test_dcase_leaves_neither_capitals_nor_punctuation_and_is_done_after_once(text: str) -> None:
    once = text_policy("dcase")(text)
    assert not set(once) & set(string.punctuation)
    assert once == once.lower() or once.lower() != once.lower().lower()  # a few letters have no stable lower case
    once.encode()


@given(st.text(st.characters(categories=("Cs", "L"))))
def test_no_surrogate_reaches_the_tokenizer(text: str) -> None:
    text_policy("plain")(text).encode("utf-8")


def test_a_policy_survives_json() -> None:
    for policy in TEXT_POLICIES.values():
        assert TextPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_what_makes_no_sense_is_an_error() -> None:
    with pytest.raises(InputError, match="at least 1"):
        TextPolicy(max_tokens=0)
    with pytest.raises(InputError, match="keep_end, slice"):
        TextPolicy(cut="snip")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no colour, size"):
        TextPolicy.from_json({"size": 1, "colour": 2, "lower": True})


def test_an_unknown_policy_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        text_policy("dcase22")
    assert "dcase" in caught.value.hint
