"""The table of equal sounds."""

from __future__ import annotations

import csv
import os

import pytest

from hearken.errors import InputError
from hearken.library.records import FileRecord, KnownFile
from hearken.search.dedupe import Extra, Group
from hearken.search.dedupe_files import COLUMNS, look, write_table

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


def test_files_are_looked_for(tmp_path) -> None:
    names, known = ("same.wav", "longer.wav", "touched.wav"), {}
    for name in names:
        (tmp_path / name).write_bytes(b"abc")
        status = (tmp_path / name).stat()
        known[str(tmp_path / name)] = KnownFile(1, 3, status.st_mtime_ns, 0, 0, 0, b"")
    known[str(tmp_path / "gone.wav")] = KnownFile(1, 3, 1, 0, 0, 0, b"")
    (tmp_path / "longer.wav").write_bytes(b"abcd")
    os.utime(tmp_path / "touched.wav", ns=(1, 1))
    found = look(known)
    same = (tmp_path / "same.wav").stat()
    assert found.places == {str(tmp_path / "same.wav"): (same.st_dev, same.st_ino)}
    assert found.others == {str(tmp_path / name) for name in ("longer.wav", "touched.wav", "gone.wav")}
