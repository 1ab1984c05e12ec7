"""A pack as a place that sounds come from one by one, in any order: shards stay open, a few at a time.

`ShardReader` reads an epoch in its own order and knows nothing of captions as pairs; here the order is the training's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hearken.audio.resample import resample
from hearken.data.clip import Clip
from hearken.data.shards.check import check_sizes, checked
from hearken.data.shards.facts import Sound, read_facts
from hearken.data.shards.layout import INDEX, read_index
from hearken.data.shards.order import GROUP_NUM_SHARDS
from hearken.data.shards.reader import unpack
from hearken.data.shards.tar import BLOCK
from hearken.errors import DataError, ShardError, show
from hearken.types import FloatArray


class Packed(NamedTuple):
    """Where a sound lies in a pack: sample `number` of shard `shard`."""

    pack: Pack
    shard: int
    number: int

    def __str__(self) -> str:
        return f"{self.pack.folder / self.pack.index.shards[self.shard].file}:{self.number}"


def is_pack(reference: str) -> bool:
    """Say whether `reference` is the folder of a pack."""
    return os.path.isfile(os.path.join(reference, INDEX))


class Pack:
    """The pack in `folder`. Threads may share it: each sample is one read, and decoding it is the caller's time.

    Raises ShardError for a damaged or incomplete pack, DataError for one of spectrograms.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = folder, read_index(folder)
        check_sizes(folder, self.index)
        if self.index.recipe.codec == "mel":
            raise DataError(
                f"{show(folder)} holds spectrograms, and training needs sound.",
                "Pack the corpus as sound: `hearken data pack ... --codec flac`.",
            )
        self._lock = threading.Lock()
        self._open: dict[int, int] = {}

    def clips(self) -> list[tuple[Clip, Sound, Packed]]:
        """Return what is said of every sample, in the order of the corpus that was packed. Raises ShardError."""
        found = sorted(self._facts(), key=lambda each: each[0])
        self.close()
        return [(clip, sound, place) for _, clip, sound, place in found]

    def _facts(self) -> Iterator[tuple[str, Clip, Sound, Packed]]:
        for shard, part in enumerate(self.index.shards):
            for number, entry in enumerate(part.samples):
                data = self._read(shard, entry.offset + BLOCK, entry.facts_size)
                try:
                    yield *read_facts(data), Packed(self, shard, number)
                except ShardError as error:
                    where = f"{show(self.folder / part.file)}, sample {number}"
                    raise ShardError(f"{where}: {error.message}", "`hearken data pack --verify` mends a pack.") from error

    def sound(self, shard: int, number: int, rate_hz: int) -> FloatArray:
        """Return the sound (T,) of a sample at `rate_hz`. Raises ShardError, which names the file, if it is not what was written."""
        entry, path = self.index.shards[shard].samples[number], self.folder / self.index.shards[shard].file
        data = checked(self._read(shard, entry.offset, entry.size), entry, number, path)
        samples = unpack(data, self.index.recipe, entry.facts_size, entry.sound_size).samples
        if samples is None:  # unpack has it for spectrograms, which __init__ refused
            raise ShardError(f"{show(path)}, sample {number}, holds no sound.")
        packed_hz = self.index.recipe.rate_hz
        return samples if packed_hz == rate_hz else resample(samples, packed_hz, rate_hz)

    def close(self) -> None:
        """Close the shards; the next read opens them again."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def _read(self, shard: int, start: int, size: int) -> bytes:
        """Return `size` bytes of a shard, fewer at its end."""
        path, parts = self.folder / self.index.shards[shard].file, []
        try:
            with self._lock:
                handle = self._handle(shard, path)
                os.lseek(handle, start, os.SEEK_SET)
                while size and (part := os.read(handle, size)):
                    parts.append(part)
                    size -= len(part)
        except OSError as error:
            raise ShardError(f"{show(path)} cannot be read: {error.strerror or error}.", "Check the disk and the permissions.") from error
        return b"".join(parts)

    def _handle(self, shard: int, path: Path) -> int:
        if shard not in self._open:
            if len(self._open) >= GROUP_NUM_SHARDS:
                os.close(self._open.pop(next(iter(self._open))))
            self._open[shard] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return self._open[shard]
