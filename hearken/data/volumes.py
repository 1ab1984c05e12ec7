"""Archives in several volumes, read as one file without writing it: `X.7z.001`, `X.7z.002`, ... and `X.z01`, ..., `X.zip`.

Volumes of the first kind are cut anywhere, so one after the other they are the archive. Those of the second are a format of
their own: the directory at the end counts places from the start of a volume. Here it is written anew, as that of one file.
Source: APPNOTE.TXT of PKWARE, version 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3; split archives: section 8.
"""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO

from hearken.errors import DataError, MissingDataError, show

_END, _END_64, _LOCATOR_64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
_END_FORM, _END_64_FORM, _LOCATOR_FORM = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_ENTRY_FORM = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT_BYTES = 65_535
_SIZES_64 = 0x0001  # the extra field with what has no room in 32 bits
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_NUMBERED = re.compile(r"(.+)\.(\d{3,})")
_BUFFER_BYTES = 1 << 18


def volumes(path: Path) -> tuple[Path, ...]:
    """Return all files, in order, of the archive whose first (`.001`) or main (`.zip`) file is `path`; (path,) for a plain one."""
    if (match := _NUMBERED.fullmatch(path.name)) and int(match[2]) == 1:
        return _in_a_row(path, lambda number: f"{match[1]}.{number:0{len(match[2])}d}")
    if path.suffix.lower() == ".zip":
        parts = {found.suffix.lower(): found for found in _siblings(path) if re.fullmatch(r"\.z\d\d+", found.suffix.lower())}
        return (*(parts[key] for key in sorted(parts, key=lambda suffix: int(suffix[2:]))), path)
    return (path,)


def main_volume(name: str) -> str:
    """Return the name of the file that stands for the archive that the file `name` is a volume of; `name` itself for others."""
    if match := re.fullmatch(r"(.+)\.z\d\d+", name, re.IGNORECASE):
        return f"{match[1]}.zip"
    if match := _NUMBERED.fullmatch(name):
        return f"{match[1]}.{1:0{len(match[2])}d}"
    return name


def _in_a_row(path: Path, name: Callable[[int], str]) -> tuple[Path, ...]:
    found: list[Path] = []
    while (part := path.with_name(name(len(found) + 1))).is_file():
        found.append(part)
    return tuple(found) or (path,)


def _siblings(path: Path) -> list[Path]:
    return [found for found in path.parent.iterdir() if found.stem == path.stem and found.is_file()] if path.parent.is_dir() else []


def open_volumes(path: Path) -> IO[bytes]:
    """Open the archive that `path` stands for as one file. Raises DataError for a damaged directory, MissingDataError for a missing volume."""
    parts = volumes(path)
    if len(parts) == 1 and not _wants_volumes(path):
        return path.open("rb")
    whole = _Whole([_Piece(part, 0, part.stat().st_size) for part in parts])
    if path.suffix.lower() != ".zip":
        return io.BufferedReader(whole, _BUFFER_BYTES)
    with io.BufferedReader(whole, _BUFFER_BYTES) as file:
        start, tail = _one_volume(file, path, [0, *accumulate(part.stat().st_size for part in parts)])
    return io.BufferedReader(_Whole([*_cut(parts, start), _Piece(tail, 0, len(tail))]), _BUFFER_BYTES)


def _wants_volumes(path: Path) -> bool:
    """Say whether a lone `.zip` is the last volume of several."""
    if path.suffix.lower() != ".zip":
        return False
    with path.open("rb") as file:
        found = _find_end(file)
    return found is not None and found[1][1] not in (0, _FULL_16)


@dataclass(frozen=True)
class _Piece:
    """A stretch of a file, or bytes."""

    source: Path | bytes
    start: int
    length: int

    def read(self, place: int, count: int) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[self.start + place : self.start + place + count]
        with self.source.open("rb", buffering=0) as file:
            file.seek(self.start + place)
            return file.read(min(count, self.length - place)) or b""


class _Whole(io.RawIOBase):
    """Pieces in a row as one file; each read opens its piece, so that hundreds of volumes hold no descriptors."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = [piece for piece in pieces if piece.length]
        self._starts = [0, *accumulate(piece.length for piece in self._pieces)]
        self._place = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """Any place can be read."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        if base + offset < 0:
            raise ValueError("negative place")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer` from one piece and return how many bytes came."""
        if self._place >= self._starts[-1]:
            return 0
        index = bisect_right(self._starts, self._place) - 1
        content = self._pieces[index].read(self._place - self._starts[index], len(buffer))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)


def _cut(parts: tuple[Path, ...], end: int) -> list[_Piece]:
    """Return the pieces of the first `end` bytes of `parts`."""
    pieces = []
    for part in parts:
        length = min(part.stat().st_size, end)
        pieces.append(_Piece(part, 0, length))
        end -= length
    return pieces


def _find_end(file: IO[bytes]) -> tuple[int, tuple[int, ...]] | None:
    """Return place and fields of the record that ends a zip; None if there is none."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - _END_FORM.size - _MAX_COMMENT_BYTES)
    file.seek(start)
    tail = file.read()
    found = tail.rfind(_END)
    if found < 0 or len(tail) - found < _END_FORM.size:
        return None
    return start + found, _END_FORM.unpack_from(tail, found)


def _one_volume(file: IO[bytes], path: Path, starts: list[int]) -> tuple[int, bytes]:
    """Return where the directory of a split zip begins, and directory and end as those of an archive in one file.

    `starts` are the places where the volumes begin in `file`.
    """
    found = _find_end(file)
    if found is None:
        raise _damaged(path, "it has no directory")
    place, (_, disk, cd_disk, _, count, cd_size, cd_offset, _) = found
    file.seek(max(0, place - _LOCATOR_FORM.size))
    locator = file.read(_LOCATOR_FORM.size)
    if place >= _LOCATOR_FORM.size and locator.startswith(_LOCATOR_64):
        _, at_disk, at, num_disks = _LOCATOR_FORM.unpack(locator)
        disk = num_disks - 1
        _check_disks(path, disk, at_disk, starts)
        file.seek(min(starts[at_disk] + at, place))
        record = file.read(_END_64_FORM.size)
        if len(record) < _END_64_FORM.size or not record.startswith(_END_64):
            raise _damaged(path, "the end of its directory is not where it should be")
        _, _, _, _, _, cd_disk, _, count, cd_size, cd_offset = _END_64_FORM.unpack(record)
    _check_disks(path, disk, cd_disk, starts)
    start = starts[cd_disk] + cd_offset
    if cd_size > place - start:
        raise _damaged(path, "its directory is longer than the file")
    file.seek(start)
    entries = b"".join(_moved_entries(path, file.read(cd_size), count, starts))
    return start, entries + _end_records(start, len(entries), count)


def _check_disks(path: Path, last: int, used: int, starts: list[int]) -> None:
    there = len(starts) - 1
    if last + 1 != there:
        raise MissingDataError(
            f"{show(path)} is the last of {last + 1} volumes, and {there} are here.",
            f"Put {show(path.stem)}.z01 to {show(path.stem)}.z{last:02d} beside it.",
        )
    if used >= there:
        raise _damaged(path, f"it speaks of volume {used + 1}")


def _moved_entries(path: Path, directory: bytes, count: int, starts: list[int]) -> list[bytes]:
    """Return the entries of the directory with places from the start of the first volume."""
    entries: list[bytes] = []
    at = 0
    for _ in range(count):
        if len(directory) - at < _ENTRY_FORM.size or directory[at : at + 4] != _ENTRY:
            raise _damaged(path, f"entry {len(entries) + 1} of its directory is broken")
        fields = list(_ENTRY_FORM.unpack_from(directory, at))
        name_end = at + _ENTRY_FORM.size + fields[10]
        extra_end = name_end + fields[11]
        end = extra_end + fields[12]
        extra = directory[name_end:extra_end]
        wide, others = _split_extra(extra)
        moved = _moved(path, fields, wide, starts) + others
        fields[11], fields[13] = len(moved), 0
        entries.append(_ENTRY_FORM.pack(*fields) + directory[at + _ENTRY_FORM.size : name_end] + moved + directory[extra_end:end])
        at = end
    return entries


def _split_extra(extra: bytes) -> tuple[bytes, bytes]:
    """Return the content of the field of 64-bit sizes, and all other fields as they are."""
    wide, others, at = b"", b"", 0
    while len(extra) - at >= 4:
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _SIZES_64:
            wide = extra[at + 4 : at + 4 + length]
        else:
            others += extra[at : at + 4 + length]
        at += 4 + length
    return wide, others


def _moved(path: Path, fields: list[int], wide: bytes, starts: list[int]) -> bytes:
    """Set the place of an entry in `fields` (all places of a zip64 field are wide from then on) and return that field."""
    forms = [("<Q", index) for index, full in ((9, _FULL_32), (8, _FULL_32), (16, _FULL_32)) if fields[index] == full]
    forms += [("<L", 13)] if fields[13] == _FULL_16 else []
    values = {8: fields[8], 9: fields[9], 13: fields[13], 16: fields[16]}
    at = 0
    for form, index in forms:
        if len(wide) - at < struct.calcsize(form):
            raise _damaged(path, "an entry of its directory lacks its 64-bit sizes")
        (values[index],) = struct.unpack_from(form, wide, at)
        at += struct.calcsize(form)
    if values[13] >= len(starts) - 1:
        raise _damaged(path, f"an entry of its directory lies on volume {values[13] + 1}")
    fields[8] = fields[9] = fields[16] = _FULL_32
    return struct.pack("<HH3Q", _SIZES_64, 24, values[9], values[8], starts[values[13]] + values[16])


def _end_records(start: int, size: int, count: int) -> bytes:
    wide = _END_64_FORM.pack(_END_64, _END_64_FORM.size - 12, 45, 45, 0, 0, count, count, size, start)
    locator = _LOCATOR_FORM.pack(_LOCATOR_64, 0, start + size, 1)
    narrow = _END_FORM.pack(_END, 0, 0, min(count, _FULL_16), min(count, _FULL_16), min(size, _FULL_32), min(start, _FULL_32), 0)
    return wide + locator + narrow


def _damaged(path: Path, how: str) -> DataError:
    return DataError(f"{show(path)} is damaged: {how}.", "Remove it and its other volumes, and get them again.")
