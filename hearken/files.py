"""Whole files or none.

A file becomes visible by an atomic rename after its bytes are on the disk, and its folder entry is made durable after that.
Temporary names are unique, so that two processes may write one file at a time; what a killed one leaves carries `TEMP_MARK`.
Who holds a lock writes `alone`: the name is fixed then, and the next run takes away what a killed one left.
"""

from __future__ import annotations

import contextlib
import errno
import os
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
    with replacing(path, alone=alone) as temp, temp.open("wb" if alone else "xb") as file:
        for part in [content] if isinstance(content, bytes) else content:
            file.write(part)


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
    """Make a finished temporary file durable and visible as `path`. Raises OSError."""
    with temp.open("rb+") as file:
        os.fsync(file.fileno())
    temp.replace(path)
    sync_folder(path.parent)


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
