"""The table of equal sounds."""

from __future__ import annotations

import csv

import pytest

from hearken.errors import InputError
from hearken.library.records import FileRecord
from hearken.search.dedupe import Extra, Group
from hearken.search.dedupe_files import COLUMNS, write_table

KEPT = FileRecord(1, "/a.wav", 1000, 1, "00", 5.0, 44_100, 1, "wav", "pcm_s16le", frozenset(), {}, 1)
OTHER = FileRecord(2, "/b\n.mp3", 100, 1, "01", 5.01234, 44_100, 1, "mp3", "mp3", frozenset(), {}, 1)


def test_table(tmp_path) -> None:
    write_table(tmp_path / "x.csv", [Group(KEPT, (Extra(OTHER, "same", 0.9998), Extra(OTHER, "part", None)))])
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        list(COLUMNS),
        ["1", "keep", "/a.wav", "", "1000", "5.0", "44100", "1", "pcm_s16le"],
        ["1", "same", "/b\\n.mp3", "0.9998", "100", "5.012", "44100", "1", "mp3"],
        ["1", "part", "/b\\n.mp3", "", "100", "5.012", "44100", "1", "mp3"],
    ]
    with pytest.raises(InputError, match="cannot be written"):
        write_table(tmp_path / "absent" / "x.csv", [])
