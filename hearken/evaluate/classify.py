"""Zero-shot classification of a corpus by a model: from their names to a folder of figures.

zero_shot.json   figures with their intervals, chance levels, prompts, how it was done
classes.csv      a line for each class
sounds.csv       a line for each clip: its labels, where the best of them stands, what came first
confusion.csv    how many clips of each label (lines) were taken for each class (columns)
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearken.errors import EvaluationError, show
from hearken.evaluate.beforehand import check_model, check_wish
from hearken.evaluate.evaluate import Wish, besides, encoder_of, label_of, versions
from hearken.evaluate.open import open_task, restricted
from hearken.evaluate.plan import ZERO_SHOT_RECORD
from hearken.evaluate.result_rows import class_rows, sound_rows
from hearken.evaluate.store import check_place, csv_bytes, figures_json
from hearken.evaluate.systems import open_system
from hearken.evaluate.task import Task
from hearken.evaluate.templates import read_label, templates_of
from hearken.evaluate.zero_shot import ZeroShot, zero_shot
from hearken.files import write_whole
from hearken.metrics.relevance import IntArray
from hearken.types import Failure, Progress, silent

RECORD, CLASSES, SOUNDS, CONFUSION = ZERO_SHOT_RECORD, "classes.csv", "sounds.csv", "confusion.csv"


@dataclass(frozen=True, eq=False)
class Classified:
    """What became of it: the `result`, the clips that it is of, what failed, and where it lies (None: it was not written).

    `recordings` are the numbers of what the clips with a label were cut from; None where nobody says it.
    """

    system: str
    task: Task
    result: ZeroShot
    failures: tuple[Failure, ...]
    facts: dict[str, Any]
    folder: Path | None = None
    recordings: IntArray | None = None


def classify(
    name: str, references: Sequence[str], templates: Sequence[str], wish: Wish, *, out: Path | None = None, label: str = "",
    on_progress: Progress = silent,
) -> Classified:  # fmt: skip
    """Classify the clips of the corpora by their labels with the model `name`, write it to `out` (None: nowhere), and return it.

    `templates` are names of sets, or texts with `{}` (`templates_of`). `label` is what the system is called (default: `label_of`). Where the
    corpus says which clips were cut from one recording, intervals leave out recordings. Raises what opening the corpora and the model
    raises, and EvaluationError.
    """
    prompts = templates_of(templates)
    check_wish(wish)
    if out is not None:
        check_folder(out)
    check_model(name)
    asked = open_task(references, merged=False, need_queries=False)
    check_labels(asked.task)
    system = open_system(
        name, max_duration_s=wish.max_duration_s, accelerator=wish.accelerator, precision=wish.precision, make_encoder=encoder_of(wish)
    )
    numbers, vectors, failures = system.encode_sounds(asked, jobs=wish.jobs, on_progress=on_progress)
    if not numbers:
        raise EvaluationError(f"None of the clips of {show(asked.task.name)} can be read.", "`hearken data check` says why.")
    task, _ = restricted(asked.task, numbers)
    recordings = None if asked.recordings is None else asked.recordings[numbers]
    classes = sorted({each for own in asked.task.labels for each in own})  # all that were there: with fewer classes the task is easier
    result = zero_shot(vectors, task.labels, system.encode_texts, prompts, classes=classes, clusters=recordings)
    num_recordings = len(np.unique(np.arange(len(numbers)) if recordings is None else recordings))
    facts = {**system.facts, **versions(), **besides(wish), "clips_failed": len(failures), "recordings": num_recordings}
    found = Classified(
        label or label_of(name, wish), task, result, tuple(failures), facts, out, None if recordings is None else recordings[result.clips]
    )
    if out is not None:
        write(out, found)
    return found


def check_folder(folder: Path) -> None:
    """Raise EvaluationError where something else than an earlier classification lies in `folder`."""
    check_place(folder, RECORD, (CLASSES, SOUNDS, CONFUSION))


def check_labels(task: Task) -> None:
    """Raise EvaluationError where the clips of `task` have fewer than two labels in all, or two that read alike."""
    labels = sorted({label for own in task.labels for label in own})
    if len(labels) < 2:
        has = "have no labels" if not labels else f"all have the label {show(labels[0])!r}"
        raise EvaluationError(f"The clips of {show(task.name)} {has}.", "A table has them in its column tags; two at least are needed.")
    seen: dict[str, str] = {}
    for each in labels:
        if seen.setdefault(read_label(each), each) != each:
            raise EvaluationError(
                f"The labels {show(seen[read_label(each)])!r} and {show(each)!r} read alike.", "Take one for both, or other words."
            )


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
        "folder": None if found.folder is None else os.path.abspath(found.folder),
    }  # fmt: skip
