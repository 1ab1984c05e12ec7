"""Differences in words."""

from __future__ import annotations

from hearken.train.runs.compare import differences, digest, finite, plain, settled

OLD = {"a": {"b": 1, "c": [1, {"d": 2}]}, "e": {}, "about": {"x": 1}}


def test_nothing_differs() -> None:
    assert differences(OLD, {**OLD, "about": {"x": 2}}) == ""
    assert differences({}, {}) == ""


def test_what_differs_is_named_by_its_keys() -> None:
    assert differences(OLD, {"a": {"b": 1, "c": [1, {"d": 3}]}, "e": {}}) == "a.c.1.d was 2, is 3"
    assert differences(OLD, {"a": {"b": None, "c": [1, {"d": 2}]}, "e": {}}) == "a.b was 1, is null"
    assert differences({"a": 1}, {"b": "\x1b"}) == 'a was 1, is absent; b was absent, is "\\u001b"'
    assert differences({"e": {}}, {"e": {"f": 1}}) == "e was {}, is absent; e.f was absent, is 1"
    assert differences({"e": None}, {}) == "e was null, is absent"


def test_more_than_five_are_counted() -> None:
    told = differences({}, {str(number): number for number in range(7)})
    assert told.endswith("; 4 was absent, is 4; and 2 more")


def test_plain_values_and_their_digest() -> None:
    assert plain({"a": (1, 2), "b": {3: 4.5}}) == {"a": [1, 2], "b": {"3": 4.5}}
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    assert len(digest({})) == 64


def test_numbers_that_are_not_finite_are_words() -> None:
    values = {"a": float("nan"), "b": [float("inf"), {"c": (-float("inf"), 1.5)}], "d": None, 5: True}
    assert finite(values) == {"a": "nan", "b": ["inf", {"c": ["-inf", 1.5]}], "d": None, "5": True}


def test_a_decoder_that_is_not_there_is_none() -> None:
    old = {"name": "x", "model": {"dim": 8}}
    assert settled({"name": "x", "model": {"dim": 8, "decoder": None}}) == settled(old) == old
    captioner = {"model": {"decoder": {"kind": "cross"}}}
    assert settled(captioner) == captioner
    assert settled({"name": "x"}) == {"name": "x"}
