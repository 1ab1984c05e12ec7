"""One shard while it is written: whole and noted at the end, or written anew by the next run."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from hearken.data.clip import Clip
from hearken.data.shards.facts import Sound, write_facts
from hearken.data.shards.files import writing
from hearken.data.shards.layout import Entry, Failed, Shard, to_bytes
from hearken.data.shards.tar import END, sample
from hearken.errors import HearkenError
from hearken.files import PART, adopt, write_whole

PACKING = ".packing"
"""The folder, in that of the shards, of what is not finished, and of notes on what is."""


def note_path(folder: Path, file: str) -> Path:
    """Return where a finished shard is noted until there is an index."""
    return folder / PACKING / f"{file}.json"


class ShardWriter:
    """One shard while it is written: a context manager. What is not finished stays in `.packing/`, and is written anew."""

    def __init__(self, folder: Path, file: str, suffix: str) -> None:
        self._path, self._part, self._suffix = folder / file, folder / PACKING / (file + PART), suffix
        self._note = note_path(folder, file)
        self._sha256 = hashlib.sha256()
        self._size, self._total_s = 0, 0.0
        self._samples: list[Entry] = []
        self._failed: list[Failed] = []
        self._flags = Counter[str]()
        with writing(self._part):
            self._file = self._part.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # a full disk may be noticed, and told of, before
            self._file.close()

    def add(self, name: str, clip: Clip, result: tuple[Sound, bytes] | HearkenError) -> None:
        """Put a clip in, or into the ledger. Raises ShardError where it cannot be written."""
        if isinstance(result, HearkenError):
            self._failed.append(Failed(name, clip.id, clip.audio, type(result).__name__, result.message, result.hint))
            return
        sound, data = result
        facts = write_facts(name, clip, sound)
        content = sample(name, facts, data, self._suffix)
        self._samples.append(Entry(self._size, len(facts), len(data), zlib.crc32(content)))
        self._total_s += sound.duration_s
        self._flags.update([*sound.flags, *(["cut"] if sound.cut else []), *(["over_full_scale"] if sound.gain > 1.0 else [])])
        self._write(content)

    def finish(self) -> Shard:
        """Put the shard in its place, whole, and note it. Raises ShardError where that cannot be done."""
        self._write(END)
        flags = dict(sorted(self._flags.items()))
        samples, failed = tuple(self._samples), tuple(self._failed)
        shard = Shard(self._path.name, self._size, self._sha256.hexdigest(), self._total_s, samples, failed, flags)
        with writing(self._path):
            self._file.close()
            adopt(self._part, self._path)
            write_whole(self._note, to_bytes(shard.to_json()), alone=True)
        return shard

    def _write(self, content: bytes) -> None:
        with writing(self._part):
            self._file.write(content)
        self._sha256.update(content)
        self._size += len(content)
