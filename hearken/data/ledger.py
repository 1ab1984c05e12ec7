"""What was heard in each file of a corpus, a line for each: a check that was killed goes on behind the last whole line."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from hearken.data.clip import Corpus
from hearken.data.home import data_home
from hearken.data.locate import card_of, locate
from hearken.errors import DataError, show
from hearken.types import FLAGS

CHECKED = "checked.jsonl"
"""The name of the ledger in the folder of a known corpus."""
_NAME_CHARS = 60


@dataclass(frozen=True)
class Heard:
    """One file, decoded to the end or not: `error` and `message` say why not; otherwise what it is, and the digest of its samples."""

    path: str
    size: int
    mtime_ns: int
    error: str = ""
    message: str = ""
    duration_s: float = 0.0
    rate_hz: int = 0
    num_channels: int = 0
    container: str = ""
    codec: str = ""
    flags: tuple[str, ...] = field(default=())
    digest: str = ""


def heard(values: object) -> Heard | None:
    """Return `values`, an object of JSON that a ledger or a worker gave, as what they should be; None if they are not."""
    if not isinstance(values, dict) or not set(values) <= set(Heard.__dataclass_fields__):
        return None
    texts = [values.get(name, "") for name in ("path", "error", "message", "container", "codec", "digest")]
    numbers = [values.get(name, 0) for name in ("size", "mtime_ns", "rate_hz", "num_channels")]
    duration_s, flags = values.get("duration_s", 0.0), values.get("flags", [])
    is_right = (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int) and not isinstance(number, bool) for number in numbers)
        and isinstance(duration_s, int | float)
        and math.isfinite(duration_s)
        and isinstance(flags, list | tuple)
        and all(flag in FLAGS for flag in flags)
        and {"path", "size", "mtime_ns"} <= set(values)
    )
    return Heard(**{**values, "flags": tuple(flags), "duration_s": float(duration_s)}) if is_right else None


def ledger_of(corpus: Corpus) -> Path:
    """Return where the ledger of `corpus` is kept: in its folder if Hearken knows it; a user's own folders are left alone."""
    if card_of(corpus.reference):
        return corpus.folder / CHECKED
    own = Path(corpus.reference).name
    place = f"{os.path.abspath(corpus.folder)}\0{corpus.reference if corpus.reference.startswith('hf:') else own}"
    name = "".join(char if char.isalnum() else "_" for char in own)[-_NAME_CHARS:]
    return data_home() / "checked" / f"{name}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}.jsonl"


def key_of(file: Path, folder: Path) -> str:
    """Return what a ledger calls `file`: its path below the corpus' folder, or its whole path."""
    return Path(os.path.relpath(file, folder)).as_posix() if file.is_relative_to(folder) else str(file)


def measured_s(corpus: Corpus) -> dict[str, float]:
    """Return, by clip id, the lengths in seconds that a check found, of files that have not changed since; none before any check.

    Raises DataError where two files could be a clip.
    """
    known = _lines(ledger_of(corpus))
    lengths: dict[str, float] = {}
    for clip_id, file in locate(corpus).items() if known else ():
        one = known.get(key_of(file, corpus.folder))
        if one and not one.error and _unchanged(one, file):
            lengths[clip_id] = one.duration_s
    return lengths


def _unchanged(one: Heard, file: Path) -> bool:
    try:
        status = file.stat()
    except OSError:
        return False
    return (one.size, one.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _lines(path: Path) -> dict[str, Heard]:
    """Return what a ledger says, by path; nothing where there is none."""
    try:
        with path.open("r", encoding="utf-8", errors="replace") as file:
            return {one.path: one for line in file if (one := heard(_object(line)))}
    except OSError:
        return {}


class Ledger:
    """The lines of a ledger, and a pen at its end. A context manager. Raises DataError where it cannot be read or written."""

    def __init__(self, path: Path, *, again: bool = False) -> None:
        self.path = path
        self._known: dict[str, Heard] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("w" if again else "a+", encoding="utf-8", newline="\n")
            self._file.seek(0)
            if not again:
                self._load()
        except OSError as error:
            raise self._failed(error) from error

    def _load(self) -> None:
        whole = True
        with self.path.open("r", encoding="utf-8", errors="replace") as file:
            for line in file:
                whole = line.endswith("\n")
                if one := heard(_object(line)):
                    self._known[one.path] = one
        self._file.seek(0, os.SEEK_END)
        if not whole:
            self._file.write("\n")  # a killed run may have left half a line: what comes now must not join it

    def get(self, path: str, size: int, mtime_ns: int) -> Heard | None:
        """Return what was heard in a file, if it has not changed since."""
        one = self._known.get(path)
        return one if one and (one.size, one.mtime_ns) == (size, mtime_ns) else None

    def put(self, one: Heard) -> None:
        """Keep what was heard. Raises DataError where there is no room."""
        self._known[one.path] = one
        try:
            self._file.write(json.dumps(asdict(one), allow_nan=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> DataError:
        return DataError(f"The ledger {show(self.path)} cannot be kept: {error.strerror or error}.", "Name another place by --ledger.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._file.close()
        except OSError as failure:
            raise self._failed(failure) from failure


def _object(line: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
