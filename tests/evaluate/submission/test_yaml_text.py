import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.evaluate.submission.yaml_text import to_yaml

yaml = pytest.importorskip("yaml")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12)


def test_the_layout_is_that_of_a_person() -> None:
    value = {"a": {"b": 1, "c": [{"d": "x", "e": [1, None]}, "y"]}, "f": {}, "g": [], "R@1": 0.5}
    assert to_yaml(value, {"a": "Top.", "a.b": "Inner.", "a.c.e": "Deep."}) == (
        '\n# Top.\na:\n  # Inner.\n  b: 1\n  c:\n    - d: "x"\n      # Deep.\n      e:\n        - 1\n        - null\n'
        '    - "y"\nf: {}\ng: []\nR@1: 0.5\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "null",
        "1e3",
        "2024-01-01",
        "a: b # c",
        "- x",
        'q"\\',
        "x\ny\tz\r",
        "\x00\x1b\x7f\x85\ufeff",
        "é雨🐕",
        " a ",
        "~",
        "=",
        "!!python/object",
    ],
)
def test_every_text_comes_back_as_the_same_text(text: str) -> None:
    written = to_yaml({text: [text, {text: text}]})
    assert yaml.safe_load(written) == {text: [text, {text: text}]}


@pytest.mark.parametrize("number", [1e-05, 1e20, 0.1, -0.0, 1.0, 5e-324, 123456789, math.inf, -math.inf])
def test_numbers_come_back_as_numbers(number: float) -> None:
    found = yaml.safe_load(to_yaml({"a": number}))["a"]
    assert found == number
    assert type(found) is type(number)


def test_nan_comes_back() -> None:
    assert math.isnan(yaml.safe_load(to_yaml({"a": math.nan}))["a"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3))
def test_whatever_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(to_yaml(value)) == value
