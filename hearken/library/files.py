"""Whole files or none: how the search cache writes, and how it knows damage when it sees it.

A file becomes visible by an atomic rename after its bytes are on the disk, and its folder entry is made durable after
that. Temporary names are unique; leftovers of killed processes carry `TEMP_MARK` and are swept by the next writer.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from hearken.library.hashing import HASH_NUM_BYTES

TEMP_MARK = ".tmp-"


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    """Return the blake2b digest of all `parts` in a row, in hex. It finds damage; it is no defence against forgery."""
    state = hashlib.blake2b(digest_size=HASH_NUM_BYTES)
    for part in parts:
        state.update(part)
    return state.hexdigest()


def temp_beside(path: Path) -> Path:
    """Return a new unique temporary name in the folder of `path`."""
    return path.with_name(f"{path.name}{TEMP_MARK}{os.getpid()}-{uuid.uuid4().hex[:8]}")


def write_whole(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write `parts` to `path`, whole or not at all. Raises OSError (a full disk, no permission); then nothing is left."""
    temp = temp_beside(path)
    try:
        with temp.open("xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    except BaseException:
        remove_quietly(temp)
        raise
    sync_folder(path.parent)


def adopt(temp: Path, path: Path) -> None:
    """Make a finished temporary file, written by someone else's code, durable and visible as `path`. Raises OSError."""
    with temp.open("rb+") as file:
        os.fsync(file.fileno())
    temp.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the system can (Windows cannot open a folder)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_quietly(path: Path) -> None:
    """Remove a file of the cache if that is possible now; a later sweep gets what stays (Windows keeps mapped files)."""
    with contextlib.suppress(OSError):
        path.unlink()
