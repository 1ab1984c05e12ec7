"""From the id of a sound to its file, and to nothing else: the store names the path, which must lie below a registered root.

A link in the file's own place is not followed, links above it may not lead out of the root, and what is no regular file is not
there. Whatever is wrong, the answer is the constant 404.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from hearken.library.records import FileRecord
from hearken.search.browse import root_of
from hearken.search.library import Library
from hearken.server.problems import not_found

_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


class Located(NamedTuple):
    """A sound's record, the path of its file as it may be opened now, and the root that it is below."""

    record: FileRecord
    path: str
    root: str


def locate(library: Library, file_id: int) -> Located:
    """Return where a sound's file is. Raises the 404 of `problems` unless it is there, a regular file, and below a root of the library."""
    store = library.parts().store
    found = store.files([file_id])
    if not found:
        raise not_found()
    path, roots = found[0].path, store.roots()
    root = root_of(path, roots)
    if root is None or not is_servable(path, roots):
        raise not_found()
    return Located(found[0], path, root)


def is_servable(path: str, roots: list[str]) -> bool:
    """Say whether `path` is a regular file, no link, and really below its root once links above it are followed."""
    root = root_of(path, roots)
    if root is None:
        return False
    try:
        real, top = os.path.realpath(path, strict=True), os.path.realpath(root, strict=True)
        return stat.S_ISREG(os.lstat(path).st_mode) and (real == top or real.startswith(os.path.join(top, "")))
    except (OSError, ValueError):
        return False


def open_file(located: Located) -> int:
    """Return a descriptor of the file, for reading. Raises the 404 of `problems` where it has become something else meanwhile."""
    try:
        descriptor = os.open(located.path, _FLAGS)
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            raise
        raise not_found() from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_found()
    return descriptor
