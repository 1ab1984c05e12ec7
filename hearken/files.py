"""Whole files or none.

A file becomes visible by an atomic rename after its bytes are on the disk, and its folder entry is made durable after that.
Temporary names are unique, so that two processes may write one file at a time; what a killed one leaves carries `TEMP_MARK`.
Who holds a lock writes `alone`: the name is fixed then, and the next run takes away what a killed one left.
Devices and pipes, such as `/dev/null`, are written to and never replaced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

TEMP_MARK = ".tmp-"
PART = ".part"
"""What the name of a file ends in while it is written by one who is alone."""
_NO_SUCH_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)  # file systems over a network, among others


def temp_beside(path: Path, *, alone: bool = False) -> Path:
    """Return a new unique temporary name in the folder of `path`; with `alone`, always the same."""
    return path.with_name(path.name + (PART if alone else f"{TEMP_MARK}{os.getpid()}-{uuid.uuid4().hex[:8]}"))


def write_whole(path: Path, content: bytes | Iterable[bytes | memoryview], *, alone: bool = False) -> None:
    """Write `content`, in one piece or several, to `path`, whole or not at all.

    Raises OSError (a full disk, no permission); then what was there is there still, and nothing else is left.
    """
    parts = [content] if isinstance(content, bytes) else content
    if is_stream(path):
        with path.open("wb") as stream:
            stream.writelines(parts)
        return
    with replacing(path, alone=alone) as temp, temp.open("wb" if alone else "xb") as file:
        file.writelines(parts)


@contextlib.contextmanager
def replacing(path: Path, *, alone: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, for a file that takes its place when the block ends well, and is gone otherwise. Raises OSError."""
    temp = temp_beside(path, alone=alone)
    try:
        yield temp
        adopt(temp, path)
    except BaseException:
        remove_quietly(temp)
        raise


def adopt(temp: Path, path: Path) -> None:
    """Make a finished temporary file durable and visible as `path`; where that is a device or a pipe, write to it. Raises OSError."""
    if is_stream(path):
        with temp.open("rb") as file, path.open("wb") as stream:
            shutil.copyfileobj(file, stream)
        temp.unlink()
        return
    with temp.open("rb+") as file:
        os.fsync(file.fileno())
    temp.replace(path)
    sync_folder(path.parent)


def is_stream(path: Path) -> bool:
    """Say whether `path` is a device, a pipe or a socket: renaming something onto it would take it away from everybody."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the system can (Windows cannot open a folder). Raises OSError."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(handle)


def remove_quietly(path: Path) -> None:
    """Remove a file if it is there and that is possible now (Windows keeps mapped files)."""
    with contextlib.suppress(OSError):
        path.unlink()
