"""Immutable blocks of the search cache: the vectors of some thousands of files, laid out to be memory-mapped.

A block file is named by its own digest and holds, in this order: a header (`_HEADER`, 64 bytes: magic, layout version,
D, F, N, digest of the two tables); the file table (F, 4) int64; the spans (N, 2) float64; padding to 64 bytes; the
window vectors (N, D) float16; the clip vectors (F, D) float16. Numbers are little-endian. The windows of a file are
consecutive rows. A file whose vectors cannot be used (not finite) is kept in the table with no rows, so that it is not
read again and again.

Legend: `F` files and `N` windows of the block, `D` embedding size.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearken.errors import AudioReadError, DamagedError, show
from hearken.files import write_whole
from hearken.library.hashing import content_hash, digest_of
from hearken.library.records import DoubleArray, HalfArray

IntArray = NDArray[np.int64]

MAX_BLOCK_ROWS = 65_536  # 50 MB at D = 384: what building or merging a block holds in memory at once
FILE_ID, VERSION, FIRST_ROW, NUM_ROWS = range(4)  # columns of the file table

_MAGIC = b"hearkenB"
_LAYOUT = 1
_HEADER = struct.Struct("<8sIIQQ32s")
_ALIGN = 64


@dataclass(frozen=True)
class Entry:
    """The vectors of one file: `clip` (D,), `windows` (N, D), both float16, with `spans` (N, 2) in seconds."""

    file_id: int
    version: int
    clip: HalfArray
    windows: HalfArray
    spans: DoubleArray


@dataclass(frozen=True, eq=False)
class Block:
    """A block, mapped from its file or, with an empty `name`, in memory: `files` (F, 4), `spans` (N, 2), `windows` (N, D), `clips` (F, D)."""

    name: str
    files: IntArray
    spans: DoubleArray
    windows: HalfArray
    clips: HalfArray

    @property
    def num_rows(self) -> int:
        """Number of windows N."""
        return len(self.windows)

    def entries(self, alive: NDArray[np.bool_]) -> Iterator[Entry]:
        """Yield the files that are `alive` (F,), in order."""
        for position in np.flatnonzero(alive):
            file_id, version, first, count = (int(value) for value in self.files[position])
            rows = slice(first, first + count)
            yield Entry(file_id, version, self.clips[position], self.windows[rows], self.spans[rows])


def usable(entry: Entry, dim: int) -> Entry:
    """Return `entry`, or the same file without rows where its vectors are not finite, not of size D, or lack their spans."""
    fits = entry.clip.shape == (dim,) and entry.windows.ndim == 2 and entry.windows.shape[1] == dim
    if fits and entry.spans.shape == (len(entry.windows), 2) and all(_finite(part) for part in (entry.clip, entry.windows, entry.spans)):
        return entry
    nothing = np.zeros((0, dim), np.float16)
    return Entry(entry.file_id, entry.version, np.zeros(dim, np.float16), nothing, np.zeros((0, 2)))


def _finite(values: HalfArray | DoubleArray) -> bool:
    return bool(np.isfinite(values).all())


def pack(entries: Sequence[Entry], dim: int) -> Block:
    """Lay `entries` out as a block in memory."""
    counts = np.array([len(entry.windows) for entry in entries], np.int64)
    files = np.zeros((len(entries), 4), "<i8")
    files[:, FILE_ID] = [entry.file_id for entry in entries]
    files[:, VERSION] = [entry.version for entry in entries]
    files[:, NUM_ROWS] = counts
    files[1:, FIRST_ROW] = np.cumsum(counts)[:-1]
    spans = np.concatenate([np.zeros((0, 2), "<f8"), *(entry.spans for entry in entries)])
    windows = np.concatenate([np.zeros((0, dim), "<f2"), *(entry.windows for entry in entries)])
    clips = np.concatenate([np.zeros((0, dim), "<f2"), *(entry.clip[None] for entry in entries)])
    return Block("", files, spans.astype("<f8", copy=False), windows.astype("<f2", copy=False), clips.astype("<f2", copy=False))


def lay_out(entries: Iterable[Entry], dim: int) -> Iterator[Block]:
    """Collect entries into blocks in memory of at most `MAX_BLOCK_ROWS` rows (a longer file has one for itself)."""
    held: list[Entry] = []
    rows = 0
    for entry in entries:
        if held and (rows + len(entry.windows) > MAX_BLOCK_ROWS or len(held) >= MAX_BLOCK_ROWS):
            yield pack(held, dim)
            held, rows = [], 0
        held.append(entry)
        rows += len(entry.windows)
    if held:
        yield pack(held, dim)


def write_block(folder: Path, block: Block) -> Block:
    """Write `block` into `folder` and return it mapped from its file. Raises OSError; then nothing is left behind."""
    parts = _parts(block)
    name = f"block-{digest_of(parts)}.vec"
    write_whole(folder / name, parts)
    return map_block(folder, name)


def _parts(block: Block) -> list[bytes | memoryview]:
    tables = [_bytes(block.files), _bytes(block.spans)]
    header = _HEADER.pack(_MAGIC, _LAYOUT, block.windows.shape[1], len(block.files), block.num_rows, digest_of(tables).encode())
    size = len(header) + sum(len(table) for table in tables)
    return [header, *tables, bytes(-size % _ALIGN), _bytes(block.windows), _bytes(block.clips)]


def _bytes(array: IntArray | DoubleArray | HalfArray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def map_block(folder: Path, name: str) -> Block:
    """Map a block file. Its header, size and tables are checked, its vectors are not: that is `block_is_whole`.

    Raises DamagedError, also for a file that is not there.
    """
    path = folder / name
    try:
        raw = np.asarray(np.memmap(path, np.uint8, "r"))  # a plain view of it: a memmap takes three times as long to slice
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise DamagedError(f"{show(path)} cannot be read: {error}.") from error
    block = _lay_out(name, raw)
    if block is None:
        raise DamagedError(f"{show(path)} does not hold what was written.")
    return block


def _lay_out(name: str, raw: NDArray[np.uint8]) -> Block | None:
    """Return views of the parts of `raw`, or None where size, header and tables disagree."""
    if len(raw) < _HEADER.size or sys.byteorder != "little":
        return None
    magic, layout, dim, num_files, num_rows, digest = _HEADER.unpack(raw[: _HEADER.size].tobytes())
    ends = [_HEADER.size, _HEADER.size + 32 * num_files, _HEADER.size + 32 * num_files + 16 * num_rows]
    start = ends[2] + -ends[2] % _ALIGN
    middle = start + 2 * dim * num_rows
    if magic != _MAGIC or layout != _LAYOUT or len(raw) != middle + 2 * dim * num_files:
        return None
    tables = raw[ends[0] : ends[1]], raw[ends[1] : ends[2]]
    if digest != digest_of(table.data for table in tables).encode():
        return None
    files, spans = tables[0].view("<i8").reshape(num_files, 4), tables[1].view("<f8").reshape(num_rows, 2)
    windows, clips = raw[start:middle].view("<f2"), raw[middle:].view("<f2")
    return Block(name, files, spans, windows.reshape(num_rows, dim), clips.reshape(num_files, dim))


def block_is_whole(folder: Path, name: str) -> bool:
    """Tell whether every byte of a block file is as it was written, by the digest in its name."""
    try:
        return name == f"block-{content_hash(str(folder / name)).hex()}.vec"
    except AudioReadError:
        return False
