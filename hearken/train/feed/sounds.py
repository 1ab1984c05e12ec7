"""Sounds of clips by place: out of memory, a pack, or a file that an isolated process decodes.

Legend: `T` samples.
"""

from __future__ import annotations

import threading

import numpy as np

from hearken.audio.worker import Worker
from hearken.errors import WorkerDiedError
from hearken.train.feed.corpora import Place
from hearken.train.feed.packs import Packed
from hearken.train.feed.sound_worker import read_sound, stretch
from hearken.types import FloatArray

CACHE_MB = 1_024
"""Decoded sound that is kept in memory, by all processes of a run together: some 2.2 hours at 32 kHz."""


class Sounds:
    """Gives sounds at `rate_hz`, at most `num_samples` of each (None: all), and keeps what it decoded, up to `cache_mb`.

    Sounds of fewer than `least` samples are followed by zeros: one click of a clip should not end a run of days.

    What is in memory changes nothing but the time: a sound that is kept is the whole sound, and is cut after that.
    """

    def __init__(self, rate_hz: int, num_samples: int | None, *, cache_mb: int = CACHE_MB, least: int = 1) -> None:
        self.rate_hz, self._num_samples, self._least = rate_hz, num_samples, least
        self._cache = _Cache(cache_mb * 1_000_000)

    def get(self, worker: Worker, place: Place, at: float = 0.0) -> FloatArray:
        """Return the sound (T,) float32 at `place`; of a longer one the stretch that begins at share `at` of where it can begin.

        `worker` decodes files. The array may be shared: it is read-only. Raises AudioError or ShardError.
        """
        samples = self._cache.get(place)
        if samples is None:
            samples, is_whole = self._read(worker, place, at)
            samples.flags.writeable = False
            if not is_whole:
                return self._filled(samples)
            self._cache.put(place, samples)
        return self._filled(stretch(samples, self._num_samples, at))

    def _filled(self, samples: FloatArray) -> FloatArray:
        if len(samples) >= self._least:
            return samples
        filled: FloatArray = np.pad(samples, (0, self._least - len(samples)))
        filled.flags.writeable = False
        return filled

    def _read(self, worker: Worker, place: Place, at: float) -> tuple[FloatArray, bool]:
        if isinstance(place, Packed):
            return place.pack.sound(place.shard, place.number, self.rate_hz), True
        try:
            return read_sound(worker, place, self.rate_hz, self._num_samples, at)
        except WorkerDiedError:  # whoever ends the process from without, such as a system without memory, says nothing about the file
            return read_sound(worker, place, self.rate_hz, self._num_samples, at)


class _Cache:
    """Arrays by key, the first ones up to `max_bytes` in all.

    None is put out for another: whoever goes through more than there is room for, over and over, would find nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._kept: dict[Place, FloatArray] = {}
        self._lock = threading.Lock()

    def get(self, key: Place) -> FloatArray | None:
        return self._kept.get(key)

    def put(self, key: Place, samples: FloatArray) -> None:
        with self._lock:
            if key not in self._kept and samples.nbytes <= self._left:
                self._kept[key] = samples
                self._left -= samples.nbytes
