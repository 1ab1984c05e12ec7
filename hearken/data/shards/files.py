"""What is said when a folder of shards cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hearken.errors import ShardError, show


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
