"""An evaluation in a folder: figures for people and programs, a line for each query and clip, and the vectors to compute it all again.

    evaluation.json   what was asked of what, how, and the figures with their intervals
    task.json         clips, queries, and which clip answers which query
    queries.csv       text to audio: each query, where its clips stand, and what came first
    clips.csv         audio to text: each clip, where its captions stand, and what came first
    vectors.npz       `audio` (N, D) and `text` (Q, D); or scores.npz, `scores` (Q, N), where a score is no product of two vectors

Reports, ensembles, comparisons and submissions read these and need neither the model nor the sounds.

Legend: `Q` queries, `N` clips, `D` embedding.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.arrays import read_arrays
from hearken.evaluate.evaluation import Direction, Evaluation
from hearken.evaluate.measure import measure
from hearken.evaluate.result_rows import clip_rows, query_rows
from hearken.evaluate.task import Task
from hearken.files import TEMP_MARK, temp_beside, write_whole
from hearken.metrics.confidence import Interval
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import Scores, TableScores, VectorScores

RECORD, TASK, QUERIES, CLIPS, VECTORS, SCORES = "evaluation.json", "task.json", "queries.csv", "clips.csv", "vectors.npz", "scores.npz"
_OTHERS = (TASK, QUERIES, CLIPS, VECTORS, SCORES)
_FORMAT = 1
_KIND = "retrieval"  # what an evaluation is of that does not say it
_OTHER_KIND = "`hearken evaluate --captions` measures evaluations of captions again."
_AGAIN = "Evaluate again, or name another folder."


@dataclass(frozen=True, eq=False)
class Stored:
    """An evaluation that lies in `folder`: its figures as they were written, and all that they were computed from."""

    folder: Path
    system: str
    definition: str
    figures: dict[str, Interval]
    facts: dict[str, Any]
    task: Task
    scores: Scores
    settings: dict[str, Any]

    @cached_property
    def evaluation(self) -> Evaluation:
        """The evaluation with the values of single queries, computed again from the scores."""
        scores = (
            replace(self.scores) if isinstance(self.scores, VectorScores) else self.scores
        )  # so that its table goes when figures are there
        return measure(self.system, self.task, scores, by=self.definition, facts=self.facts, **self.settings)


def save(folder: Path, evaluation: Evaluation, task: Task, scores: Scores, *, interval: str = "bootstrap", seed: int = 0) -> None:
    """Write `evaluation` to `folder`, in the place of an earlier evaluation there, of which nothing else in the folder is touched.

    All of it is written before the earlier one goes, whose record goes first and comes last. `interval` and `seed` are those that it was measured with. Raises EvaluationError where something else lies in `folder`, or it cannot be written.
    """
    check_place(folder)
    record = {
        "format": _FORMAT, "system": evaluation.system, "task": evaluation.task, "task_sha256": evaluation.task_digest,
        "definition": evaluation.definition,
        "settings": {
            "metrics": _metrics(evaluation), "ways": list(evaluation.directions), "interval": interval, "seed": seed,
        },
        "figures": {name: asdict(figure) for name, figure in evaluation.figures.items()},
        "counts": {way: len(direction.askers) for way, direction in evaluation.directions.items()},
        "record": task.record, "facts": dict(evaluation.facts),
    }  # fmt: skip
    temp = temp_beside(folder / RECORD)
    try:
        temp.mkdir(parents=True)
        write_whole(temp / TASK, _json(_task_json(task)))
        _write_tables(temp, evaluation, task, scores)
        _write_scores(temp, scores)
        write_whole(temp / RECORD, _json(record))
        _adopt(temp, folder)
    except OSError as error:
        raise EvaluationError(
            f"{show(folder)} cannot be written: {error.strerror or error}.", "Check the disk, or name another folder."
        ) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def _adopt(temp: Path, folder: Path) -> None:
    """Put the files of an evaluation in the place of the earlier one's, the record last."""
    for name in (RECORD, *_OTHERS):
        (folder / name).unlink(missing_ok=True)
    for name in (*_OTHERS, RECORD):
        if (temp / name).exists():
            (temp / name).replace(folder / name)


def check_place(folder: Path, record: str = RECORD, others: Sequence[str] = ()) -> None:
    """Raise EvaluationError unless `folder` is new or empty, or holds what goes by the file `record` (or what is left of it: `others`)."""
    try:
        held = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise EvaluationError(f"{show(folder)} cannot be written: {error.strerror or error}.", "Name another folder.") from error
    if record not in held and not all(name.split(TEMP_MARK)[0] in (record, *(others or _OTHERS)) for name in held):
        raise EvaluationError(f"{show(folder)} holds something that is no evaluation.", "Name an empty folder, or a new one.")


def is_evaluation(folder: Path) -> bool:
    """Say whether an evaluation lies in `folder`."""
    return (folder / RECORD).is_file()


def corpora_of(folder: Path, record: str = RECORD) -> list[str] | None:
    """Return the corpora that the evaluation in `folder` was asked, by the file `record`; None where there is none, or nothing says it."""
    try:
        found = json.loads((folder / record).read_text(encoding="utf-8"))["record"]["corpora"]
        return [str(each) for each in found]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def metrics_of(folder: Path, task_digest: str, by: str) -> tuple[str, ...]:
    """Return the metrics of the evaluation in `folder`, if it is of the same task by the same definition; none where it is not, or there is none."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        same = (found["task_sha256"], found["definition"]) == (task_digest, by)
        return tuple(str(each) for each in found["settings"]["metrics"]) if same else ()
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def load(folder: Path) -> Stored:
    """Return the evaluation in `folder`. Raises EvaluationError, naming the file, where there is none or it is damaged."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("kind", _KIND) != _KIND:
            raise EvaluationError(f"{show(folder)} is an evaluation of {show(str(record['kind']))}, not of retrieval.", _OTHER_KIND)
        if record["format"] != _FORMAT:
            raise EvaluationError(f"{show(path)} has the format {record['format']}, and this Hearken reads {_FORMAT}.", "Evaluate again.")
        path = folder / TASK
        task = _task_of(json.loads(path.read_text(encoding="utf-8")), record["record"])
        path = folder / (VECTORS if (folder / VECTORS).is_file() else SCORES)
        scores = _read_scores(path)
        figures = {str(name): figure_of(figure) for name, figure in record["figures"].items()}
        settings = record["settings"] | {"metrics": tuple(record["settings"]["metrics"]), "ways": tuple(record["settings"]["ways"])}
        digest = str(record["task_sha256"])
        found = Stored(folder, str(record["system"]), str(record["definition"]), figures, record["facts"], task, scores, settings)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        raise EvaluationError(f"{show(path)} cannot be read: {show(reason)}.", _AGAIN) from error
    if task.digest != digest or scores.shape != (len(task.queries), len(task.clips)):
        raise EvaluationError(f"The files in {show(folder)} do not belong together.", _AGAIN)
    return found


def figures_json(figures: Mapping[str, Interval]) -> dict[str, dict[str, Any]]:
    """Return figures as plain values: `value`, `low`, `high`, `method` of each."""
    return {name: asdict(figure) for name, figure in figures.items()}


def csv_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows of the same keys as a table in UTF-8, the titles first."""
    text = io.StringIO()
    if rows:
        # before Python 3.13 a carriage return alone is no reason for quotes, and then ends the line
        has_return = any("\r" in value for row in rows for value in row.values() if isinstance(value, str))
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n", quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL)
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _metrics(evaluation: Evaluation) -> list[str]:
    names = (name for direction in evaluation.directions.values() for name in direction.figures if not name.startswith("nDCG"))
    return list(dict.fromkeys(names))


def _json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON takes
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode("ascii")


def _task_json(task: Task) -> dict[str, Any]:
    return {
        "name": task.name, "clips": list(task.clips), "paths": list(task.paths), "labels": [list(each) for each in task.labels],
        "queries": list(task.queries), "items": task.relevance.items.tolist(), "starts": task.relevance.starts.tolist(),
        "grades": None if task.grades is None else task.grades.tolist(),
    }  # fmt: skip


def _task_of(values: Mapping[str, Any], record: Mapping[str, Any]) -> Task:
    starts = [int(each) for each in values["starts"]]
    lists = [values["items"][start:stop] for start, stop in pairwise(starts)]
    grades = values["grades"]
    return Task(
        str(values["name"]), tuple(map(str, values["clips"])), tuple(map(str, values["queries"])),
        Relevance.from_lists(lists, len(values["clips"])), None if grades is None else np.array(grades, np.float64),
        tuple(map(str, values["paths"])), tuple(tuple(map(str, each)) for each in values["labels"]), dict(record),
    )  # fmt: skip


def _write_tables(folder: Path, evaluation: Evaluation, task: Task, scores: Scores) -> None:
    asked, answered = evaluation.directions.get("t2a"), evaluation.directions.get("a2t")
    if asked:
        rows = query_rows(scores, task, asked.ranks, average_precision=_precision(asked))
        write_whole(folder / QUERIES, csv_bytes(rows))
    if asked and answered:
        rows = clip_rows(scores, task, asked.ranks, answered.ranks, average_precision=_precision(answered))
        write_whole(folder / CLIPS, csv_bytes(rows))


def figure_of(values: Mapping[str, Any]) -> Interval:
    """Return a figure as it was written. Raises ValueError, TypeError or KeyError for what is none."""
    numbers = [float(values[name]) for name in ("value", "low", "high")]
    if not (all(map(math.isfinite, numbers)) and isinstance(values["method"], str)):
        raise ValueError(f"{values} is no figure")
    value, low, high = numbers
    return Interval(value, low, high, values["method"])


def _precision(direction: Direction) -> NDArray[np.float64] | None:
    return next((values for metric, values in direction.values.items() if metric.startswith("mAP")), None)


def _write_scores(folder: Path, scores: Scores) -> None:
    if isinstance(scores, VectorScores):
        _write_arrays(folder / VECTORS, text=scores.queries, audio=scores.items)
    else:
        blocks = [scores.rows(start, start + 1024) for start in range(0, scores.shape[0], 1024)]
        _write_arrays(folder / SCORES, scores=np.concatenate(blocks))


def _write_arrays(path: Path, **arrays: Any) -> None:  # noqa: ANN401 - as numpy's own
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def _read_scores(path: Path) -> Scores:
    arrays = read_arrays(path, ("scores", "text", "audio"), _AGAIN)
    return TableScores(arrays["scores"]) if path.name == SCORES else VectorScores(arrays["text"], arrays["audio"])
