"""What the tests of training data hear: small sounds that are drawn, and tables of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.synth import save_wav
from hearken.train.batch import Batch
from hearken.train.feed.data import TrainingData, open_data
from hearken.train.recipe import DataPart, Named, Recipe, Source, TrainingPart

RATE_HZ = 8_000


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Check that the body ends every thread that it begins; other tests may have left theirs, as `decode_isolated` does by design."""
    before = set(threading.enumerate())
    yield
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []


def write_sound(path: Path, seed: int, num_samples: int | None = None) -> Path:
    """Write a noise of its own at 32 kHz; unless it is told, 0.2 s and a few samples more for each seed."""
    generator = np.random.default_rng(seed)
    save_wav(path, generator.standard_normal(num_samples or 6_400 + 40 * seed))
    return path


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_corpus(folder: Path, count: int, *, captions: int = 1, first: int = 0, **facts: Any) -> Path:
    """Write `count` sounds and a table of them, `train.jsonl`; sound n has the captions `n.0`, `n.1`, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(first, first + count):
        write_sound(folder / f"{number}.wav", number)
        rows.append({"file": f"{number}.wav", "captions": [f"{number}.{each}" for each in range(captions)], **facts})
    return write_table(folder / "train.jsonl", rows)


def recipe_of(train: Path | str, *, batch: int = 4, distinct: bool = False, augment: tuple[Named, ...] = (), **data: Any) -> Recipe:
    sources = data.pop("sources", (Source(str(train)),))
    return Recipe(data=DataPart(train=sources, **data), augment=augment, training=TrainingPart(batch=batch, distinct_clips=distinct))


def opened(recipe: Recipe, **options: Any) -> TrainingData:
    return open_data(recipe, rate_hz=RATE_HZ, **options)


def epoch_of(data: TrainingData, epoch: int = 0, start_step: int = 0) -> list[Batch]:
    with closing(data.loader.epoch(epoch, start_step)) as batches:
        return list(batches)


def assert_equal(one: Batch, other: Batch, within: float = 0.0) -> None:
    assert (one.texts, one.names, one.pairs, one.num_samples) == (other.texts, other.names, other.pairs, other.num_samples)
    assert one.ids.tolist() == other.ids.tolist()
    assert one.wave.shape == other.wave.shape
    assert float((one.wave - other.wave).abs().max()) <= within
