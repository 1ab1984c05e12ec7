import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hearken.errors import SubmissionError
from hearken.evaluate.submission import records as module
from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.records import Record, records
from hearken.limits import MAX_CELL_CHARS

Write = Callable[..., Path]


def read(path: Path) -> tuple[list[Record], Faults]:
    faults = Faults()
    return list(records(path, faults)), faults


def test_rows_carry_the_line_that_they_begin_on(write: Write) -> None:
    found, faults = read(write(b'\xef\xbb\xbfa,b\r\n\r\n"two\nlines",x\n1,"say ""no"""\n'))
    assert found == [(1, ["a", "b"]), (3, ["two\nlines", "x"]), (5, ["1", 'say "no"'])]
    assert not faults.count


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_noted_and_used(write: Write, delimiter: str) -> None:
    found, faults = read(write(f"a{delimiter}b\n1{delimiter}2,3\n".encode()))
    assert found == [(1, ["a", "b"]), (2, ["1", "2,3"])]
    assert faults.counts == {"delimiter": 1}


def test_what_is_no_utf8_ends_the_reading_on_its_line(write: Write) -> None:
    found, faults = read(write("a,b\nc,d\né,x\ne,f\n".encode("latin-1")))
    assert found == [(1, ["a", "b"]), (2, ["c", "d"])]
    assert faults.shown[0].line == 3
    assert "byte 1 of the line is no UTF-8" in faults.lines[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_told_as_such(write: Write, encoding: str) -> None:
    lead = b"\xfe\xff" if encoding == "utf-16-be" else b""
    found, faults = read(write(lead + "a,b\n".encode(encoding)))
    assert not found
    assert "UTF-16" in faults.lines[0]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b'a,b\n"x,y\nz,w\n', 2, "opened and not closed"),
        (b'a,b\n"x"y,z\n', 2, 'write ""'),
        (b"a,b\n" + b"x" * (MAX_CELL_CHARS + 1) + b",y\n", 2, "more than 131072"),
        (b"a,b\rc,d\n", 1, "a carriage return alone; save the file with line feeds"),
    ],
)
def test_broken_csv_is_told_with_its_line(write: Write, content: bytes, line: int, said: str) -> None:
    _, faults = read(write(content))
    assert faults.counts == {"csv": 1}
    assert faults.shown[0].line == line
    assert said in faults.lines[0]


def test_a_line_without_an_end_takes_no_memory(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 100)
    _, faults = read(write(b"a,b\n" + b"x," * 200))
    assert "line is longer than 100 bytes" in faults.lines[0]


def test_files_that_are_none_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SubmissionError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(SubmissionError, match="is not there"):
        read(tmp_path / "none.csv")
    with pytest.raises(SubmissionError, match="cannot be read"):
        read(tmp_path / "a\0b.csv")
    with pytest.raises(SubmissionError, match=r"cannot be read|is not there"):
        read(tmp_path / ("x" * 5000))
    large = tmp_path / "large.csv"
    large.write_bytes(b"a,b\n")
    monkeypatch.setattr(module, "MAX_TABLE_MB", 0)
    with pytest.raises(SubmissionError, match="more than 0 MB"):
        read(large)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SubmissionError, match="no regular file"):
        read(tmp_path / "pipe")


def test_reading_may_stop_early(write: Write) -> None:
    with closing(records(write(b"a,b\n" * 10_000), Faults())) as rows:
        assert next(rows) == (1, ["a", "b"])
