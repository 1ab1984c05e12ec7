"""What the tests of evaluation ask: a small task whose figures can be had by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores, VectorScores

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


def write_corpus(folder: Path, *, tags: bool = True) -> Path:
    """Write three sounds of half a second and a table of their captions, five in all."""
    from hearken.audio.sounds import synthesise
    from hearken.audio.synth import save_wav

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (clip, kind) in enumerate(zip(CLIPS, ("rain", "dog_bark", "siren"), strict=True)):
        save_wav(folder / clip, synthesise(kind)[:16_000])
        captions = [text for text, (answer,) in zip(QUERIES, ANSWERS, strict=True) if answer == number]
        rows.append({"file": clip, "captions": captions} | ({"tags": ["water", "animal", "alarm"][number]} if tags else {}))
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
