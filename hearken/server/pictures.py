"""Pictures and waveforms on the disk, so that each is made once: in the library's `cache` folder, which may be removed at any time.

What is kept is known by the content of the sound and by what was asked, so it outlives names, and never fits another sound. Each
file carries a digest of itself: one that was broken off or damaged is made anew. When all together exceed the bound, those that
were not looked at for longest go.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hearken.audio.peaks import Overview
from hearken.files import TEMP_MARK, remove_quietly, temp_beside
from hearken.limits import PICTURE_CACHE_MB

FOLDER_NAME = "pictures"
_FORMAT = "1"  # grows when pictures come out otherwise
_DIGEST_BYTES = 16
_KEPT_SHARE = 0.8
_OVERVIEW = struct.Struct("<IIQ")
_STALE_TEMP_S = 3_600.0


class PictureCache:
    """Bytes by key in `folder`, at most `max_bytes` together. To be shared by threads; other processes may use the folder too.

    It never fails: on a full disk or a read-only one it keeps nothing.
    """

    def __init__(self, folder: Path, max_bytes: int = PICTURE_CACHE_MB * 1_000_000) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._size: int | None = None
        self._making: dict[str, tuple[threading.Lock, int]] = {}

    def get(self, key: str) -> bytes | None:
        """Return what is kept under `key`, or None."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        data = content[_DIGEST_BYTES:]
        if content[:_DIGEST_BYTES] != _digest(data):
            remove_quietly(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, unless that cannot be."""
        path = self._path(key)
        if len(data) > self.max_bytes // 4:
            return
        temp = temp_beside(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temp.write_bytes(_digest(data) + data)  # not synced: what a power cut leaves is found out by its digest
            temp.replace(path)
        except OSError:
            remove_quietly(temp)
            return
        self._grown(len(data) + _DIGEST_BYTES)

    def got_or_made(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under `key`, or what `make` makes, which is kept; threads that want the same wait for the first."""
        data = self.get(key)
        if data is not None:
            return data
        with self._alone(key):
            data = self.get(key)
            if data is None:
                data = make()
                self.put(key, data)
        return data

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock, users = self._making.get(key, (threading.Lock(), 0))
            self._making[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._making.pop(key)
                if users > 1:
                    self._making[key] = lock, users - 1

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _grown(self, num_bytes: int) -> None:
        """Count what was written, and make room when it has become too much."""
        with self._lock:
            if self._size is not None and self._size + num_bytes <= self.max_bytes:
                self._size += num_bytes
                return
            found = sorted(_entries(self.folder))
            self._size = sum(size for _, size, _ in found)
            if self._size <= self.max_bytes:
                return
            for _, size, path in found:
                if self._size <= _KEPT_SHARE * self.max_bytes:
                    break
                remove_quietly(path)
                self._size -= size


def key_of(content_hash: str, what: str, *parameters: object) -> str:
    """Return the key of something made of the sound with this hash."""
    text = "\0".join([_FORMAT, content_hash, what, *map(repr, parameters)])
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def packed(overview: Overview) -> bytes:
    """Return an overview as bytes to be kept."""
    head = _OVERVIEW.pack(overview.bin_num_samples, overview.rate_hz, overview.num_samples)
    return head + overview.low.astype("<i2").tobytes() + overview.high.astype("<i2").tobytes()


def unpacked(data: bytes) -> Overview:
    """Return the overview that `packed` made into `data`."""
    bin_num_samples, rate_hz, num_samples = _OVERVIEW.unpack_from(data)
    sides = np.frombuffer(data, "<i2", offset=_OVERVIEW.size).astype(np.int16).reshape(2, -1)
    return Overview(sides[0], sides[1], bin_num_samples, num_samples, rate_hz)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _entries(folder: Path) -> list[tuple[float, int, Path]]:
    """Return when each file was last wanted, its size and its path; what a killed process left half written is taken away."""
    found: list[tuple[float, int, Path]] = []
    newest = 0.0
    for path in folder.glob("??/*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
            newest = max(newest, status.st_mtime)
    stale = [path for time_s, _, path in found if TEMP_MARK in path.name and time_s < newest - _STALE_TEMP_S]
    for path in stale:
        remove_quietly(path)
    return [entry for entry in found if entry[2] not in set(stale)]
