"""Scores and vectors of other programs: an .npz, or a table as the DCASE 2025 challenge wants it.

    .npz    `scores` (Q, N), or `text` (Q, D) and `audio` (N, D), in the order of the corpus; with `queries` (Q) and `clips` (N), in any order
    .csv    a row for each query, whose text stands in the first column; a column for each clip, whose name stands in the first row

Legend: `Q` queries, `N` clips, `D` embedding.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show
from hearken.evaluate.task import Task
from hearken.metrics.scores import Scores, TableScores, VectorScores

_SHOWN = 3


def read_scores(path: Path, task: Task) -> Scores:
    """Return the scores in the file at `path`, in the order of `task`.

    Raises EvaluationError, naming what is missing, for files that cannot be read, other queries or clips than those of the task, shapes that do
    not fit.
    """
    if path.suffix.lower() == ".csv":
        return _read_table(path, task)
    if path.suffix.lower() != ".npz":
        raise EvaluationError(f"{show(path)} is no file of scores.", "Give an .npz, or a .csv with a row for each query.")
    arrays = _read_arrays(path)
    if "scores" in arrays:
        table = arrays["scores"]
        _check_shape(path, table, task)
        return TableScores(_in_order(path, _in_order(path, table, arrays, "queries", task).T, arrays, "clips", task).T)
    if "text" in arrays and "audio" in arrays:
        text, audio = arrays["text"], arrays["audio"]
        if text.ndim != 2 or audio.ndim != 2 or (len(text), len(audio)) != (len(task.queries), len(task.clips)):
            raise EvaluationError(
                f"{show(path)} holds vectors {text.shape} and {audio.shape}; there are {len(task.queries)} queries and {len(task.clips)} clips."
            )
        return VectorScores(_in_order(path, text, arrays, "queries", task), _in_order(path, audio, arrays, "clips", task))
    raise EvaluationError(
        f"{show(path)} has neither `scores` nor `text` and `audio`.", f"It has: {', '.join(map(show, arrays)) or 'nothing'}."
    )


def _read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:  # numpy leaves its own open where it fails
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise EvaluationError(f"{show(path)} cannot be read: {show(reason)}.", "numpy.savez writes such files.") from error


def _check_shape(path: Path, table: NDArray[np.generic], task: Task) -> None:
    wanted = (len(task.queries), len(task.clips))
    if table.shape != wanted or not np.issubdtype(table.dtype, np.floating):
        raise EvaluationError(f"The scores in {show(path)} are {table.shape} of {table.dtype}, and should be {wanted} of floats.")


def _in_order(path: Path, rows: NDArray[np.generic], arrays: dict[str, NDArray[np.generic]], key: str, task: Task) -> NDArray[np.floating]:
    """The rows in the order of the task's `key`, if the file says which row is whose."""
    if key not in arrays:
        return np.asarray(rows, np.result_type(rows.dtype, np.float32))
    names = [str(each) for each in arrays[key].tolist()]
    order = order_of(path, names, task.queries if key == "queries" else task.clips, key)
    return np.asarray(rows[order], np.result_type(rows.dtype, np.float32))


def order_of(path: Path, names: Sequence[str], wanted: Sequence[str], what: str) -> list[int]:
    """Return where each of `wanted` stands in `names`, blanks at their ends aside; equal ones are taken in turn.

    Raises EvaluationError, naming what is missing.
    """
    places: dict[str, list[int]] = {}
    for place, name in reversed(list(enumerate(names))):
        places.setdefault(name.strip(), []).append(place)
    order, missing = [], []
    for name in wanted:
        if places.get(name.strip()):
            order.append(places[name.strip()].pop())
        else:
            missing.append(name)
    if missing:
        shown = "; ".join(show(name) for name in missing[:_SHOWN])
        raise EvaluationError(
            f"{show(path)} lacks {len(missing)} of {len(wanted)} {what}: {shown}{' ...' if len(missing) > _SHOWN else ''}."
        )
    return order


def _read_table(path: Path, task: Task) -> Scores:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            queries, values = [], []
            for row in rows:
                if not row:
                    continue
                if len(row) != len(header):
                    raise EvaluationError(f"{show(path)}, line {rows.line_num}: {len(row)} cells, and {len(header)} column titles.")
                queries.append(row[0])
                values.append(np.array(row[1:], np.float64))
    except (OSError, UnicodeError, ValueError, csv.Error) as error:
        raise EvaluationError(f"{show(path)} cannot be read: {show(str(error))}.", "It is a table of numbers, in UTF-8.") from error
    table = np.array(values) if values else np.zeros((0, max(0, len(header) - 1)))
    clips = order_of(path, *_names(header[1:], task.clips), "clips")
    return TableScores(table[np.ix_(order_of(path, queries, task.queries, "queries"), clips)])


def _names(columns: Sequence[str], clips: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Column titles and clip ids as they are, or without folders and endings where they agree only so, and stay apart."""
    stems = [PurePosixPath(name).stem for name in columns], [PurePosixPath(name).stem for name in clips]
    is_plain = set(clips) <= set(columns) or any(len(set(names)) < len(names) for names in stems)
    return (columns, clips) if is_plain else stems
