"""Archives become folders: all of an archive, or none of it; killed in the middle, it goes on with the next member.

Members are written to a folder of their own and moved to their places when all are there, so a half unpacked archive is
never taken for a corpus. A record of what was unpacked is kept: an archive that is unpacked and complete is not touched again.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hearken.data.archive import OWN_FOLDER, Member, Writer, extract, members
from hearken.data.volumes import volumes
from hearken.data.whole import read_json, write_json
from hearken.errors import DataError, show
from hearken.limits import MAX_ARCHIVE_FREE_MB, MAX_ARCHIVE_RATIO
from hearken.types import Progress

_SHOWN = 3


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked: how many files of how many bytes, and whether that was done before."""

    num_files: int
    num_bytes: int
    is_old: bool


def unpack(archive: Path, folder: Path, home: Path, identity: str, *, on_progress: Progress | None = None) -> Unpacked:
    """Unpack `archive`, which may stand for several volumes, into `folder`; what is complete is left as it is.

    `home` is the corpus' folder, where the record is kept; `identity` is a digest of the archive. Raises DataError for an
    archive that is damaged, evil or too large, where another file is in the way, or the disk fails.
    """
    if before := done_before(archive, folder, home, identity):
        return before
    stage, record = _stage(archive, home), _record(archive, home)
    with _disk_errors(archive, folder):
        size = sum(part.stat().st_size for part in volumes(archive))
        found = members(archive, max_bytes=max(MAX_ARCHIVE_FREE_MB * 1_000_000, MAX_ARCHIVE_RATIO * size))
        _claim(stage, identity)
        _fill(archive, found, stage / "files", folder, on_progress)
        _adopt(archive, found, stage / "files", folder)
        rows = [[member.path, member.size] for member in found]
        write_json(record, {"identity": identity, "folder": _relative(folder, home), "files": rows})
        shutil.rmtree(stage)
    return Unpacked(len(found), sum(member.size for member in found), is_old=False)


def done_before(archive: Path, folder: Path, home: Path, identity: str | None) -> Unpacked | None:
    """Return what was unpacked of `archive` if all of it is still there; None if not, or if it was another one than `identity`.

    Without an `identity` any will do: the archive may have been removed since.
    """
    record = read_json(_record(archive, home))
    rows = record.get("files")
    if not isinstance(rows, list) or identity not in (None, record.get("identity")) or record.get("folder") != _relative(folder, home):
        return None
    try:
        if any(os.stat(folder / path).st_size != size for path, size in rows):
            return None
    except (OSError, ValueError, TypeError):
        return None
    return Unpacked(len(rows), sum(size for _, size in rows), is_old=True)


def _relative(folder: Path, home: Path) -> str:
    return Path(os.path.relpath(folder, home)).as_posix()


def _record(archive: Path, home: Path) -> Path:
    return home / OWN_FOLDER / "unpacked" / f"{archive.name}.json"


def _stage(archive: Path, home: Path) -> Path:
    return home / OWN_FOLDER / "unpacking" / archive.name


def _claim(stage: Path, identity: str) -> None:
    """Make the folder for the members; what another archive of the same name left there goes."""
    if stage.exists() and read_json(stage / "identity.json").get("identity") != identity:
        shutil.rmtree(stage)
    (stage / "files").mkdir(parents=True, exist_ok=True)
    write_json(stage / "identity.json", {"identity": identity})


@contextlib.contextmanager
def _disk_errors(archive: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        about = f" ({show(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        raise DataError(
            f"{show(archive)} cannot be unpacked into {show(folder)}: {error.strerror or error}{about}.",
            "Check the space and the permissions, and run the command again to go on.",
        ) from error


def _fill(archive: Path, found: tuple[Member, ...], files: Path, folder: Path, on_progress: Progress | None) -> None:
    """Write all members that are neither staged nor at their places already."""
    missing = [member for member in found if not _is_there(files, member) and not _is_there(folder, member)]
    total = sum(member.size for member in found)
    needed = sum(member.size for member in missing)
    free = shutil.disk_usage(files).free
    if free < needed:
        raise DataError(
            f"{show(archive)} becomes {needed} bytes, and the disk of {show(folder)} has room for {free}.",
            "Make room and run the command again, or give another place by --folder.",
        )
    done = total - needed

    @contextlib.contextmanager
    def opening(member: Member) -> Iterator[Writer]:
        nonlocal done
        temp, place = files.parent / "current", files / member.path
        with temp.open("wb") as file:
            yield _Bounded(file, archive, member)
        if temp.stat().st_size != member.size:
            raise DataError(
                f"{show(archive)} is damaged: {show(member.path)!r} is shorter than announced.", "Remove it, and run the command again."
            )
        place.parent.mkdir(parents=True, exist_ok=True)
        temp.replace(place)
        done += member.size
        if on_progress:
            on_progress(done, total)

    if missing:
        extract(archive, missing, opening, files)
    left = [member for member in missing if not _is_there(files, member)]
    if left:
        raise DataError(
            f"{show(archive)} is damaged: {show(left[0].path)!r} did not come out of it.", "Remove it, and run the command again."
        )


def _is_there(folder: Path, member: Member) -> bool:
    try:
        return os.stat(folder / member.path).st_size == member.size
    except OSError:
        return False


class _Bounded:
    """Writes no more of a member than it announced."""

    def __init__(self, file: IO[bytes], archive: Path, member: Member) -> None:
        self._file, self._archive, self._member, self._left = file, archive, member, member.size

    def write(self, content: bytes, /) -> None:
        """Write `content`. Raises DataError when that is more than announced."""
        self._left -= len(content)
        if self._left < 0:
            raise DataError(
                f"{show(self._archive)} is not unpacked: {show(self._member.path)!r} is longer than announced.",
                "Get the archive from its publisher again.",
            )
        self._file.write(content)


def _adopt(archive: Path, found: tuple[Member, ...], files: Path, folder: Path) -> None:
    """Move all members to their places. Raises DataError, before the first, if other files are there."""
    waiting = [member for member in found if (files / member.path).exists()]
    in_the_way = [member.path for member in waiting if _differs(files / member.path, folder / member.path)]
    if in_the_way:
        more = f" and {len(in_the_way) - _SHOWN} more" if len(in_the_way) > _SHOWN else ""
        names = ", ".join(show(path) for path in in_the_way[:_SHOWN])
        raise DataError(
            f"{show(archive)} cannot be unpacked into {show(folder)}: other files are there as {names}{more}.",
            "Move them away, and run the command again.",
        )
    for member in waiting:
        place = folder / member.path
        place.parent.mkdir(parents=True, exist_ok=True)
        (files / member.path).replace(place)


def _differs(staged: Path, place: Path) -> bool:
    return os.path.lexists(place) and not (place.is_file() and filecmp.cmp(staged, place, shallow=False))
