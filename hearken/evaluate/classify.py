"""Zero-shot classification of a corpus by a model: from their names to a folder of figures.

zero_shot.json   figures with their intervals, chance levels, prompts, how it was done
classes.csv      a line for each class
sounds.csv       a line for each clip: its labels, where the best of them stands, what came first
confusion.csv    how many clips of each label (lines) were taken for each class (columns)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import EvaluationError, show
from hearken.evaluate.evaluate import Wish, encoder_of, versions
from hearken.evaluate.open import open_task, restricted
from hearken.evaluate.result_rows import class_rows, sound_rows
from hearken.evaluate.store import csv_bytes, figures_json
from hearken.evaluate.systems import open_system
from hearken.evaluate.task import Task
from hearken.evaluate.templates import templates_of
from hearken.evaluate.zero_shot import ZeroShot, zero_shot
from hearken.files import write_whole
from hearken.types import Failure, Progress, silent

RECORD, CLASSES, SOUNDS, CONFUSION = "zero_shot.json", "classes.csv", "sounds.csv", "confusion.csv"


@dataclass(frozen=True, eq=False)
class Classified:
    """What became of it: the `result`, the clips that it is of, what failed, and where it lies (None: it was not written)."""

    system: str
    task: Task
    result: ZeroShot
    failures: tuple[Failure, ...]
    facts: dict[str, Any]
    folder: Path | None = None


def classify(
    name: str, references: Sequence[str], templates: Sequence[str], wish: Wish, *, out: Path | None = None, on_progress: Progress = silent
) -> Classified:
    """Classify the clips of the corpora by their labels with the model `name`, write it to `out` (None: nowhere), and return it.

    `templates` are names of sets, or texts with `{}` (`templates_of`). Raises what opening the corpora and the model raises, and EvaluationError.
    """
    prompts = templates_of(templates)
    asked = open_task(references, merged=False, need_queries=False)
    if not any(asked.task.labels):
        raise EvaluationError(f"The clips of {show(asked.task.name)} have no labels.", "A table has them in its column tags.")
    system = open_system(
        name, max_duration_s=wish.max_duration_s, accelerator=wish.accelerator, precision=wish.precision, make_encoder=encoder_of(wish)
    )
    numbers, vectors, failures = system.encode_sounds(asked, jobs=wish.jobs, on_progress=on_progress)
    if not numbers:
        raise EvaluationError(f"None of the clips of {show(asked.task.name)} can be read.", "`hearken data check` says why.")
    task, _ = restricted(asked.task, numbers)
    result = zero_shot(vectors, task.labels, system.encode_texts, prompts)
    found = Classified(name, task, result, tuple(failures), {**system.facts, **versions()}, out)
    if out is not None:
        write(out, found)
    return found


def write(folder: Path, found: Classified) -> None:
    """Write what was found to `folder`. Raises EvaluationError where it cannot be written."""
    result = found.result
    table = [
        dict(zip(("label", *result.classes), (name, *row), strict=True))
        for name, row in zip(result.classes, result.table.tolist(), strict=True)
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in ((CLASSES, class_rows(result)), (SOUNDS, sound_rows(result, found.task)), (CONFUSION, table)):
            write_whole(folder / name, csv_bytes(rows))
        write_whole(folder / RECORD, (json.dumps(to_json(found), indent=1) + "\n").encode("ascii"))
    except OSError as error:
        raise EvaluationError(
            f"{show(folder)} cannot be written: {error.strerror or error}.", "Check the disk, or name another."
        ) from error


def to_json(found: Classified) -> dict[str, Any]:
    """Return what was found as plain values."""
    result = found.result
    return {
        "system": found.system, "task": found.task.name, "figures": figures_json(result.figures), "chance": dict(result.chance),
        "templates": list(result.templates), "classes": list(result.classes), "classes_without_clip": list(result.classes_without_clip),
        "clips": len(result.clips), "clips_without_label": result.without_label, "record": found.task.record, "facts": found.facts,
        "failures": [{"path": failure.path, "message": failure.message} for failure in found.failures],
        "folder": None if found.folder is None else str(found.folder.absolute()),
    }  # fmt: skip
