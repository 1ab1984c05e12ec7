"""Answers that were paid for, kept for good: JSON lines that only grow, found again by the content of the question.

The key of an answer is the SHA-256 of the model's name, the parameters and the messages. A record is written by one system
call and is on the disk before it counts. A killed run can at worst leave half a line at the end of the file; that line is
no answer and is cut off. Where a question was asked again, the last answer counts. Answers stay in the file until somebody
wants one: for 400 000 of them the memory would not do.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from hearken.data.rows import fail, parse_json
from hearken.errors import DataError, show

Message = Mapping[str, str]
Record = Mapping[str, Any]
"""One answer: `key`, `text`, `finish_reason`, `prompt_tokens`, `completion_tokens` (numbers or None), `response` (as it came)."""
_NEEDED = {"key": str, "text": str, "response": dict}
_BEGIN = b'{"completion_tokens": '  # of every line, as its keys are sorted


def key_of(model: str, parameters: Mapping[str, Any], messages: Sequence[Message]) -> str:
    """Return the name of a question: the SHA-256, in hex, of all that can change the answer."""
    content = {"model": model, "parameters": dict(parameters), "messages": [dict(message) for message in messages]}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class AnswerCache:
    """The answers in one file. A context manager: inside, no other process can open it so; several threads may write.

    Raises DataError where another run has the file, where a line of it (but the last) is damaged, or where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_asked_again = 0
        self._places: dict[str, tuple[int, int]] = {}  # key -> where its line begins, and how many bytes it has
        self._guard = threading.Lock()
        self._open = contextlib.ExitStack()
        self._file = -1

    def __enter__(self) -> Self:
        import filelock

        with self._open:  # undone if anything below fails
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._open.enter_context(filelock.FileLock(self.path.with_name(self.path.name + ".lock"), timeout=0))
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                self._open.callback(os.close, self._file)
                self._read()
            except filelock.Timeout as error:
                raise DataError(
                    f"Another run writes to {show(self.path)} just now.", "Wait until it is done, or give another --out."
                ) from error
            except OSError as error:
                raise _unwritable(self.path, error) from error
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def get(self, key: str) -> Record | None:
        """Return the last answer to the question `key`, as the file has it; None if there is none. Raises DataError."""
        if key not in self._places:
            return None
        start, size = self._places[key]
        with self._guard:
            try:
                os.lseek(self._file, start, os.SEEK_SET)
                line = os.read(self._file, size)
            except OSError as error:
                raise _unwritable(self.path, error) from error
        return _checked(self.path, 1, line)

    def put(self, record: Record) -> None:
        """Keep an answer: it is on the disk when this returns. Raises DataError if the disk does not take it."""
        line = (json.dumps(record, ensure_ascii=True, sort_keys=True) + "\n").encode()
        with self._guard:
            try:
                before = os.fstat(self._file).st_size
                if os.write(self._file, line) != len(line):
                    os.ftruncate(self._file, before)
                    raise OSError("the disk took only a part of it")
                os.fsync(self._file)
            except OSError as error:
                raise _unwritable(self.path, error) from error
            self._keep(record["key"], before, len(line))

    def _keep(self, key: str, start: int, size: int) -> None:
        self.num_asked_again += key in self._places
        self._places[key] = (start, size)

    def _read(self) -> None:
        start = 0
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    torn = line.strip(b"\0")  # a power cut can leave zeros
                    if not (torn.startswith(_BEGIN) or _BEGIN.startswith(torn)):  # somebody's file, and not ours to cut
                        fail(self.path, number, "this is no answer.", "Give another --out or --cache.")
                    os.ftruncate(self._file, start)
                elif line.strip():
                    self._keep(_checked(self.path, number, line)["key"], start, len(line))
                start += len(line)


def read_cache(path: Path) -> Iterator[Record]:
    """Yield the answers of a file that this process does not write, such as for a look before a run. Raises DataError."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip() and line.endswith(b"\n"):
                    yield _checked(path, number, line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error


def _checked(path: Path, line: int, text: bytes) -> Record:
    value = parse_json(path, text.decode("utf-8", "replace").removesuffix("\n"), line)
    if not isinstance(value, dict) or not all(isinstance(value.get(name), kind) for name, kind in _NEEDED.items()):
        fail(path, line, "this is no answer.", "Give another --out, or remove the line; its question is then asked again.")
    return value


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{show(path)} cannot be used: {error.strerror or error}.", "Check the path, its permissions and the space left.")
