"""Damage at random to the tables of corpora: every loader must end in a result or in a DataError that names the file.

A case is a small corpus or a user's table, one of whose files is changed in one to three places. It depends on the seed and
its number alone, so that each can be repeated. What is broken as CSV, JSON or YAML has to be named with a line.
"""

from __future__ import annotations

import re
import shutil
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hearken.data.load import load
from hearken.data.rows import Row, read_csv, read_json_records, read_jsonl, read_lines, read_yaml
from hearken.data.sets.dcase2025 import EXCLUDED, read_excluded
from hearken.data.sets.macs import read_competence
from hearken.data.table import CORPORA
from hearken.data.unpickle import read_pickle
from hearken.errors import DataError, LeakError, MissingDataError, ShardError, show
from tests.data.samples import FILES, dumped

USERS = {
    "users.csv": b'file,caption,tags,split,duration,start_time\na/rain.wav,"Rain, softly.",rain;wet,train,2.5,1\nb.wav,A dog.,"[\'dog\']",test,,\n',
    "users.tsv": b'path\tcaption_1\tcaption_2\tlabels\nx.wav\tone\ttwo\ta;b\n"y.wav"\tthree\t\t\n',
    "users.json": b'{"num_captions_per_audio": 2, "data": [\n{"audio": "x.wav", "captions": ["one", "two"], "tags": ["a"]},\n{"audio": "y.wav", "caption": "b"}]}',
    "list.json": b'[{"file_name": "x.wav", "text": "one", "origins": ["freesound:1"]}]',
    "users.jsonl": b'{"file": "x.wav", "caption": "one", "duration_s": 1.5}\n\n{"file": "y.wav", "captions": ["two"], "start_s": 0}\n',
}
FOLDER = {
    "train/rain.wav": b"", "train/rain.txt": b"Rain falls.\nIt rains.\n", "dog.flac": b"", "dog.json": b'{"text": ["A dog."], "tag": ["dog"], "title": "Rex"}',
}  # fmt: skip
BARE = {
    "rows.csv": b'id,text,number,list\r\n1,"Rain, ""softly"".",2.5,"[\'a\', \'b\']"\r\n2,Wind,1,[]\r\n',
    "rows.json": b'{"other": {"data": []}, "data": [\n {"id": "1", "text": "Rain", "number": 2.5, "list": ["a"]},\n {"id": 2, "text": "Wind"}\n]}',
    "rows.jsonl": b'{"id": "1", "text": "Rain", "number": "2.5", "list": ["a"]}\n{"id": 2, "text": "Wind", "list": "[\'b\']"}\n',
    "rows.yaml": b"rows:\n- {id: 1, text: 'Rain', list: [a, b]}\n- id: 2\n  text: |\n    Wind\n    blows\n  when: 2021-07-22\n  number: 1.5e3\n  none: ~\n",
    "rows.txt": b"07000001\r\n\r\n  07000002\n",
    "rows.pkl": dumped({"a": ["x", "y"], "b": "z", "c": [1, 2.5, None, True, ("t",)]}, 2),
    "competence.csv": b"annotator_id\tcompetence\n1\t0.5\n2\t0\n",
    EXCLUDED: b"sound_id\n354184\nNot found\n",
}


@dataclass(frozen=True)
class Case:
    """A loader and the files that it reads, any of which may be damaged."""

    name: str
    files: dict[str, bytes]
    run: Callable[[Path], object]


def cases() -> tuple[Case, ...]:
    """Every loader of the table, the loaders of users' data, and the readers below them."""
    return (
        *(Case(name, FILES[name], _loader(name)) for name in CORPORA),
        *(Case(name, {name: content}, lambda folder, name=name: load(folder / name)) for name, content in USERS.items()),
        Case("folder", FOLDER, load),
        *(Case(name, {name: BARE[name]}, _reader(name)) for name in BARE),
    )


def _loader(name: str) -> Callable[[Path], object]:
    return lambda folder: load(name, folder=folder)


def _reader(name: str) -> Callable[[Path], object]:
    return lambda folder: _READERS[name](folder / name)


def _used(rows: Iterator[Row]) -> list[object]:
    """Read the rows and ask each for all that callers ask for."""
    return [(row.text("text", default=""), row.seconds("number"), row.texts("list"), row.text("id")) for row in rows]


_READERS: dict[str, Callable[[Path], object]] = {
    "rows.csv": lambda path: _used(read_csv(path, ("id", "text"))),
    "rows.json": lambda path: _used(read_json_records(path, "data", ("id",))),
    "rows.jsonl": lambda path: _used(read_jsonl(path, ("id",))),
    "rows.yaml": read_yaml,
    "rows.txt": lambda path: list(read_lines(path)),
    "rows.pkl": read_pickle,
    "competence.csv": read_competence,
    EXCLUDED: lambda path: read_excluded(path.parent),
}


# Damage ----------------------------------------------------------------------------------------------------------------

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


# Runs ------------------------------------------------------------------------------------------------------------------


@dataclass
class Failure:
    """A case that did not end as it should."""

    number: int
    case: str
    file: str
    what: str
    content: bytes


@dataclass
class Outcome:
    """How the cases of a run ended."""

    results: Counter[str] = field(default_factory=Counter)
    by_case: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""


def fuzz(count: int, seed: int, folder: Path, *, first: int = 0, known: tuple[Case, ...] | None = None) -> Outcome:
    """Run the cases `first` to `first + count - 1` of `seed` on `known` (all that there are), with their files below `folder`."""
    outcome = Outcome()
    known = known or cases()
    for case in known:
        shutil.rmtree(folder / case.name, ignore_errors=True)
        for path, content in case.files.items():
            (folder / case.name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / case.name / path).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would be an exception with a strict interpreter
        for number in range(first, first + count):
            _run(known[number % len(known)], number, seed, folder, outcome)
    return outcome


def _run(case: Case, number: int, seed: int, folder: Path, outcome: Outcome) -> None:
    generator = np.random.default_rng([seed, number])
    name = sorted(case.files)[int(generator.integers(len(case.files)))]
    content = damaged(case.files[name], generator)
    path = folder / case.name / name
    path.write_bytes(content)
    start_s = time.perf_counter()
    result = _result(case, folder, name)
    took_s = time.perf_counter() - start_s
    path.write_bytes(case.files[name])
    if took_s > outcome.slowest_s:
        outcome.slowest_s, outcome.slowest = took_s, f"case {number}, {case.name}"
    short = result.split("\n", 1)[0]
    outcome.results[short] += 1
    outcome.by_case.setdefault(case.name, Counter())[short] += 1
    if short.startswith("BUG"):
        outcome.failures.append(Failure(number, case.name, name, result, content))


_SYNTAX = re.compile(r"this is no (CSV|JSON|YAML)\b")
_LINE_ENDS = re.compile(rb"\r\n|\n|\r|\xc2\x85|\x85|\xe2\x80\xa8|\xe2\x80\xa9")  # the last ones are YAML's
_MAX_MESSAGE_CHARS = 400
_OTHERS = (LeakError, MissingDataError, ShardError)  # no damage makes a file vanish


def _result(case: Case, folder: Path, name: str) -> str:
    """Return how the loader ended: `loaded`, the kind of the named error, or `BUG` and what is wrong with it."""
    try:
        case.run(folder / case.name)
    except DataError as error:
        return _judged(error, case, folder / case.name / name)
    except Exception as error:  # noqa: BLE001 - that is what we look for
        return f"BUG: {type(error).__name__}\n{traceback.format_exc()}"
    return "loaded"


def _judged(error: DataError, case: Case, path: Path) -> str:
    message, line = error.message, re.search(r", line ([1-9][0-9]*): ", error.message)
    if isinstance(error, _OTHERS):
        return f"BUG: {type(error).__name__}\n{message}"
    if not any(Path(path).name in message for path in (case.name, *case.files)):
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
