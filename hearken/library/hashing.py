"""Digests: the identity of a sound's bytes, and the seal on stored vectors."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from hearken.audio.source import open_regular, read_error

HASH_NUM_BYTES = 16
_BLOCK_NUM_BYTES = 1 << 20


def content_hash(path: str) -> bytes:
    """Return the BLAKE2b-128 of the bytes of `path`. Raises AudioReadError."""
    return hash_and_status(path)[0]


def hash_and_status(path: str) -> tuple[bytes, os.stat_result]:
    """Return the BLAKE2b-128 of the bytes of `path`, read in blocks, and its status when it was opened.

    Raises AudioReadError where it cannot be read, and for anything but a regular file.
    """
    digest = hashlib.blake2b(digest_size=HASH_NUM_BYTES)
    with open_regular(path) as file:
        try:
            status = os.fstat(file.fileno())
            block = memoryview(bytearray(min(_BLOCK_NUM_BYTES, max(status.st_size, 1))))
            while count := file.readinto(block):
                digest.update(block[:count])
        except OSError as error:
            raise read_error(path, error) from error
    return digest.digest(), status


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    """Return the blake2b digest of all `parts` in a row, in hex. It finds damage; it is no defence against forgery."""
    state = hashlib.blake2b(digest_size=HASH_NUM_BYTES)
    for part in parts:
        state.update(part)
    return state.hexdigest()


def seal(*parts: bytes) -> bytes:
    """Return 8 bytes that tell whether any of `parts` changed on disk (SQLite itself has no checksums)."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
