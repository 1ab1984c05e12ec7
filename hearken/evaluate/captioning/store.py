"""An evaluation of captions in a folder.

    evaluation.json   kind "captions"; what was held against what, how, and the figures with their intervals
    captions.csv      each clip, its machine-made caption (`candidate`), its references, and the values of every metric

Reports and comparisons read these, and measuring again needs neither the captioner nor the sounds.

Legend: `N` clips.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearken.data.rows import read_csv
from hearken.errors import DataError, EvaluationError, show
from hearken.evaluate.captioning.figures import CaptionEvaluation
from hearken.evaluate.captioning.scores import SLOW
from hearken.evaluate.captioning.task import CaptionTask
from hearken.evaluate.store import RECORD, csv_bytes, figure_of, figures_json
from hearken.evaluate.store import check_place as check_retrieval_place
from hearken.files import temp_beside, write_whole
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.table import CAPTION_METRICS

KIND, CAPTIONS = "captions", "captions.csv"
_FORMAT = 1
_AGAIN = "Evaluate again, or name another folder."
_REFERENCE = "reference_"


@dataclass(frozen=True, eq=False)
class StoredCaptions:
    """An evaluation of captions that lies in `folder`, as it was written."""

    folder: Path
    evaluation: CaptionEvaluation

    def known(self) -> dict[str, CaptionScore]:
        """Return those scores that take long, or what is not everywhere: they are the same while the captions are."""
        found = self.evaluation
        slow = [name for name in found.figures if name in CAPTION_METRICS and CAPTION_METRICS[name].needs in SLOW]
        return {name: CaptionScore(name, found.figures[name].value, found.values[name]) for name in slow}


def is_caption_evaluation(folder: Path) -> bool:
    """Say whether an evaluation of captions lies in `folder`."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return isinstance(found, dict) and found.get("kind") == KIND
    except (OSError, ValueError, RecursionError):
        return False


def check_place(folder: Path) -> None:
    """Raise EvaluationError unless `folder` is new or empty, or holds an evaluation of captions (or what is left of one)."""
    if (folder / RECORD).is_file() and not is_caption_evaluation(folder):
        raise EvaluationError(f"{show(folder)} holds an evaluation of another kind.", "Name an empty folder, or a new one.")
    check_retrieval_place(folder, RECORD, (CAPTIONS,))


def save(folder: Path, evaluation: CaptionEvaluation) -> None:
    """Write `evaluation` to `folder`, whole or not at all, in the place of an earlier one there.

    Raises EvaluationError where something else lies in `folder`, or it cannot be written.
    """
    check_place(folder)
    temp = temp_beside(folder / RECORD)
    try:
        temp.mkdir(parents=True)
        write_whole(temp / CAPTIONS, csv_bytes(_rows(evaluation)))
        write_whole(temp / RECORD, (json.dumps(_record(evaluation), indent=1, allow_nan=False) + "\n").encode("ascii"))
        (folder / RECORD).unlink(missing_ok=True)
        for name in (CAPTIONS, RECORD):
            (temp / name).replace(folder / name)
    except OSError as error:
        raise EvaluationError(
            f"{show(folder)} cannot be written: {error.strerror or error}.", "Check the disk, or name another folder."
        ) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def load(folder: Path) -> StoredCaptions:
    """Return the evaluation of captions in `folder`. Raises EvaluationError, naming the file, where there is none or it is damaged."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["kind"] != KIND or record["format"] != _FORMAT:
            found = f"kind {record['kind']}, format {record['format']}"
            raise EvaluationError(f"{show(path)} is of {show(found)}, and this Hearken reads kind {KIND}, format {_FORMAT}.", _AGAIN)
        figures = {str(name): figure_of(figure) for name, figure in record["figures"].items()}
        rows = list(read_csv(folder / CAPTIONS, ("clip", "candidate")))
        path = folder / CAPTIONS
        columns = [name for name in (rows[0].values if rows else ()) if name.startswith(_REFERENCE)]
        texts = [[str(row.values[name]) for name in columns] for row in rows]
        task = CaptionTask(
            str(record["task"]), tuple(str(row.values["clip"]) for row in rows),
            tuple(tuple(text for text in own if text) for own in texts), dict(record["record"]),
        )  # fmt: skip
        values = {name: np.array([row.number(name) for row in rows]) for name in figures}
        settings, missing = record["settings"], {str(name): str(why) for name, why in record["not_available"].items()}
        evaluation = CaptionEvaluation(
            str(record["system"]), task, tuple(str(row.values["candidate"]) for row in rows), figures, values, missing,
            dict(record["facts"]), str(settings["interval"]), int(settings["seed"]), tuple(map(str, settings["metrics"])),
        )  # fmt: skip
    except DataError as error:
        raise EvaluationError(error.message, _AGAIN) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        raise EvaluationError(f"{show(path)} cannot be read: {show(reason)}.", _AGAIN) from error
    if task.digest != record["task_sha256"]:
        raise EvaluationError(f"The files in {show(folder)} do not belong together.", _AGAIN)
    return StoredCaptions(folder, evaluation)


def kept_before(folder: Path, task: CaptionTask, candidates: Sequence[str]) -> StoredCaptions | None:
    """Return the evaluation in `folder` where it is of the same captions, held against the same; None where it is not, is damaged, or not there."""
    try:
        stored = load(folder) if is_caption_evaluation(folder) else None
    except EvaluationError:
        return None
    same = stored is not None and stored.evaluation.task.digest == task.digest and stored.evaluation.candidates == tuple(candidates)
    return stored if same else None


def to_json(evaluation: CaptionEvaluation) -> dict[str, Any]:
    """Return all but the captions as plain values."""
    task = evaluation.task
    return {
        "system": evaluation.system, "task": task.name, "task_sha256": task.digest, "clips": len(task.clips), "references": task.num_references,
        "figures": figures_json(evaluation.figures), "not_available": dict(evaluation.not_available), "record": task.record,
        "facts": dict(evaluation.facts),
    }  # fmt: skip


def _record(evaluation: CaptionEvaluation) -> dict[str, Any]:
    settings = {"metrics": list(evaluation.metrics), "interval": evaluation.interval, "seed": evaluation.seed}
    return {"format": _FORMAT, "kind": KIND, **to_json(evaluation), "settings": settings} | {
        "figures": {name: asdict(figure) for name, figure in evaluation.figures.items()}
    }


def _rows(evaluation: CaptionEvaluation) -> list[dict[str, Any]]:
    """A row for each clip; floats are written so that they come back as they were."""
    most = max(map(len, evaluation.task.references))
    rows = []
    for number, (clip, candidate, own) in enumerate(
        zip(evaluation.task.clips, evaluation.candidates, evaluation.task.references, strict=True)
    ):
        row: dict[str, Any] = {"clip": clip, "candidate": candidate}
        row |= {f"{_REFERENCE}{at + 1}": own[at] if at < len(own) else "" for at in range(most)}
        rows.append(row | {name: float(values[number]) for name, values in evaluation.values.items()})
    return rows
