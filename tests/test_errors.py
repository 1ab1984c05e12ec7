"""The error tree: its shape, and that names are safe to print."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken import errors

ROOT = Path(__file__).parents[1]


def test_message_hint_and_exit_code() -> None:
    error = errors.RateError("Too slow.", "Resample it.")
    assert (str(error), error.message, error.hint, error.exit_code) == ("Too slow.", "Too slow.", "Resample it.", 1)
    assert errors.StoreError("Gone.").hint == ""


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.RateError, errors.AudioLimitError),
        (errors.ChannelError, errors.AudioLimitError),
        (errors.AudioLimitError, errors.AudioError),
        (errors.WorkerDiedError, errors.AudioError),
        (errors.AudioError, errors.InputError),
        (errors.QueryError, errors.InputError),
        (errors.LockedError, errors.StoreError),
        (errors.DigestError, errors.ModelError),
    ],
)
def test_tree(kind: type[errors.HearkenError], base: type[errors.HearkenError]) -> None:
    assert issubclass(kind, base)


def test_every_class_belongs_to_the_tree_and_says_when() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) >= 24
    assert all(issubclass(kind, errors.HearkenError) and kind.__doc__ for kind in kinds)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/s/rain.wav", "/s/rain.wav"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("\u202egnp.wav", "\\u202egnp.wav"),
        ("雨\N{GRINNING FACE}.wav", "雨\N{GRINNING FACE}.wav"),
        ("caf\udce9.wav", "caf\\udce9.wav"),
    ],
)
def test_show(path: str, shown: str) -> None:
    assert errors.show(path) == shown


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names are any bytes on Linux only")
@given(st.binary())
def test_fault_F3_any_name_can_be_shown(name: bytes) -> None:
    shown = errors.show(name)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert errors.show(os.fsdecode(name)) == shown


def test_extras_are_installed_from_the_clone() -> None:
    """The public index has another project called `hearken`: whoever asked it for ours would run somebody else's program."""
    assert errors.extra_hint("train") == 'In Hearken\'s folder: pip install ".[train]"'


def test_nothing_tells_to_install_by_a_name_that_is_another_projects() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "hearken").rglob("*.py")]
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages}
    by_name = re.compile(r"""pip install[^\n`#]*["'` ]hearken\b|hearken\[[\w-]+\]""")
    assert by_name.search('pip install "hearken[train]"')
    assert by_name.search("pip install -U hearken")
    assert [name for name, text in texts.items() if by_name.search(text)] == []


def test_hints_name_extras_that_there_are() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "hearken").rglob("*.py"))
    named = {extra for text in sources for extra in re.findall(r"extra_hint\([\"']([\w-]+)", text)}
    assert named
    assert named <= known.keys()
