"""The error tree: its shape, and that names are safe to print."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken import errors


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
