"""Files that went wrong: small tables with bytes changed, cut, doubled and put in, by a seed; and what a reader may make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hearken.errors import DataError, show

CHUNKS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b'"', b'""', b"'", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\\", b"/", b"../", b":", b"[", b"]", b"{", b"}",
    b"-1", b"1e999", b"NaN", b"nan", b"_", b"\\ud800", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc3\xa9", b"9" * 5000, b"[" * 3000, b"- " * 300, b"&a ", b"*a",
    b"!!int ", b"2001-99-99", b"null", b"true", b"x" * 140_000, b" ", b"0x" + b"f" * 5000, b"\xd9\xa3",
)  # fmt: skip


def mutants(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield `count` damaged copies of `data`, each with one to three faults; the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        found = data
        for _ in range(rng.integers(1, 4)):
            found = _damage(found, rng)
        yield found


def _damage(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(int(place) for place in rng.integers(0, len(data) + 1, 2))
    end = min(end, start + int(rng.integers(1, 40)))
    match int(rng.integers(0, 6)):
        case 0:
            return data[:start] + bytes(rng.integers(0, 256, 1, dtype=np.uint8)) + data[start + 1 :]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:start] + data[start:end] * 2 + data[end:]
        case 3:
            lines = data.splitlines(keepends=True) or [b""]
            line = lines[int(rng.integers(0, len(lines)))]
            return data + line if rng.random() < 0.5 else data.replace(line, b"", 1)
        case 4:
            return data[:start]
        case _:
            return data[:start] + CHUNKS[int(rng.integers(0, len(CHUNKS)))] + data[start:]


def assert_named_errors(read: Callable[[], object], path: Path, *, seed: int, count: int, others: tuple[Path, ...] = ()) -> None:
    """Read `path` again and again, each time damaged otherwise: there is a result, or a DataError with the file and a line of it.

    `others` are files that the fault may show in: those that are read beside `path`.
    """
    whole = path.read_bytes()
    read()
    results = errors = 0
    for mutant in mutants(whole, seed, count):
        path.write_bytes(mutant)
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
    assert error.hint
    assert error.message.isprintable()
    assert len(error.message) < 400
    rest = error.message.removeprefix(show(path))
    found = re.match(r", line (\d+): ", rest)
    assert found or "there is no list under" in rest or "this is no list" in rest or "is not there" in rest, error.message
    if found:
        lines = re.split(rb"\r\n|\n|\r", path.read_bytes())
        assert 1 <= int(found.group(1)) <= len(lines) + 1, error.message
