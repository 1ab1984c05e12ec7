"""Sounds cut out of their files, in a zip or in a folder, with a list of them: names that every system takes, and nothing held in memory.

Who cuts is given: `cut` returns the bytes of one stretch, or raises InputError (AudioError above all); then the list says why the sound is
not there.
"""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.errors import DiskFullError, InputError, show
from hearken.files import write_whole
from hearken.search.listing import COLUMNS, Line, text_of

Cut = Callable[[Line], bytes]
"""Returns the sound file of a line's stretch. Raises InputError: AudioError, or for what the format cannot hold."""

LIST_NAME = "list.csv"
_MAX_NAME_CHARS = 48  # at most 192 bytes
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # on Windows, and what no name should hold
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same list gives the same zip


@dataclass(frozen=True)
class Cuts:
    """What came of cutting: how many excerpts were written, and for each that was not its path and why."""

    num_written: int
    problems: tuple[tuple[str, str], ...] = ()


def excerpt_names(lines: Sequence[Line], suffix: str = ".flac") -> list[str]:
    """Return a file name for each line, all different, with rank, name of the sound and start: "003 rain on a roof 12.3s.flac".

    Nothing in them can leave a folder, and Windows takes them too.
    """
    digits = max(3, len(str(len(lines))))
    return [f"{rank:0{digits}d} {_plain_name(line.path)} {line.start_s:.1f}s{suffix}" for rank, line in enumerate(lines, 1)]


def zip_chunks(lines: Sequence[Line], cut: Cut, *, suffix: str = ".flac") -> Iterator[bytes]:
    """Yield a zip of all excerpts piece by piece, `list.csv` last; sounds are stored, as FLAC does not shrink. At most one is in memory."""
    pipe = _Pipe()
    rows: list[str] = []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for line, name in zip(lines, excerpt_names(lines, suffix), strict=True):
            try:
                content = cut(line)
            except InputError as error:
                rows.append(error.message)
                continue
            rows.append("")
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
            yield pipe.taken()
        archive.writestr(zipfile.ZipInfo(LIST_NAME, _EPOCH), list_of(lines, excerpt_names(lines, suffix), rows), zipfile.ZIP_DEFLATED)
    yield pipe.taken()


def write_folder(
    folder: Path, lines: Sequence[Line], cut: Cut, *, suffix: str = ".flac", on_done: Callable[[int, int], None] | None = None
) -> Cuts:
    """Write the excerpts and `list.csv` into `folder`, which is made; files of these names are replaced, others stay.

    Each file is whole or not there. Raises InputError where the folder cannot be written, DiskFullError for a full disk.
    """
    problems: list[str] = []
    names = excerpt_names(lines, suffix)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for count, (line, name) in enumerate(zip(lines, names, strict=True), 1):
            try:
                write_whole(folder / name, cut(line))
                problems.append("")
            except InputError as error:
                problems.append(error.message)
            if on_done is not None:
                on_done(count, len(lines))
        write_whole(folder / LIST_NAME, list_of(lines, names, problems))
    except OSError as error:
        raise unwritable(folder, error) from error
    return _cuts(lines, problems)


def write_zip(path: Path, lines: Sequence[Line], cut: Cut, *, on_done: Callable[[int, int], None] | None = None) -> Cuts:
    """Write a zip as `zip_chunks` yields it to `path`, whole or not at all. Raises as `write_folder` does."""
    problems: list[str] = []

    def noted(line: Line) -> bytes:
        try:
            content = cut(line)
        except InputError as error:
            problems.append(error.message)
            raise
        else:
            problems.append("")
            return content
        finally:
            if on_done is not None:
                on_done(len(problems), len(lines))

    try:
        write_whole(path, zip_chunks(lines, noted))
    except OSError as error:
        raise unwritable(path, error) from error
    return _cuts(lines, problems)


def list_of(lines: Sequence[Line], names: Sequence[str], problems: Sequence[str]) -> bytes:
    """Return `list.csv`: the columns of a CSV list, before them the `file` of each excerpt ("" for none), behind them the `problem`."""
    plain = list(csv.reader(io.StringIO(text_of("csv", lines).decode("utf-8"), newline="")))[1:]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("file", *COLUMNS, "problem"))
    for name, row, problem in zip(names, plain, problems, strict=True):
        writer.writerow(["" if problem else name, *row, show(problem)])
    return out.getvalue().encode("utf-8")


def unwritable(path: str | os.PathLike[str], error: OSError) -> InputError | DiskFullError:
    """Return the error for a place where nothing can be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"No space is left for {show(os.fspath(path))}.", "Make room, or name another place.")
    return InputError(f"{show(os.fspath(path))} cannot be written: {error.strerror or error}.", "Name a place where you may write.")


def _cuts(lines: Sequence[Line], problems: Sequence[str]) -> Cuts:
    failed = tuple((line.path, problem) for line, problem in zip(lines, problems, strict=True) if problem)
    return Cuts(len(lines) - len(failed), failed)


def _plain_name(path: str) -> str:
    stem = unicodedata.normalize("NFC", os.path.splitext(os.path.basename(path))[0])
    kept = "".join(char if char.isprintable() else "_" for char in _FORBIDDEN.sub("_", stem))
    return _RESERVED.sub(r"\1_\2", kept)[:_MAX_NAME_CHARS].strip(" .") or "sound"


class _Pipe(io.RawIOBase):
    """Takes what a ZipFile writes and hands it out; it cannot seek, so the zip tells sizes behind each member."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: Iterable[int], /) -> int:  # type: ignore[override]
        """Take the bytes of a buffer."""
        content = bytes(data)
        self._parts.append(content)
        return len(content)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        content = b"".join(self._parts)
        self._parts.clear()
        return content
