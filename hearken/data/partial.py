"""A file that comes bit by bit: what is there of it, and beside that the marks of what those bytes are of, address and version.

Whatever moment a run is killed at, bytes of one version are never taken for those of another.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from hearken.files import PART, adopt


def part_of(path: Path) -> Path:
    """Return where the bytes of the file that will be at `path` gather."""
    return path.with_name(path.name + PART)


def num_bytes(path: Path) -> int:
    """Return the size of a file, 0 where there is none."""
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def version_of(etag: str | None, changed: str | None) -> str:
    """Return what a server calls this version of a file: a strong ETag, or the date of its last change; "" if it says neither."""
    return (etag if etag and not etag.startswith("W/") else changed) or ""


def kept(part: Path, url: str) -> tuple[int, str]:
    """Return how many bytes of `url` are in `part`, and the version that they are of ("": not known); 0 for those of another address."""
    try:
        marks = json.loads(_marks(part).read_text(encoding="utf-8"))
        of, version = marks["url"], marks["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""
    return (num_bytes(part), version if isinstance(version, str) else "") if of == url else (0, "")


def begin(part: Path, url: str, version: str) -> None:
    """Forget what is in `part`, and note what the bytes that will come are of. Raises OSError."""
    part.unlink(missing_ok=True)  # first: a run that is killed here must not take old bytes for those of a new version
    _marks(part).write_text(json.dumps({"url": url, "version": version}), encoding="utf-8")


def finish(part: Path, path: Path) -> None:
    """Put what is whole in its place, `path`. Raises OSError."""
    adopt(part, path)
    _marks(part).unlink(missing_ok=True)


def discard(part: Path) -> None:
    """Take away the part and its marks, if they are there. Raises OSError."""
    part.unlink(missing_ok=True)
    _marks(part).unlink(missing_ok=True)


def _marks(part: Path) -> Path:
    return part.with_name(part.name + ".json")
