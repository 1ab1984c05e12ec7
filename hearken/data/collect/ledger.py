"""The ledger of a collection: one line for everything that became of a sound, only ever added to, and on disk at once.

A run that is killed leaves a whole line or a torn last one, which the next run takes away; so nothing that was settled is
done again, and nothing is taken for settled that is not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hearken.data.collect.entry import Record
from hearken.data.rows import fail


class Ledger:
    """The records in `path`, the latest of each sound. Use it as a context manager to add some."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._records: dict[str, Record] = {}
        self._whole_bytes = 0
        for record in self._read():
            self._records[record.entry.id] = record

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        self._file.truncate(self._whole_bytes)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def get(self, entry_id: str) -> Record | None:
        """Return the latest record of a sound, None if there is none."""
        return self._records.get(entry_id)

    def records(self) -> tuple[Record, ...]:
        """Return the latest record of every sound, in the order in which they were first met."""
        return tuple(self._records.values())

    def add(self, record: Record) -> None:
        """Write `record` down; it is on disk when this returns. Raises OSError, ValueError outside the `with` statement."""
        if self._file is None:
            raise ValueError("the ledger is not open")
        self._file.write(json.dumps(record.to_json(), ensure_ascii=True).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._records[record.entry.id] = record

    def _read(self) -> Iterator[Record]:
        """Yield what was written down. Raises DataError, with the line, for anything but a torn last line."""
        content = self._path.read_bytes() if self._path.is_file() else b""
        self._whole_bytes = content.rfind(b"\n") + 1
        for number, line in enumerate(content[: self._whole_bytes].splitlines(), start=1):
            try:
                value = json.loads(line)
                yield Record.from_json(value if isinstance(value, dict) else {})
            except (ValueError, RecursionError) as error:
                fail(self._path, number, f"this is no line of a ledger: {error}.", "Take the line away; the sound is then looked at anew.")
