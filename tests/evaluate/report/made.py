"""Small runs and evaluations in folders, for the tests of reports: scores are drawn, nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hearken.evaluate.measure import measure
from hearken.evaluate.store import save
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores


def make_task(name: str = "toy", clips: int = 20, captions: int = 2) -> Task:
    """So many clips with so many captions each; caption q belongs to clip q // captions."""
    relevance = Relevance.from_lists([[query // captions] for query in range(clips * captions)], clips)
    return Task(
        name, tuple(f"{number}.wav" for number in range(clips)), tuple(f"words {number}" for number in range(clips * captions)), relevance,
        paths=("",) * clips, labels=((),) * clips,
    )  # fmt: skip


def make_scores(task: Task, skill: float, seed: int = 0) -> TableScores:
    """Noise, and `skill` more for what is right: with 0 chance, with 10 all is right."""
    noise = np.random.default_rng(seed).normal(size=(len(task.queries), len(task.clips)))
    return TableScores(noise + skill * task.relevance.to_matrix())


def make_evaluation(
    folder: Path, skill: float = 2.0, *, system: str = "", task: Task | None = None, seed: int = 0, by: str = "any-of-n",
    facts: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write an evaluation to `folder`."""
    task = task or make_task()
    scores = make_scores(task, skill, seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    save(folder, measure(system or folder.name, task, scores, by=by, facts=facts or {}), task, scores)


def make_run(
    folder: Path, name: str = "toy/recipe", *, seed: int = 0, rows: tuple[dict[str, Any], ...] = (), paper: str = "", test: tuple[str, ...] = ("toy",),
    smoke: bool = False, steps: int = 3,
) -> None:  # fmt: skip
    """Write a run's record and log to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = {"name": name, "about": {"paper": paper, "rows": list(rows)}, "data": {"test": list(test)}, "training": {"seed": seed}}
    start = {"seed": seed, "smoke": True} if smoke else {"seed": seed}
    record = {"format": 1, "name": name, "recipe": recipe, "recipe_sha256": "", "data": {}, "starts": [start]}
    (folder / "run.json").write_text(json.dumps(record))
    lines: list[dict[str, Any]] = [{"step": step, "loss": 4.0 / step, "rate": 1e-4} for step in range(1, steps + 1)]
    lines.append({"step": steps, "epoch": 1, "validation": {"t2a_mAP@10": 0.25}, "is_best": True})
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def make_zero_shot(folder: Path, *, system: str = "pocket") -> None:
    """Write a zero-shot classification of ten clips by three labels to `folder`, as `hearken evaluate --zero-shot` does."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = {"value": 0.6, "low": 0.4, "high": 0.8, "method": "jackknife"}
    record = {
        "system": system, "task": "mine.csv", "figures": {"top-1": figure, "mAP": figure}, "chance": {"top-1": 1 / 3, "majority": 0.5},
        "templates": ["a {}"], "classes": ["cat", "cow", "dog"], "clips": 10, "clips_without_label": 2, "record": {"corpora": ["mine.csv"]},
        "facts": {"model": system, "digest": "abc"},
    }  # fmt: skip
    (folder / "zero_shot.json").write_text(json.dumps(record))
    (folder / "classes.csv").write_text(
        "class,clips,first,recall,recall_low,recall_high,precision,precision_low,precision_high,ap,ap_low,ap_high\n"
        "cat,4,1,0.25,0.1,0.5,1.0,0.2,1.0,0.5,,\ncow,1,0,0.0,0.0,0.8,,,,0.5,,\ndog,5,9,1.0,0.6,1.0,0.5,0.3,0.8,0.9,,\n"
    )
    (folder / "confusion.csv").write_text("label,cat,cow,dog\ncat,1,1,2\ncow,0,0,1\ndog,0,0,5\n")
