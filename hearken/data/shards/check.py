"""Checks of a pack: sizes, which is quick, and digests of every shard and sample, which reads all of it."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

from hearken.data.shards.layout import Entry, Index, Shard, read_index
from hearken.errors import ShardError, show
from hearken.types import Progress

_CHUNK_BYTES = 1 << 20
REPAIR = "Run the same `hearken data pack` again, with --verify: it makes missing and damaged shards anew."


def is_whole(folder: Path, shard: Shard, *, verify: bool = False) -> bool:
    """Say whether `shard` is in `folder` with the right size; with `verify`, with the right digest. Raises ShardError if it cannot be read."""
    try:
        check_shard(folder, shard, verify=verify)
    except ShardError:
        return False
    return True


def check_shard(folder: Path, shard: Shard, *, verify: bool = True) -> None:
    """Raise ShardError unless `shard` is in `folder` and has the size, and with `verify` the digest, that the index says."""
    path = folder / shard.file
    try:
        size = path.stat().st_size
        if size != shard.bytes:
            raise ShardError(f"{show(path)} has {size} bytes instead of {shard.bytes}.", REPAIR)
        if verify and _sha256(path) != shard.sha256:
            raise ShardError(f"{show(path)} is damaged: its digest is not that of the index{_where(path, shard)}.", REPAIR)
    except FileNotFoundError as error:
        raise ShardError(f"{show(path)} is missing.", REPAIR) from error
    except OSError as error:
        raise ShardError(f"{show(path)} cannot be read: {error.strerror or error}.", "Check the disk and the permissions.") from error


def check_sizes(folder: Path, index: Index) -> None:
    """Raise ShardError for the first shard that is missing or has the wrong size."""
    for shard in index.shards:
        check_shard(folder, shard, verify=False)


def check_shards(folder: Path, *, on_progress: Progress | None = None) -> list[ShardError]:
    """Read the whole pack in `folder` and return what is wrong with its shards, in order; nothing is [].

    `on_progress` is told the bytes that are checked. Raises ShardError for a missing, damaged or foreign index.
    """
    index = read_index(folder)
    total, done, wrong = sum(shard.bytes for shard in index.shards), 0, []
    for shard in index.shards:
        try:
            check_shard(folder, shard)
        except ShardError as error:
            wrong.append(error)
        done += shard.bytes
        if on_progress:
            on_progress(done, total)
    return wrong


def checked(data: bytes, entry: Entry, number: int, path: Path) -> bytes:
    """Return the bytes of sample `number` of the shard at `path`. Raises ShardError if they are not those that were written."""
    if len(data) != entry.size:
        raise ShardError(f"{show(path)} is cut off in sample {number}.", REPAIR)
    if zlib.crc32(data) != entry.crc32:
        raise ShardError(f"{show(path)} is damaged in sample {number}, at byte {entry.offset}.", REPAIR)
    return data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _where(path: Path, shard: Shard) -> str:
    """Return in words which samples are damaged, for a shard of the right size."""
    with path.open("rb") as file:
        wrong = [str(number) for number, entry in enumerate(shard.samples) if zlib.crc32(file.read(entry.size)) != entry.crc32]
    return f" (in sample {', '.join(wrong)})" if wrong else " (outside its samples)"
