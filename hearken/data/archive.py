"""What is in an archive, and getting it out: zip, 7z and tar (plain, gzip, bzip2, xz), also in several volumes.

An archive is foreign bytes: a name that leads out of the folder, a link, a device, a name that is there twice, or more
members than anybody would publish is a DataError, before anything is written. Writing is the caller's.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, NoReturn, Protocol

from hearken.data.volumes import open_volumes
from hearken.errors import DataError, MissingDataError, MissingExtraError, extra_hint, show
from hearken.limits import MAX_ARCHIVE_MEMBERS

OWN_FOLDER = ".hearken"
"""The folder below a corpus' folder where Hearken keeps what it knows; no archive may write there."""
_SEVEN = b"7z\xbc\xaf\x27\x1c"
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_CHUNK_BYTES = 1 << 18
_FORBIDDEN_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError,
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, RecursionError, MemoryError,
)  # fmt: skip
"""What the readers raise for bytes that are no archive."""


@dataclass(frozen=True)
class Member:
    """A regular file in an archive: its path with `/` below where it is unpacked, and its announced size in bytes."""

    path: str
    size: int


class Writer(Protocol):
    """Takes the bytes of one member."""

    def write(self, content: bytes, /) -> object:
        """Write `content` behind what was written before."""
        ...


Open = Callable[[Member], AbstractContextManager[Writer]]
"""Gives the writer for a member; leaving its context without an error says that all of it is there and was right."""


def members(path: Path, *, max_bytes: int) -> tuple[Member, ...]:
    """Return the regular files in the archive at `path`, in its order, as they will be named on disk.

    Raises DataError for anything that is no archive, is damaged, holds what is no plain file, a name that leads out, or
    announces more than `max_bytes`; MissingExtraError for a 7z where py7zr is missing.
    """
    found: dict[str, Member] = {}
    total = 0
    with _reading(path), _open(path) as archive:
        for name, size, problem in archive.entries():
            if problem:
                raise _evil(path, name, problem)
            member = Member(_safe(path, name), size)
            if member.path in found:
                raise _evil(path, name, "is in it twice")
            found[member.path] = member
            total += size
            if total > max_bytes or len(found) > MAX_ARCHIVE_MEMBERS:
                raise DataError(
                    f"{show(path)} would become more than {max_bytes} bytes: that is no data set but a trap.", "Get the file elsewhere."
                )
    return tuple(found.values())


def extract(path: Path, wanted: Iterable[Member], opening: Open, root: Path) -> None:
    """Write the `wanted` members of the archive at `path`, in its order, through `opening`. Raises as `members` does, and OSError.

    `root` is an existing folder without links in it, for the readers' own checks of names.
    """
    by_path = {member.path: member for member in wanted}
    with _reading(path), _open(path, root) as archive:
        archive.extract(lambda name: by_path.get(_safe(path, name)), opening)


def _safe(path: Path, name: str) -> str:
    """Return where the member `name` belongs. Raises DataError if that is not below the folder."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or "\0" in name:
        raise _evil(path, name, "leads out of the folder")
    if OWN_FOLDER in parts:
        raise _evil(path, name, "is a name that Hearken keeps for itself")
    if os.name == "nt":
        parts = [_FORBIDDEN_ON_WINDOWS.sub("_", part.replace("\\", "_")) for part in parts]
    return "/".join(parts)


def _evil(path: Path, name: str, problem: str) -> DataError:
    return DataError(f"{show(path)} is not unpacked: {show(name[:200])!r} {problem}.", "Get the archive from its publisher again.")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what readers of archives raise into DataError; errors of the disk stay what they are."""
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise MissingDataError(f"{show(path)} is not there.", "`hearken data prepare NAME` brings it.") from error
    except _BROKEN as error:
        _damaged(path, error)
    except OSError as error:
        if error.errno is not None:
            raise
        _damaged(path, error)  # gzip and bzip2 raise it without a number for wrong bytes


def _damaged(path: Path, error: Exception) -> NoReturn:
    if isinstance(error, NotImplementedError):
        raise DataError(
            f"{show(path)} is packed in a way that cannot be unpacked here: {show(str(error))}.", "Unpack it by another program."
        ) from error
    reason = show(str(error)) or type(error).__name__
    raise DataError(f"{show(path)} is damaged, or no archive: {reason}.", "Remove it, and run the command again.") from error


class _Archive(Protocol):
    def entries(self) -> Iterator[tuple[str, int, str]]: ...

    def extract(self, wanted: Callable[[str], Member | None], opening: Open) -> None: ...


@contextmanager
def _open(path: Path, root: Path | None = None) -> Iterator[_Archive]:
    with open_volumes(path) as file:
        head = file.read(len(_SEVEN))
        file.seek(0)
        if head == _SEVEN:
            yield _Seven(file, path, root or path)
        elif head.startswith(_ZIPS):
            with zipfile.ZipFile(file) as archive:
                yield _Zip(archive)
        else:
            with tarfile.open(fileobj=file, mode="r:*") as tar:
                yield _Tar(tar)


def _copy(source: IO[bytes], target: Writer) -> int:
    count = 0
    while chunk := source.read(_CHUNK_BYTES):
        target.write(chunk)
        count += len(chunk)
    return count


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def entries(self) -> Iterator[tuple[str, int, str]]:
        for info in self._archive.infolist():
            if not info.is_dir() and not info.filename.endswith("\\"):
                kind = stat.S_IFMT(info.external_attr >> 16)
                problem = "" if kind in (0, stat.S_IFREG) else "is no regular file"
                yield _slashes(info.filename), info.file_size, "has a password" if info.flag_bits & 1 else problem

    def extract(self, wanted: Callable[[str], Member | None], opening: Open) -> None:
        for info in self._archive.infolist():
            if not info.is_dir() and (member := wanted(_slashes(info.filename))):
                with self._archive.open(info) as source, opening(member) as target:
                    _copy(source, target)


def _slashes(name: str) -> str:
    """Some programs of Windows write the separator of their system, against the format."""
    return name.replace("\\", "/")


class _Tar:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def entries(self) -> Iterator[tuple[str, int, str]]:
        for info in self._archive:
            if not info.isdir():
                yield info.name, info.size, "" if info.isreg() else "is a link or a device"

    def extract(self, wanted: Callable[[str], Member | None], opening: Open) -> None:
        for info in self._archive:
            if info.isreg() and (member := wanted(info.name)) and (source := self._archive.extractfile(info)):
                with source, opening(member) as target:
                    _copy(source, target)


class _Seven:
    """A 7z, read by py7zr. It takes care of digests; names and writing stay in our hands."""

    def __init__(self, file: IO[bytes], path: Path, root: Path) -> None:
        try:
            import py7zr
        except ImportError as error:
            raise MissingExtraError(f"Unpacking {show(path)} needs py7zr.", extra_hint("data")) from error
        self._py7zr, self._file, self._root = py7zr, file, root

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        from py7zr.exceptions import ArchiveError, PasswordRequired, UnsupportedCompressionMethodError

        self._file.seek(0)
        try:
            with self._py7zr.SevenZipFile(self._file, "r") as archive:
                yield archive
        except UnsupportedCompressionMethodError as error:
            raise NotImplementedError(str(error.message)) from error
        except PasswordRequired as error:
            raise NotImplementedError("it has a password") from error
        except ArchiveError as error:
            raise ValueError(str(error.args[0]) if error.args else type(error).__name__) from error

    def entries(self) -> Iterator[tuple[str, int, str]]:
        with self._opened() as archive:
            for info in archive.files:
                if not info.is_directory:
                    problem = "has a password" if archive.needs_password() else "" if info.is_file else "is no regular file"
                    yield info.filename, info.uncompressed or 0, problem

    def extract(self, wanted: Callable[[str], Member | None], opening: Open) -> None:
        root = self._root.as_posix()
        sinks: list[_SevenSink] = []  # one at a time: a file object, unlike a name, is read by one thread

        class Factory(self._py7zr.io.WriterFactory):  # type: ignore[misc, name-defined]
            def create(self, filename: str) -> _SevenSink:
                member = wanted(PurePosixPath(filename).relative_to(root).as_posix())
                sinks[:] = [_SevenSink(opening(member) if member else nullcontext())]
                return sinks[0]

        with self._opened() as archive:
            try:
                archive.extractall(path=self._root, factory=Factory())  # noqa: S202 - nothing is written but by the factory
            except BaseException:
                for sink in sinks:
                    sink.abort(*sys.exc_info())
                raise


class _SevenSink:
    """Where py7zr writes one member; it calls `close` only when all of it came and its digest was right."""

    def __init__(self, context: AbstractContextManager[Writer | None]) -> None:
        self._context: AbstractContextManager[Writer | None] | None = context
        self._writer = context.__enter__()

    def write(self, content: bytes, /) -> int:
        if self._writer is not None:
            self._writer.write(content)
        return len(content)

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.abort(None, None, None)

    def abort(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        context, self._context, self._writer = self._context, None, None
        if context is not None:
            context.__exit__(kind, error, trace)
