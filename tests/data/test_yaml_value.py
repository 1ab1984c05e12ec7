"""YAML from strangers: plain values come out, everything else is an error with a line, and nothing ends the process."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from hearken.data import rows
from hearken.data.rows import fail, read_yaml
from hearken.data.yaml_value import load_yaml
from hearken.errors import DataError, MissingExtraError, extra_hint

FAIL = partial(fail, Path("x.yaml"))


def test_plain_values() -> None:
    assert load_yaml("files:\n- {filename: a.wav, tags: [x, y]}\n- filename: 'b'\n  n: 1.5\n", FAIL) == {
        "files": [{"filename": "a.wav", "tags": ["x", "y"]}, {"filename": "b", "n": 1.5}]
    }
    assert load_yaml("", FAIL) is None
    assert load_yaml("[" * 99 + "]" * 99, FAIL)[0][0] is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: !!python/object:os.system x", "line 2: this is no YAML: could not determine a constructor"),
        ("a: &x [1]\nb: *x", "line 2: aliases are not read"),
        ("a: 1\nb: 2001-99-99", "line 2: this is no YAML: a value cannot be read: month must be in 1..12"),
        ("a: 1\nb: !!int ''", "line 2: this is no YAML: a value cannot be read"),
        ("a: !!timestamp x", "line 1: .*a value cannot be read"),
        ("a: !!bool x", "line 1: .*a value cannot be read"),
        ("a: " + "9" * 5000, "line 1: .*a value cannot be read"),
        ("a: 1\n? [b]\n: c", "line 2: this is no YAML: found unhashable key"),
        ("a: [1\nb: 2", "line 2: this is no YAML"),
        ("a\n--- b\n--- c", "line 2: this is no YAML: but found another document"),
        ("a: 1\nb: \x00", "line 2: this is no YAML: control characters are not allowed"),
        ("a: é\nb: \x00", "line 2: this is no YAML: control characters are not allowed"),
        ("a: 1\nb: " + "[" * 100_000, "line 2: this YAML is nested more than 100 levels deep"),
        ("- " * 100_000 + "a", "line 1: this YAML is nested more than 100 levels deep"),
        ("{a: " * 60_000, "line 1: this YAML is nested more than 100 levels deep"),
    ],
)
def test_faults(text: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"^x\.yaml, {message}") as caught:
        load_yaml(text, FAIL)
    assert caught.value.message.isprintable()


def test_files_have_a_limit_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n")
    assert read_yaml(path) == {"a": 1}
    monkeypatch.setattr(rows, "MAX_YAML_MB", 0)
    with pytest.raises(DataError, match="more than 0 MB"):
        read_yaml(path)


def test_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError) as caught:
        load_yaml("a: 1", FAIL)
    assert extra_hint("data") in caught.value.hint
