"""Identifiers of Freesound: digits and nothing else, so that they can be part of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.rows import Row
from hearken.data.sets.freesound import freesound_id
from hearken.errors import DataError


def row(value: object) -> Row:
    return Row(Path("table.csv"), 7, {"fname": value})


def test_an_identifier_is_digits() -> None:
    assert freesound_id(row("064760"), "fname") == "064760"
    assert freesound_id(row(64760), "fname") == "64760"


@pytest.mark.parametrize("wrong", ["64760.wav", "-3", "٣", "1e5", "", None, 1.5, "../1", ["1"], "1\0"])
def test_anything_else_is_refused_with_its_line(wrong) -> None:
    with pytest.raises(DataError, match=r"table\.csv, line 7: 'fname'"):
        freesound_id(row(wrong), "fname")
