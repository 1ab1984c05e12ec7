"""The isolated process of the composer: ``python -m hearken.data.scenes.worker`` with the settings in its first message.

It reads foreign sound files, so it may die of one without taking the run along; and it writes nothing: a scene goes back to
the parent as the bytes of its file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.wire import Array, Message
from hearken.audio.worker import serve
from hearken.data.scenes.encode import Format, encode
from hearken.data.scenes.measure import measure
from hearken.data.scenes.phrases import shipped_phrases
from hearken.data.scenes.plan import Plan, Settings, Stock, generator_of, plan_scene
from hearken.data.scenes.render import render
from hearken.data.scenes.sources import Source, classify, read_sources
from hearken.data.scenes.truth import scene_record
from hearken.errors import DataError
from hearken.types import FloatArray

CACHE_BYTES = 256_000_000
"""Decoded sound that a process keeps for the next scene, at most."""
MAX_SOURCE_S = 120.0
"""Of a longer recording only the beginning is used."""
Report = Callable[[float], None]


class Pantry:
    """Decoded sources, the least recently used of them forgotten when they get too many."""

    def __init__(self, rate_hz: int, max_bytes: int = CACHE_BYTES) -> None:
        self._rate_hz, self._left, self._kept = rate_hz, max_bytes, OrderedDict[str, FloatArray]()

    def fetch(self, source: Source) -> FloatArray:
        """Return the samples of `source` from start to end (T,). Raises as `decode` does."""
        if source.id in self._kept:
            self._kept.move_to_end(source.id)
            return self._kept[source.id]
        found = source.measure
        samples = read_sound(source.path, self._rate_hz)
        samples = samples[round(found.start_s * self._rate_hz) : round(found.end_s * self._rate_hz)].copy()
        if not len(samples):
            raise DataError(f"The sound of {source.id!r} is shorter than when it was measured.", "Compose into a new folder.")
        self._kept[source.id], self._left = samples, self._left - samples.nbytes
        while self._left < 0 and len(self._kept) > 1:
            self._left += self._kept.popitem(last=False)[1].nbytes
        return samples


def read_sound(path: str, rate_hz: int) -> FloatArray:
    """Return the sound of a file (T,), mono, at `rate_hz`: at most `MAX_SOURCE_S` of it. Raises as `decode` does."""
    with open_stream(path, rate_hz, max_duration_s=MAX_SOURCE_S) as stream:
        return np.concatenate(list(stream))


class Kitchen:
    """What a process needs to make scenes: stock and settings, read once."""

    def __init__(self, settings: Settings, sources: tuple[Source, ...]) -> None:
        self.settings = settings
        self.material = tuple(classify(source)[0] for source in sources)
        self.sources = sources
        self.stock = Stock(self.material)
        self.pantry = Pantry(settings.rate_hz)

    def plan(self, number: int) -> Plan:
        """Return the plan of scene `number`. Raises DataError where the sources yield none."""
        found = plan_scene(self.stock, self.settings, number)
        if found is None:
            raise DataError(
                f"Scene {number} got no event: too few sources fit into it.", "Give more or shorter recordings, or longer scenes."
            )
        return found

    def scene(self, number: int, kind: Format) -> tuple[dict[str, Any], FloatArray]:
        """Return scene `number`: its record, which names a file of the `kind`, and its samples (T,)."""
        plan = self.plan(number)
        generator = generator_of(self.settings.seed, number, 1)
        samples, gain_db = render(plan, self.sources, self.settings.rate_hz, self.pantry.fetch, generator)
        return scene_record(plan, self.material, self.settings, gain_db, shipped_phrases(), kind), samples


class Cook:
    """Answers the requests of one run."""

    def __init__(self) -> None:
        self._kitchen: Kitchen | None = None

    def handle(self, message: Message, report: Report) -> tuple[Message, list[Array]]:
        """Measure ``{"path", "rate_hz", "whole"}`` or make ``{"number", "settings", "sources", "format"}``."""
        report(0.0)
        if "number" not in message:
            samples = read_sound(message["path"], message["rate_hz"])
            return asdict(measure(samples, message["rate_hz"], whole=message["whole"])), []
        if self._kitchen is None:
            self._kitchen = Kitchen(Settings(**message["settings"]), read_sources(Path(message["sources"])))
        record, samples = self._kitchen.scene(message["number"], message["format"])
        content = encode(samples, self._kitchen.settings.rate_hz, message["format"])
        return {"record": record}, [np.frombuffer(content, np.uint8)]


if __name__ == "__main__":
    serve(Cook().handle)
