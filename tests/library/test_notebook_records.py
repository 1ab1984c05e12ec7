from __future__ import annotations

import pytest

from hearken.errors import InputError
from hearken.library.notebook_records import SoundKey, checked_span, clean_name, clean_note, key_row, query_json
from hearken.types import Span


def test_names_become_one_visible_line() -> None:
    assert clean_name("  a\u0301 \n b\u202e\x07 ") == "\u00e1 b"
    with pytest.raises(InputError, match="label is empty"):
        clean_name(" ", "label")
    with pytest.raises(InputError, match="must be text"):
        clean_name(3)  # type: ignore[arg-type]


def test_notes_keep_their_lines() -> None:
    assert clean_note("\n a\tb \r c \x1b[31m") == "a    b\n c [31m"


@pytest.mark.parametrize("span", [Span(-1, 1), Span(1, 1), Span(2, 1), Span(0, float("inf")), Span(float("nan"), 1)])
def test_spans_must_make_sense(span: Span) -> None:
    with pytest.raises(InputError, match="makes no sense"):
        checked_span(span)


def test_good_spans_and_none_pass() -> None:
    assert checked_span(None) is None
    assert checked_span(Span(0, 1)) == Span(0.0, 1.0)


def test_queries_are_kept_as_sorted_json() -> None:
    assert query_json({"q": "x", "limit": 3}) == '{"limit": 3, "q": "x"}'


def test_keys_are_stored_as_bytes() -> None:
    assert key_row(SoundKey("00" * 16, "/s/\udcff")) == (bytes(16), b"/s/\xff")
