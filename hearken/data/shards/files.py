"""Whole files or none, for folders of shards: bytes are on the disk before their name is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from hearken.errors import ShardError, show

PART = ".part"
"""What the name of a file ends in until it is whole; the next run writes it anew."""


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all. Raises OSError; then what was there before is there still."""
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    publish(part, path)


def publish(part: Path, path: Path) -> None:
    """Make a finished file, already on the disk, visible as `path`, and its name durable. Raises OSError."""
    part.replace(path)
    if os.name == "nt":  # Windows cannot open a folder
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the operating system, while something is written below `path`, into a ShardError that says how to go on."""
    try:
        yield
    except OSError as error:
        raise ShardError(
            f"{show(path)} cannot be written: {error.strerror or error}.",
            "Finished shards stay: make room or get permission, and run the same command again.",
        ) from error
