"""Strict readers of the tables that describe corpora: every fault is a DataError that names the file and the line.

They read CSV (with a byte order mark, CRLF, quotes, other encodings and delimiters), JSON, JSON lines and YAML, and never
guess: a column that is missing, a quote that does not end or a number that is none stops the reading. What is read is text
as it was written; only the kind of a value is checked, where a caller asks for it.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import math
import re
import reprlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from hearken.data.yaml_value import load_yaml
from hearken.errors import DataError, MissingDataError, show
from hearken.limits import MAX_CELL_CHARS, MAX_TABLE_MB, MAX_YAML_MB

_SHOWN_CHARS = 60
_UNPRINTABLE = re.compile(r"[\x00\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n]*")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_WHAT = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    Path: "a file name",
}


def fail(path: Path, line: int | None, message: str, hint: str = "") -> NoReturn:
    """Raise a DataError about `line` (from 1; None: about all) of `path`."""
    where = show(path) if line is None else f"{show(path)}, line {line}"
    raise DataError(f"{where}: {message}", hint or "Correct the line, or get the file again.")


@dataclass(frozen=True)
class Row:
    """One record of a table: its values by column name, the file and the line (from 1) that it begins on."""

    path: Path
    line: int
    values: Mapping[str, Any]

    def fail(self, message: str) -> NoReturn:
        """Raise a DataError about this record."""
        fail(self.path, self.line, message)

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return the text under `name`, without surrounding white space. Raises DataError if it is empty and there is no `default`."""
        value = self.values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = self._written(name, value)  # an identifier may be written as a number in JSON
        if value is None or (isinstance(value, str) and not value.strip()):
            return self.fail(f"{name!r} is empty.") if default is None else default
        return self.clean(value.strip(), name) if isinstance(value, str) else self.wrong(name, value, str)

    def exact(self, name: str) -> str:
        """Return the text under `name` as it stands, white space and all: names of files, and captions that are compared with others.

        Raises DataError if it is empty, only white space, or no text.
        """
        self.text(name)
        value = self.values.get(name)
        return value if isinstance(value, str) else self.wrong(name, value, str)

    def file_name(self, name: str) -> str:
        """Return the name of a file under `name`, as it stands. Raises DataError if it is none, such as one that leads to another folder."""
        value = self.exact(name)
        if "/" in value or "\\" in value or value in (".", ".."):
            self.wrong(name, value, Path)
        return value

    def _written(self, name: str, value: float) -> str:
        try:
            return str(value) if math.isfinite(value) else self.wrong(name, value, str)
        except (ValueError, OverflowError):  # a whole number of thousands of digits
            return self.wrong(name, value, str)

    def number(self, name: str, *, minimum: float = -math.inf, default: float | None = None) -> float:
        """Return the number under `name`, written as a number or as text. Raises DataError for NaN, infinity and anything below `minimum`."""
        value = self.values.get(name)
        if (value is None or value == "") and default is not None:
            return default
        try:
            found = math.nan if isinstance(value, bool) or not isinstance(value, str | int | float) or "_" in str(value) else float(value)
        except (ValueError, OverflowError):
            found = math.nan
        if not math.isfinite(found) or found < minimum:
            self.wrong(name, value, float)
        return found

    def seconds(self, name: str) -> float | None:
        """Return the time under `name` in seconds, None where it is empty or not there. Raises DataError if it is negative or no number."""
        return None if self.values.get(name) in (None, "") else self.number(name, minimum=0.0)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list under `name`: a real list, or one written as Python writes it, as published files do."""
        value = self.values.get(name)
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            value = self._literal(name, value)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(name, value, list)
        return tuple(self.clean(item, name) for item in value)

    def _literal(self, name: str, text: str) -> object:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python warns of unknown escapes
                value: object = ast.literal_eval(text)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return self.wrong(name, text, list)
        return value

    def clean(self, text: str, name: str) -> str:
        """Return `text` if it can be stored and shown: neither NUL nor half a character of UTF-16 in it. Raises DataError."""
        if _UNPRINTABLE.search(text):
            self.fail(f"{name!r} holds a character that is no text: {_brief(text)}.")
        return text

    def wrong(self, name: str, value: object, kind: type) -> NoReturn:
        """Raise a DataError: what stands under `name` is not of the `kind`."""
        self.fail(f"{name!r} should be {_WHAT.get(kind, kind.__name__)}, not {_brief(value)}.")


def read_csv(
    path: Path, required: Sequence[str], *, encoding: str = "utf-8-sig", delimiter: str = ",", header: Sequence[str] | None = None
) -> Iterator[Row]:
    """Yield the records of a CSV file; `header` names the columns of a file that has no such line.

    Raises MissingDataError where there is no file; DataError for bytes that are not `encoding`, a missing or doubled column, a
    record with another number of cells, an unfinished quote, a NUL, a cell of more than `max_cell_chars`.
    """
    text = read_text(path, encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        names = list(header) if header is not None else [name.strip() for name in next(reader, [])]
        _check_delimiter(path, names, delimiter)
        _check_columns(path, names, required)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                _check_cells(path, line, cells, len(names))
                yield Row(path, line, dict(zip(names, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        fail(path, line, f"this is no CSV: {show(str(error))}.")


def _check_delimiter(path: Path, names: list[str], wanted: str) -> None:
    """Fail for a header that is one name with another delimiter in it."""
    other = [word for mark, word in _DELIMITERS.items() if mark != wanted and mark in names[0]] if len(names) == 1 else []
    if other:
        needed = _DELIMITERS.get(wanted, wanted)
        fail(path, 1, f"the columns are separated by {other[0]}; {needed} are needed.", f"Save the table with {needed}.")


def _check_columns(path: Path, names: list[str], required: Sequence[str]) -> None:
    if not any(names):
        fail(path, 1, "there is no line with the names of the columns.")
    if missing := [name for name in required if name not in names]:
        fail(path, 1, f"the column {missing[0]!r} is missing; there are {_brief(', '.join(names))}.")
    if len(set(names)) < len(names) and (doubled := [name for name, count in Counter(names).items() if count > 1]):
        fail(path, 1, f"the column {show(doubled[0])!r} is there twice.")


def _check_cells(path: Path, line: int, cells: list[str], wanted: int) -> None:
    if len(cells) != wanted:
        fail(path, line, f"there are {len(cells)} cells, not {wanted}.")
    for cell in cells:
        if len(cell) > MAX_CELL_CHARS:
            fail(path, line, f"a cell has {len(cell)} characters, more than {MAX_CELL_CHARS}.")
        if "\0" in cell:
            fail(path, line, "there is a NUL in it.")


def read_json_records(path: Path, key: str | None, required: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the objects of the list in a JSON file: the list under `key` of an object, or all of the file (`key` None).

    Raises MissingDataError; DataError for broken JSON, another shape, an object without one of the `required` keys.
    """
    text = read_text(path)
    value = parse_json(path, text)
    items = value.get(key) if key is not None and isinstance(value, dict) else value
    if not isinstance(items, list) or (key is not None and items is value):
        fail(path, None, f"there is no list under {key!r}." if key is not None else "this is no list.")
    for index, item in enumerate(items):
        if not isinstance(item, dict) or any(name not in item for name in required):
            line = _line_of_item(text, key, index)
            missing = [name for name in required if name not in item] if isinstance(item, dict) else []
            fail(path, line, f"item {index} has no {missing[0]!r}." if missing else f"item {index} is no object.")
        yield _Item(path, 0, item, text, key, index)


@dataclass(frozen=True)
class _Item(Row):
    """A record of a JSON list: its line is looked for only when something is wrong with it."""

    text_of_file: str = ""
    key: str | None = None
    index: int = 0

    def fail(self, message: str) -> NoReturn:
        """Raise a DataError about this record."""
        fail(self.path, _line_of_item(self.text_of_file, self.key, self.index), f"item {self.index}: {message}")


def _line_of_item(text: str, key: str | None, index: int) -> int | None:
    """Return the line (from 1) on which item `index` of the list begins, in a text that is known to be good JSON.

    None where the text is nested so deeply that it could be read once, but not from here.
    """
    decoder = json.JSONDecoder()
    try:
        place = _list_start(text, key, decoder)
        for _ in range(index):
            _, place = decoder.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
    except RecursionError:
        return None
    return text.count("\n", 0, place) + 1


def _list_start(text: str, key: str | None, decoder: json.JSONDecoder) -> int:
    """Return where the first item of the list begins: behind `[`, or behind `{ ..., "key": [`."""
    place, found = _skip(text, _skip(text, 0) + 1), 0
    while key is not None and text[place] != "}":
        name, place = decoder.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)
        if name == key:
            found = place  # the last one of a name counts, as in the parsed value
        _, place = decoder.raw_decode(text, place)
        place = _skip(text, place)
        place = _skip(text, place + 1) if text[place] == "," else place
    return place if key is None else _skip(text, found + 1)


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def read_jsonl(path: Path, required: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the objects of a file with one JSON object on each line; empty lines are skipped. Raises as `read_json_records` does."""
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip():
            value = parse_json(path, text, line)
            if not isinstance(value, dict):
                fail(path, line, "this is no object.")
            if missing := [name for name in required if name not in value]:
                fail(path, line, f"there is no {missing[0]!r}.")
            yield Row(path, line, value)


def parse_json(path: Path, text: str, line: int = 1) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a JSON text whose first line is `line` of `path`. Raises DataError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        fail(path, line + error.lineno - 1, f"this is no JSON: {error.msg} at character {error.colno}.")
    except RecursionError:
        fail(path, line, "this JSON is nested too deeply.")
    except ValueError as error:  # a whole number of thousands of digits
        fail(path, line, f"this JSON holds a value that cannot be read: {error}.")


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a YAML file of plain values.

    Raises MissingDataError, MissingExtraError; DataError, also for objects of a language, aliases and deep nesting.
    """
    return load_yaml(read_text(path, max_mb=MAX_YAML_MB), partial(fail, path))


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for every line that is not empty, without white space around it. Raises as `read_text` does."""
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if stripped := text.strip():
            yield line, stripped


def read_text(path: Path, encoding: str = "utf-8-sig", *, max_mb: int = MAX_TABLE_MB) -> str:
    """Return the text of a file. Raises MissingDataError; DataError for too large a file, an I/O error, bytes that are not `encoding`."""
    try:
        size = path.stat().st_size
        if size > max_mb * 1_000_000:
            fail(path, None, f"the file has {size} bytes; tables of more than {max_mb} MB are not read.")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingDataError(
            f"{show(path)} is not there.", "`hearken data prepare NAME` brings it, or says what to put where."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fail(path, None, f"it cannot be read: {reason}.", "Check the path and its permissions.")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]  # without the byte order mark
        fail(path, before.count(b"\n") + 1, f"this is not {encoding.removesuffix('-sig').upper()} text.")


def unique(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Yield `rows`, whose values under `name` must all differ. Raises DataError at the second of two equal ones."""
    seen: dict[str, int] = {}
    for row in rows:
        value = row.text(name)
        if value in seen:
            row.fail(f"{_brief(value)} was there before, as record {seen[value]}.")
        seen[value] = len(seen) + 1
        yield row


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else _repr(value)[: 10 * _SHOWN_CHARS]
    return repr(show(text[:_SHOWN_CHARS].encode("utf-8", "backslashreplace").decode()) + ("..." if len(text) > _SHOWN_CHARS else ""))


def _repr(value: object) -> str:
    try:
        return reprlib.repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        return f"a value of kind {type(value).__name__}"
