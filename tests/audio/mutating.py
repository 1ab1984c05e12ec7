"""Damage at random: sound files of every container, changed in a few places, decoded in the isolated process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hearken.audio.worker import Worker
from hearken.errors import HearkenError, WorkerDiedError
from tests.audio.making import KINDS, noise, write

RATE_HZ = 48_000
HEAD_BYTES = 512
WITHOUT_TAGS = {"w64", "au", "alac.caf"}  # libsndfile refuses to write them there
INTERESTING = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x80",
    b"\x80\0\0\0",
    b"\1\0\0\0",
    b"\0\0\0\1",
)


def _flip(data: bytearray, at: int, generator: np.random.Generator) -> None:
    data[at] ^= 1 << int(generator.integers(8))


def _randomise(data: bytearray, at: int, generator: np.random.Generator) -> None:
    size = int(generator.integers(1, 9))
    data[at : at + size] = generator.bytes(size)


def _extreme(data: bytearray, at: int, generator: np.random.Generator) -> None:
    data[at : at + 4] = INTERESTING[int(generator.integers(len(INTERESTING)))]


def _remove(data: bytearray, at: int, generator: np.random.Generator) -> None:
    del data[at : at + int(generator.integers(1, 200))]


def _insert(data: bytearray, at: int, generator: np.random.Generator) -> None:
    data[at:at] = generator.bytes(int(generator.integers(1, 200)))


def _repeat(data: bytearray, at: int, generator: np.random.Generator) -> None:
    data[at:at] = data[at : at + int(generator.integers(1, 400))]


def _blank(data: bytearray, at: int, generator: np.random.Generator) -> None:
    size = len(data[at : at + int(generator.integers(1, 400))])
    data[at : at + size] = bytes(size)


def _cut(data: bytearray, at: int, generator: np.random.Generator) -> None:
    del data[at:]


DAMAGES: tuple[Callable[[bytearray, int, np.random.Generator], None], ...] = (
    _flip, _flip, _flip, _randomise, _randomise, _extreme, _extreme, _remove, _insert, _repeat, _blank, _cut,
)  # fmt: skip


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Return `data` with one to eight damages, half of them near the start, where the headers are."""
    changed = bytearray(data)
    for _ in range(int(generator.integers(1, 9))):
        if changed:
            end = min(len(changed), HEAD_BYTES) if generator.random() < 0.5 else len(changed)
            DAMAGES[int(generator.integers(len(DAMAGES)))](changed, int(generator.integers(end)), generator)
    return bytes(changed)


@dataclass
class Outcome:
    """What became of mutated files: how many by result and kind, what killed a worker, and the slowest."""

    results: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    killers: list[bytes] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest_kind: str = ""

    def note(self, kind: str, result: str, seconds: float) -> None:
        """Count one file."""
        self.results[result] += 1
        self.by_kind.setdefault(kind, Counter())[result] += 1
        if seconds > self.slowest_s:
            self.slowest_s, self.slowest_kind = seconds, kind


def seeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every kind of file, a third of a second of stereo noise each, as (kind, bytes)."""
    for kind in KINDS:
        tags = {} if kind in WITHOUT_TAGS else {"title": "a title"}
        yield kind, write(folder, kind, noise(16_000, 2), RATE_HZ, **tags).read_bytes()


def fuzz(count: int, seed: int, folder: Path) -> Outcome:
    """Decode `count` mutated files, taking the kinds in turn, and return what became of them."""
    generator, outcome = np.random.default_rng(seed), Outcome()
    originals = list(seeds(folder))
    path = folder / "mutant"
    with Worker("hearken.audio.isolated", memory_mb=1_500, stall_s=20, cpu_s=10) as worker:
        for number in range(count):
            kind, data = originals[number % len(originals)]
            mutant = mutate(data, generator)
            path.write_bytes(mutant)
            start_s = time.perf_counter()
            try:
                body, _ = worker.request({"path": str(path), "rate_hz": 32_000, "strict": False, "repair": False})
                result = "decoded" + "".join(f", {flag}" for flag in body["flags"])
            except WorkerDiedError as death:
                result = "worker died"
                outcome.deaths.append(f"{kind}: {death.message}")
                outcome.killers.append(mutant)
            except HearkenError as error:
                result = type(error).__name__
            outcome.note(kind, result, time.perf_counter() - start_s)
    return outcome
