"""Fingerprints of many files, kept on disk: a second run reads none of them again, and one that was killed goes on.

A store is a folder of batches, numpy archives without pickle. Each is named by the SHA-256 of what is in it, and written whole
or not at all, so that two processes can fill one store. A file counts as the same while path, size and time of change are.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hearken.audio.crew import in_order
from hearken.audio.fingerprint import VERSION, Fingerprint
from hearken.audio.fingerprint_worker import as_fingerprint, fingerprint_file, worker
from hearken.audio.source import read_error
from hearken.audio.worker import Worker
from hearken.data.home import data_home
from hearken.errors import AudioError, DataError, show
from hearken.files import write_whole

_BATCH = 256  # files that are kept together
_KEEP_S = 20.0  # and no fingerprint waits longer to be kept: more work is never lost when a run is killed
_FIELDS = ("version", "num_shifts", "paths", "sizes", "times", "lengths", "counts", "steps", "bins")

Arrays = dict[str, NDArray[np.generic]]
Stamp = tuple[str, int, int]
"""Path, size in bytes and time of change in ns of a file."""


def stamp(path: Path) -> Stamp:
    """Return what tells a file from a later version of itself. Raises OSError."""
    status = path.stat()
    return str(path.absolute()), status.st_size, status.st_mtime_ns


def print_home() -> Path:
    """Return the folder in which fingerprints are kept, unless another is asked for."""
    return data_home() / "fingerprints"


@dataclass(frozen=True)
class _Place:
    """Where a fingerprint is kept: the batch, and its number in it."""

    batch: Path
    number: int


class PrintStore:
    """The fingerprints below `folder`, all with `num_shifts` framings. A context manager: what is new is written in the end."""

    def __init__(self, folder: Path, *, num_shifts: int = 1) -> None:
        self.num_shifts = num_shifts
        self._folder = folder
        self._places: dict[Stamp, _Place] = {}
        self._new: dict[Stamp, Fingerprint] = {}
        self._kept_s = time.monotonic()
        self._open: tuple[Path, list[Fingerprint]] | None = None
        for path in sorted(folder.glob("*.npz")):
            self._places |= {stamp: _Place(path, number) for number, stamp in enumerate(self._stamps(path))}

    def __len__(self) -> int:
        """Return how many fingerprints there are."""
        return len(self._places) + len(self._new)

    def get(self, stamp: Stamp) -> Fingerprint | None:
        """Return the fingerprint of a file, None if it is not here or its batch is damaged."""
        if stamp in self._new:
            return self._new[stamp]
        place = self._places.get(stamp)
        if place is None:
            return None
        if self._open is None or self._open[0] != place.batch:
            self._open = (place.batch, _fingerprints(_read(place.batch, _FIELDS)))
        found = self._open[1]
        return found[place.number] if place.number < len(found) else None

    def put(self, stamp: Stamp, fingerprint: Fingerprint) -> None:
        """Keep the fingerprint of a file. Raises DataError when it is time to write, and that cannot be done."""
        self._new[stamp] = fingerprint
        if len(self._new) >= _BATCH or time.monotonic() - self._kept_s > _KEEP_S:
            self.flush()

    def flush(self) -> None:
        """Write what is new. Raises DataError where that cannot be done."""
        self._kept_s = time.monotonic()
        if not self._new:
            return
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **_arrays(self._new, self.num_shifts))
        content = buffer.getvalue()
        path = self._folder / f"{hashlib.sha256(content).hexdigest()}.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except OSError as error:
            message = f"Fingerprints cannot be kept in {show(self._folder)}: {error.strerror or error}."
            raise DataError(message, "Make room there, or name another folder.") from error
        self._places |= {stamp: _Place(path, number) for number, stamp in enumerate(self._new)}
        self._new = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def _stamps(self, path: Path) -> list[Stamp]:
        """Return the files of a batch; none if it is damaged, of another version or with other framings."""
        arrays = _read(path, _FIELDS[:5])
        if not arrays or (arrays["version"].tolist(), arrays["num_shifts"].tolist()) != (VERSION, self.num_shifts):
            return []
        names = arrays["paths"].tobytes().split(b"\0")
        return list(zip(map(os.fsdecode, names), arrays["sizes"].tolist(), arrays["times"].tolist(), strict=False))


def _arrays(new: dict[Stamp, Fingerprint], num_shifts: int) -> Arrays:
    """Return the arrays of a batch; paths are bytes with NULs between them."""
    prints = list(new.values())
    return {
        "version": np.array(VERSION),
        "num_shifts": np.array(num_shifts),
        "paths": np.frombuffer(b"\0".join(os.fsencode(path) for path, _, _ in new), np.uint8),
        "sizes": np.array([size for _, size, _ in new], np.int64),
        "times": np.array([changed for _, _, changed in new], np.int64),
        "lengths": np.array([one.num_frames for one in prints], np.int64),
        "counts": np.array([one.num_peaks for one in prints], np.int64),
        "steps": np.concatenate([np.diff(one.frames, prepend=np.int32(0)) for one in prints]),
        "bins": np.concatenate([one.bins for one in prints]),
    }


def _read(path: Path, fields: Iterable[str]) -> Arrays:
    """Return arrays of a batch; none if it cannot be read: then its files are fingerprinted again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in fields}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile):
        return {}


def _fingerprints(arrays: Arrays) -> list[Fingerprint]:
    """Return the fingerprints of a batch, those before the first that makes no sense."""
    found: list[Fingerprint] = []
    start = 0
    if not arrays or (arrays["lengths"].ndim, arrays["counts"].ndim, arrays["steps"].ndim) != (1, 2, 1):
        return found
    for length, counts in zip(arrays["lengths"].tolist(), arrays["counts"].tolist(), strict=False):
        end = start + sum(counts)
        steps, bins = arrays["steps"][start:end], arrays["bins"][start:end]
        one = as_fingerprint([np.cumsum(steps, dtype=np.int32), bins], counts, length)
        if one is None:
            break
        found.append(one)
        start = end
    return found


def fingerprints(
    paths: Sequence[Path], store: PrintStore, *, jobs: int = 1, on_done: Callable[[], None] | None = None
) -> Iterator[Fingerprint | AudioError]:
    """Yield, for each of `paths`, its fingerprint, or the error that the file makes; what `store` lacks is made and put there.

    `jobs` isolated processes decode. Breaking off loses nothing: what was made is in the store when that is left. `on_done`
    is called after each file. Raises DataError where the store cannot be written.
    """
    tasks = (_task(path, store) for path in paths)
    with closing(in_order(tasks, lambda mine, task: (task, _make(mine, task, store.num_shifts)), worker, jobs)) as results:
        for task, found in results:
            if task.stamp is not None and task.found is None and isinstance(found, Fingerprint):
                store.put(task.stamp, found)
            yield found
            if on_done is not None:
                on_done()


@dataclass(frozen=True)
class _Task:
    """One file, and what is known of it already: its fingerprint, or that it cannot be read."""

    path: Path
    stamp: Stamp | None = None
    found: Fingerprint | AudioError | None = None


def _task(path: Path, store: PrintStore) -> _Task:
    try:
        mine = stamp(path)
    except OSError as error:
        return _Task(path, found=read_error(path, error))
    return _Task(path, mine, store.get(mine))


def _make(mine: Worker, task: _Task, num_shifts: int) -> Fingerprint | AudioError:
    if task.found is not None:
        return task.found
    try:
        return fingerprint_file(mine, task.path, num_shifts=num_shifts)
    except AudioError as error:
        return error
