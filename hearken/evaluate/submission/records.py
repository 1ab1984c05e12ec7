"""The rows of a CSV file with the lines that they begin on, one at a time, so that a large file needs the memory of a row.

Bytes become text line by line: what is no UTF-8 is known by its line.
"""

from __future__ import annotations

import codecs
import csv
import os
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from hearken.errors import SubmissionError, show
from hearken.evaluate.submission.faults import Faults
from hearken.limits import MAX_CELL_CHARS, MAX_TABLE_MB

MAX_LINE_BYTES = 1 << 25
"""The longest line: 100 000 columns of scores or names."""
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
Record = tuple[int, list[str]]


class Unreadable(Exception):  # noqa: N818 - it never leaves this folder
    """The rest of the file cannot be read; what is wrong has been noted."""


def records(path: Path, faults: Faults) -> Generator[Record, None, None]:
    """Yield line (from 1) and cells of each row of `path`, the header first; empty lines are left out.

    What is no CSV in UTF-8 (a byte order mark may lead it) is noted in `faults` and ends the reading; another delimiter is noted
    and used. Raises SubmissionError for what is no file, cannot be read, or is larger than the limits.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            delimiter = _delimiter(file, faults)
            yield from _rows(file, delimiter, faults)
    except Unreadable:
        return
    except OSError as error:
        raise SubmissionError(f"{show(path)} cannot be read: {error.strerror or show(str(error))}.", "Check the path.") from error


def check_file(path: Path) -> None:
    """Raise SubmissionError unless `path` is a regular file that can be asked about and is not too large."""
    try:
        found = os.stat(path)
    except FileNotFoundError as error:
        raise SubmissionError(f"{show(path)} is not there.", "Check the path.") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SubmissionError(f"{show(path)} cannot be read: {show(reason)}.", "Check the path.") from error
    if stat.S_ISDIR(found.st_mode):
        raise SubmissionError(f"{show(path)} is a folder.", "Name the CSV file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise SubmissionError(f"{show(path)} is no regular file.", "Name a CSV file.")
    if found.st_size > MAX_TABLE_MB * 1_000_000:
        raise SubmissionError(f"{show(path)} has {found.st_size} bytes, more than {MAX_TABLE_MB} MB.", "Is it a submission?")


def _delimiter(file: BinaryIO, faults: Faults) -> str:
    """The delimiter of the header; the file is at its beginning again."""
    head = file.readline(MAX_LINE_BYTES)
    file.seek(0)
    if head.startswith(_WIDE):
        faults.add("encoding", 1, "this is UTF-16 text; write it as UTF-8.")
        raise Unreadable
    text = head.decode("utf-8", "replace")
    if "," not in text:
        for delimiter, name in _DELIMITERS.items():
            if delimiter in text:
                faults.add("delimiter", 1, f"the columns are separated by {name}; commas are needed.")
                return delimiter
    return ","


def _rows(file: BinaryIO, delimiter: str, faults: Faults) -> Iterator[Record]:
    reader = csv.reader(_lines(file, faults), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.add("csv", line, f"from here on this is no CSV: {show(str(error))}; {_advice(str(error))}.")
            raise Unreadable from error
        if cells:
            yield line, cells
        line = reader.line_num + 1


def _advice(problem: str) -> str:
    if "field larger than field limit" in problem or "unexpected end of data" in problem:
        return f"a quote that is opened and not closed, or a cell of more than {MAX_CELL_CHARS} characters"
    if "new-line character" in problem:
        return "lines that end with a carriage return alone; save the file with line feeds"
    return 'within a cell in quotes write "" for one quote'


def _lines(file: BinaryIO, faults: Faults) -> Iterator[str]:
    """The lines of the file as text, with their ends."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            faults.add("csv", number, f"the line is longer than {MAX_LINE_BYTES} bytes.")
            raise Unreadable
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            faults.add("encoding", number, f"byte {error.start + 1} of the line is no UTF-8 text; save the file as UTF-8.")
            raise Unreadable from error
