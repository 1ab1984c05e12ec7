"""What the tests of evaluation ask: a small task whose figures can be had by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hearken.errors import AudioError
from hearken.evaluate.open import OpenTask
from hearken.evaluate.systems import unreadable
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores, VectorScores
from hearken.types import Failure, FloatArray, Progress

CLIPS = ("a.wav", "b.wav", "c.wav")
QUERIES = ("rain", "heavy rain", "a dog", "wind", "a bell")
ANSWERS = ((0,), (0,), (1,), (1,), (2,))
SCORES = np.array([[0.9, 0.1, 0.2], [0.1, 0.5, 0.2], [0.3, 0.8, 0.4], [0.6, 0.7, 0.5], [0.5, 0.5, 0.5]], np.float32)
"""Ranks of the right clip: 1, 3, 1, 1, 3 (ties are broken against it)."""


def small_task(**changes: object) -> Task:
    values = {
        "name": "small", "clips": CLIPS, "queries": QUERIES, "relevance": Relevance.from_lists(ANSWERS, 3),
        "paths": tuple(f"/sounds/{clip}" for clip in CLIPS), "labels": (("water",), ("animal", "wind"), ()), "record": {"clips": 3},
    }  # fmt: skip
    return Task(**values | changes)  # type: ignore[arg-type]


def small_scores() -> TableScores:
    return TableScores(SCORES)


def small_vectors() -> VectorScores:
    """Vectors whose products are SCORES."""
    return VectorScores(SCORES, np.eye(3, dtype=np.float32))


@cache
def _sound(kind: str) -> FloatArray:
    from hearken.audio.sounds import synthesise

    return synthesise(kind)[:16_000]


def write_corpus(folder: Path, *, tags: bool = True) -> Path:
    """Write three sounds of half a second and a table of their captions, five in all."""
    from hearken.audio.synth import save_wav

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (clip, kind) in enumerate(zip(CLIPS, ("rain", "dog_bark", "siren"), strict=True)):
        save_wav(folder / clip, _sound(kind))
        captions = [text for text, (answer,) in zip(QUERIES, ANSWERS, strict=True) if answer == number]
        rows.append({"file": clip, "captions": captions} | ({"tags": ["water", "animal", "alarm"][number]} if tags else {}))
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class FakeSystem:
    """Knows clips and queries by name, wherever they stand: their products are `scores`. Clips in `failing` cannot be read."""

    def __init__(self, name: str = "fake", scores: FloatArray = SCORES, failing: Iterable[str] = ()) -> None:
        self.name, self.scores, self.failing = name, scores, set(failing)
        self.facts: dict[str, Any] = {"model": name}
        self.asked_texts: list[str] = []

    def encode_sounds(self, asked: OpenTask, *, jobs: int, on_progress: Progress) -> tuple[list[int], FloatArray, list[Failure]]:
        names = [clip.rpartition(":")[2] for clip in asked.task.clips]
        numbers = [number for number, name in enumerate(names) if name not in self.failing]
        for done in range(len(numbers)):
            on_progress(done + 1, len(names))
        vectors = np.eye(3, dtype=np.float32)[[CLIPS.index(names[number]) for number in numbers]]
        failed = {number: AudioError(f"{name} cannot be read.") for number, name in enumerate(names) if name in self.failing}
        return numbers, vectors, unreadable(asked, failed)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        self.asked_texts += texts
        return np.array([self.scores[QUERIES.index(text)] for text in texts], np.float32)
