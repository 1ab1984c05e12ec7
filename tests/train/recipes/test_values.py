"""Plain values as dataclasses: what is taken as what, and that faults are kept with their path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from hearken.train.recipe import Named
from hearken.train.recipes.values import Faults, make, nearest


@dataclass(frozen=True)
class Inner:
    name: str
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=lambda: Inner("default"))
    many: tuple[Inner, ...] = ()
    two: tuple[float, float] = (1.0, 2.0)
    precision: Literal["32", "bf16"] = "32"
    maybe: int | None = 3
    on: bool = False
    rates: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    loss: Named = field(default_factory=lambda: Named("nt_xent"))


def made(value: object) -> tuple[Outer, list[str]]:
    faults = Faults()
    return make(Outer, value, "", faults), faults.lines


def test_all_kinds_of_values() -> None:
    values = {
        "inner": {"name": "a", "rate": "2e-5"}, "many": [{"name": "b", "rate": 1}], "two": [3, 4.5], "precision": 32, "maybe": None, "on": True,
        "rates": {"x": 1}, "options": {"a": ["1e-3", "word"], "b": {"c": None}}, "loss": {"name": "triplet", "margin": 1},
    }  # fmt: skip
    outer, faults = made(values)
    assert faults == []
    assert outer == Outer(
        Inner("a", 2e-5), (Inner("b", 1.0),), (3.0, 4.5), "32", None, True, {"x": 1.0}, {"a": [0.001, "word"], "b": {"c": None}},
        Named("triplet", {"margin": 1}),
    )  # fmt: skip
    assert isinstance(outer.rates["x"], float)


@pytest.mark.parametrize("value", ["nt_xent", {"name": "nt_xent"}, {"name": "nt_xent", "options": {}}])
def test_a_named_thing_in_three_ways(value: object) -> None:
    assert made({"loss": value})[0].loss == Named("nt_xent")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"inner": {"rate": 1}}, "inner.name: this key is missing."),
        ({"inner": {"name": "a", "rat": 1}}, "inner.rat: there is no such key; nearest: rate, name."),
        ({"inner": 3}, "inner: this must be a mapping, not 3."),
        ({"many": [{"name": 1}]}, "many.0.name: this must be a word, not 1."),
        ({"many": "abc"}, "many: this must be a list, not 'abc'."),
        ({"two": [1, 2, 3]}, "two: this must be a list of 2, not of 3."),
        ({"two": [1, "x"]}, "two.1: this must be a number, not 'x'."),
        ({"precision": 16}, "precision: this must be one of 32, bf16, not 16."),
        ({"maybe": 1.5}, "maybe: this must be a whole number, not 1.5."),
        ({"maybe": True}, "maybe: this must be a whole number, not True."),
        ({"on": 1}, "on: this must be true or false, not 1."),
        ({"rates": {"x": float("nan")}}, "rates.x: this must be a finite number, not nan."),
        ({"options": {"x": [float("inf")]}}, "options.x.0: this must be a finite number, not inf."),
        ({"options": 5}, "options: this must be a mapping, not 5."),
        ({"loss": {"margin": 1}}, "loss: this must be a name, or a mapping with `name` and its options, not a mapping."),
        ({"loss": None}, "loss: this must be a name, or a mapping with `name` and its options, not nothing."),
    ],
)  # fmt: skip
def test_a_fault_has_its_path(value: object, line: str) -> None:
    assert made(value)[1][0] == line


def test_all_faults_are_kept() -> None:
    outer, faults = made({"maybe": "x", "on": "y", "two": 1, "nothing": 2})
    assert [line.partition(":")[0] for line in faults] == ["maybe", "on", "two", "nothing"]
    assert outer == Outer()


def test_what_is_no_plain_value() -> None:
    assert made({"options": {"x": object}})[1][0].startswith("options.x: this must be a plain value")


def test_strange_keys_are_escaped() -> None:
    assert made({"a\x1b[2J": 1})[1][0].startswith("a\\x1b[2J: there is no such key")


def test_nearest_names() -> None:
    assert nearest("PASST_n", ["passt_n", "cnn14"]) == "; nearest: passt_n, cnn14"
    assert nearest("x", []) == ""
