"""Scores and vectors of other programs: an .npz, or a table as the DCASE 2025 challenge wants it.

    .npz    `scores` (Q, N), or `text` (Q, D) and `audio` (N, D), in the order of the corpus; with `queries` (Q) and `clips` (N), in any order
    .csv    a row for each query, whose text stands in the first column, `index`; a column for each clip, whose name stands in the first row

Legend: `Q` queries, `N` clips, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, InputError, show
from hearken.evaluate.arrays import read_arrays
from hearken.evaluate.submission.challenges import OF_KIND
from hearken.evaluate.submission.check import check_submission
from hearken.evaluate.submission.matrix import Matrix
from hearken.evaluate.submission.truth import truth_of
from hearken.evaluate.task import Task
from hearken.metrics.scores import Scores, TableScores, VectorScores

_ARRAYS = "It holds `scores` (Q, N), or `text` (Q, D) and `audio` (N, D), floats; and perhaps the texts `queries` (Q) and `clips` (N)."
_NAMES = ("scores", "text", "audio", "queries", "clips")
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Foreign:
    """`scores` (Q, N) of `queries` (Q) for `clips` (N); None where the file does not name them."""

    scores: Scores
    queries: tuple[str, ...] | None
    clips: tuple[str, ...] | None


def read_scores(path: Path, task: Task) -> Scores:
    """Return the scores in the file at `path`, in the order of `task`.

    Raises EvaluationError, naming what is missing, for files that cannot be read, other queries or clips than those of the task, shapes that do
    not fit; SubmissionError with all faults of a table.
    """
    if path.suffix.lower() == ".csv":
        return _read_table(path, task)
    if path.suffix.lower() != ".npz":
        raise EvaluationError(f"{show(path)} is no file of scores.", "Give an .npz, or a .csv with a row for each query.")
    found = read_npz(path)
    rows = order_of(path, found.queries, task.queries, "queries")
    columns = order_of(path, found.clips, task.clips, "clips")
    wanted = (len(task.queries), len(task.clips))
    if found.scores.shape != wanted and (rows is None or columns is None):
        raise EvaluationError(
            f"{show(path)} has scores of the shape {found.scores.shape}, and {show(task.name)} asks for {wanted}.", _ARRAYS
        )
    if isinstance(found.scores, VectorScores):
        return VectorScores(_taken(found.scores.queries, rows), _taken(found.scores.items, columns))
    table = found.scores.rows(0, found.scores.shape[0])
    return TableScores(_taken(_taken(table, rows).T, columns).T)


def read_npz(path: Path) -> Foreign:
    """Return what the .npz at `path` holds. Raises EvaluationError for a file that is none, or holds something else."""
    arrays = read_arrays(path, _NAMES, _ARRAYS)
    found = Foreign(_scores(path, arrays), _texts(path, arrays, "queries"), _texts(path, arrays, "clips"))
    named = tuple(
        len(names) if names is not None else size for names, size in zip((found.queries, found.clips), found.scores.shape, strict=True)
    )
    if named != found.scores.shape:
        raise EvaluationError(
            f"{show(path)} has scores of the shape {found.scores.shape}, and names {named[0]} queries and {named[1]} clips.", _ARRAYS
        )
    return found


def order_of(path: Path, names: Sequence[str] | None, wanted: Sequence[str], what: str) -> list[int] | None:
    """Return where each of `wanted` stands in `names`, blanks at their ends aside; equal ones are taken in turn. None without `names`.

    Raises EvaluationError, naming what is missing.
    """
    if names is None:
        return None
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


def _scores(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Scores:
    for name in ("scores", "text", "audio"):
        if name in arrays and arrays[name].dtype.kind != "f":
            raise EvaluationError(f"{show(path)}: `{name}` should be floats, not {arrays[name].dtype}.", _ARRAYS)
    if "scores" not in arrays and not ("text" in arrays and "audio" in arrays):
        raise EvaluationError(f"{show(path)} has neither `scores` nor `text` and `audio`.", _ARRAYS)
    try:
        return TableScores(arrays["scores"]) if "scores" in arrays else VectorScores(arrays["text"], arrays["audio"])
    except InputError as error:
        raise EvaluationError(f"{show(path)}: {error.message}", _ARRAYS) from error


def _texts(path: Path, arrays: Mapping[str, NDArray[Any]], name: str) -> tuple[str, ...] | None:
    if name not in arrays:
        return None
    if arrays[name].ndim != 1 or arrays[name].dtype.kind != "U":
        raise EvaluationError(f"{show(path)}: `{name}` should be a row of texts.", _ARRAYS)
    return tuple(map(str, arrays[name]))


def _taken(rows: NDArray[np.floating], order: list[int] | None) -> NDArray[np.floating]:
    return rows if order is None else rows[order]


def _read_table(path: Path, task: Task) -> Scores:
    checked = check_submission(path, OF_KIND["matrix"].name, truth_of(task))
    checked.refuse()
    content = checked.content
    if not isinstance(content, Matrix):
        raise EvaluationError(f"{show(path)} is no table of scores.", "It has a row for each query and a column for each clip.")
    places = {name: column for column, name in enumerate(content.clips)}
    rows = [row for row in content.of_queries if row is not None]
    return TableScores(content.scores[np.ix_(rows, [places[name] for name in task.clips])])
