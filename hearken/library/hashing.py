"""Digests: the identity of a sound's bytes, and the seal on stored vectors."""

from __future__ import annotations

import hashlib
import os
import stat

from hearken.errors import AudioReadError, show

HASH_NUM_BYTES = 16
_BLOCK_NUM_BYTES = 1 << 20


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Return an open descriptor of the regular file `path`, and its status. Raises OSError, and AudioReadError for other kinds.

    The kind is checked on what was opened, not on the name, and opening never waits: a FIFO put in the file's place
    between scan and now can neither fool nor hang us.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode):
        return handle, status
    os.close(handle)
    raise AudioReadError(f"{show(path)} is not a regular file.", "Only regular files can be indexed.")


def content_hash(path: str) -> bytes:
    """Return the BLAKE2b-128 of the bytes of `path`. Raises as `hash_and_status` does."""
    return hash_and_status(path)[0]


def hash_and_status(path: str) -> tuple[bytes, os.stat_result]:
    """Return the BLAKE2b-128 of the bytes of `path`, read in blocks, and its status when it was opened.

    Raises OSError as opening and reading do, and AudioReadError for anything but a regular file.
    """
    handle, status = open_regular(path)
    digest = hashlib.blake2b(digest_size=HASH_NUM_BYTES)
    block = memoryview(bytearray(min(_BLOCK_NUM_BYTES, max(status.st_size, 1))))
    with open(handle, "rb", buffering=0) as file:
        while count := file.readinto(block):
            digest.update(block[:count])
    return digest.digest(), status


def seal(*parts: bytes) -> bytes:
    """Return 8 bytes that tell whether any of `parts` changed on disk (SQLite itself has no checksums)."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
