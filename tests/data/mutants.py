"""Files that went wrong: small tables with bytes changed, cut, doubled and put in, by a seed; and what a reader may make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hearken.errors import DataError, LeakError, MissingDataError, ShardError, show

Generator = np.random.Generator
_PIECES = (
    b'"', b"'", b'""', b"\0", b"\r\n", b"\n", b"\r", b",", b";", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\\", b"\\u0000",
    b"\\ud800", b"[", b"]", b"{", b"}", b":", b": ", b"- ", b"&a ", b"*a", b"!!python/object:x ", b"!x ", b"<<: ", b"%", b"#", b"|", b"---\n", b"...\n", b"? ",
    b"null", b"NaN", b"-Infinity", b"1e999", b"1e-999", b"-1", b"0x1f", b"1_000", b"true", b"~", b"2021-13-45", b"12:61:99", b"=", b"@", b"`",
    b"../", b"/", b"..", b"C:\\", b"\x1b[31m", "\u202e".encode(), "\u2028".encode(), "\u0663".encode(), b"9" * 30, b"9" * 5_000, b"[1, 2]", b"{1: 2}", b"['a',",
    b"('a')", b"{'a'}", b"None", b"b'x'", b"\\N{DASH}", b"R", b".", b"(", b"t", b"\x93", b"cos\nsystem\n", b"\x81", b"h\x00", b"r\xff\xff\xff\x7f", b"X\xff\xff\xff\x7f",
    b"2", b"0", b"e", b"u", b"s", b"a", b"d", b"l", b"]", b"}", b"N", b"K\x05", b"\x8a\xff",
)  # fmt: skip
_JSON_VALUES = (
    b"null",
    b"true",
    b"3",
    b"-0.0",
    b"NaN",
    b"1e999",
    b'""',
    b'"x"',
    b'" "',
    b"[]",
    b"{}",
    b'["a"]',
    b"[1]",
    b'[[["a"]]]',
    b'"\\ud800"',
    b'"\\u0000"',
    b"9" * 400,
)


def _place(data: bytearray, generator: Generator) -> int:
    return int(generator.integers(len(data) + 1))


def _flip(data: bytearray, generator: Generator) -> None:
    if data:
        data[int(generator.integers(len(data)))] ^= 1 << int(generator.integers(8))


def _randomise(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    size = int(generator.integers(1, 6))
    data[at : at + size] = generator.bytes(size)


def _insert(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    data[at:at] = _PIECES[int(generator.integers(len(_PIECES)))]


def _replace_by_piece(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    data[at : at + int(generator.integers(1, 12))] = _PIECES[int(generator.integers(len(_PIECES)))]


def _truncate(data: bytearray, generator: Generator) -> None:
    del data[_place(data, generator) :]


def _remove(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    del data[at : at + int(generator.integers(1, 60))]


def _repeat(data: bytearray, generator: Generator) -> None:
    at, to = _place(data, generator), _place(data, generator)
    data[to:to] = data[at : at + int(generator.integers(1, 80))]


def _mark(data: bytearray, generator: Generator) -> None:
    data[0:0] = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\n", b" ", b"\0")[int(generator.integers(6))]


def _line_ends(data: bytearray, generator: Generator) -> None:
    plain = bytes(data).replace(b"\r\n", b"\n")
    data[:] = plain.replace(b"\n", (b"\r\n", b"\r", b"\n\n", b" \n", b"\r\r\n", "\u2028".encode())[int(generator.integers(6))])


def _encode(data: bytearray, generator: Generator) -> None:
    text = data.decode("utf-8", "replace")
    data[:] = text.encode(("utf-16", "utf-32", "utf-7", "cp1252", "iso-8859-1")[int(generator.integers(5))], "replace")


def _lines(data: bytearray, generator: Generator) -> None:
    """Swap, double or drop whole lines."""
    lines = bytes(data).split(b"\n")
    one, other = (int(generator.integers(len(lines))) for _ in range(2))
    kind = int(generator.integers(3))
    if kind == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    else:
        del lines[one]
    data[:] = b"\n".join(lines)


def _column(data: bytearray, generator: Generator) -> None:
    """Drop, double or swap a column of every line, or of one."""
    delimiter = (b",", b"\t", b";")[int(generator.integers(3))]
    lines = bytes(data).split(b"\n")
    number, kind, only = int(generator.integers(7)), int(generator.integers(3)), int(generator.integers(2 * len(lines)))
    for index, line in enumerate(lines):
        cells = line.split(delimiter)
        if number < len(cells) and only in (index, *range(len(lines), 2 * len(lines))):
            if kind == 0:
                del cells[number]
            elif kind == 1:
                cells.insert(number, cells[number])
            else:
                cells[number], cells[0] = cells[0], cells[number]
            lines[index] = delimiter.join(cells)
    data[:] = b"\n".join(lines)


def _json_value(data: bytearray, generator: Generator) -> None:
    """Put a value of another kind where a value stands, or another name where a name stands."""
    found = list(re.finditer(rb'"(?:[^"\\]|\\.)*"|[0-9.]+|\[[^\[\]]*\]|\{[^{}]*\}', bytes(data)))
    if found:
        match = found[int(generator.integers(len(found)))]
        data[match.start() : match.end()] = _JSON_VALUES[int(generator.integers(len(_JSON_VALUES)))]


def _huge(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    data[at:at] = (b"x", b"9", b" ", b"\n", b'"')[int(generator.integers(5))] * (140_000 if generator.random() < 0.1 else 2_000)


def _deep(data: bytearray, generator: Generator) -> None:
    at = _place(data, generator)
    depth = 100_000 if generator.random() < 0.05 else 1_500
    data[at:at] = (b"[", b"{", b'{"a":', b"- ", b"]", b"(", b'[{"a": [')[int(generator.integers(7))] * depth


def _empty(data: bytearray, generator: Generator) -> None:
    data[:] = (b"", b"\n", b" ", b"[]", b"{}", b"null", b'""', b"\xef\xbb\xbf", b"N.", b"}.", b"].")[int(generator.integers(11))]


DAMAGE = {
    _flip: 12, _randomise: 8, _insert: 18, _replace_by_piece: 14, _truncate: 6, _remove: 8, _repeat: 6, _mark: 3, _line_ends: 3, _encode: 2, _lines: 6,
    _column: 7, _json_value: 10, _huge: 1, _deep: 1, _empty: 1,
}  # fmt: skip
_KINDS = tuple(DAMAGE)
_WEIGHTS = np.cumsum(np.array(tuple(DAMAGE.values()), dtype=float) / sum(DAMAGE.values()))


def damaged(content: bytes, generator: Generator) -> bytes:
    """Return `content` with one to three changes; never as it was."""
    data = bytearray(content)
    for _ in range(int(generator.integers(1, 4))):
        _KINDS[int(np.searchsorted(_WEIGHTS, generator.random(), side="right"))](data, generator)
    return bytes(data) if bytes(data) != content else content + b"\0"


_SYNTAX = re.compile(r"this is no (CSV|JSON|YAML)\b")
_LINE_ENDS = re.compile(rb"\r\n|\n|\r|\xc2\x85|\x85|\xe2\x80\xa8|\xe2\x80\xa9")  # the last ones are YAML's
_MAX_MESSAGE_CHARS = 400
_OTHERS = (LeakError, MissingDataError, ShardError)  # no damage makes a file vanish


def judged(error: DataError, path: Path, names: Sequence[str]) -> str:
    """Return `DataError with` or `without a line`, or `BUG` and what is wrong with an error about the damaged file at `path`.

    `names` are those of the files that it may be about.
    """
    message, line = error.message, re.search(r", line ([1-9][0-9]*): ", error.message)
    if isinstance(error, _OTHERS):
        return f"BUG: {type(error).__name__}\n{message}"
    if not any(Path(name).name in message for name in names):
        return f"BUG: the file is not named\n{message}"
    if not message.isprintable() or not error.hint:
        return f"BUG: the message cannot be printed, or has no hint\n{message!r}"
    if _SYNTAX.search(message) and not line:
        return f"BUG: there is no line\n{message}"
    if len(message) - len(str(path)) > _MAX_MESSAGE_CHARS:
        return f"BUG: the message is too long\n{message}"
    if line and message.startswith(show(path)) and int(line[1]) > len(_LINE_ENDS.split(path.read_bytes())) + 1:
        return f"BUG: the file has no such line\n{message}"
    return "DataError with a line" if line else "DataError without a line"


def assert_named_errors(read: Callable[[], object], path: Path, *, seed: int, count: int, others: tuple[Path, ...] = ()) -> None:
    """Read `path` again and again, each time damaged otherwise: there is a result, or a DataError with the file and a line of it.

    `others` are files that the fault may show in: those that are read beside `path`.
    """
    whole = path.read_bytes()
    read()
    results = errors = 0
    for number in range(count):
        path.write_bytes(damaged(whole, np.random.default_rng([seed, number])))
        try:
            read()
            results += 1
        except DataError as error:
            errors += 1
            _check(error, (path, *others))
    path.write_bytes(whole)
    assert results > count / 50
    assert errors > count / 5


def _check(error: DataError, paths: tuple[Path, ...]) -> None:
    path = next((path for path in paths if error.message.startswith(show(path))), None)
    assert path is not None, error.message
    verdict = judged(error, path, [path.name])
    assert not verdict.startswith("BUG"), verdict
    about_all = ("there is no list under", "this is no list", "is not there")
    assert verdict == "DataError with a line" or any(words in error.message for words in about_all), error.message
