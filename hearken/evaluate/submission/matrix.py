"""Reads a table of scores: a row for each query, a column for each clip, as DCASE wanted it in 2025.

Legend: `Q` rows, `N` clips.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.evaluate.submission.challenges import MATRIX_INDEX
from hearken.evaluate.submission.faults import Faults, brief
from hearken.evaluate.submission.headers import matrix_header
from hearken.evaluate.submission.queries import Rows
from hearken.evaluate.submission.records import Record
from hearken.evaluate.submission.truth import Truth

MAX_SCORES = 1 << 27
"""Most scores of one file: 1 GB in memory."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """The rows that were found: their `queries` (Q), the `clips` (N) in the order of the columns, and `scores` (Q, N) float64.

    `of_queries` says which row answers each query of the truth, None where none does; without a truth it counts the rows.
    """

    queries: tuple[str, ...]
    clips: tuple[str, ...]
    scores: NDArray[np.float64]
    of_queries: tuple[int | None, ...]


def read_matrix(rows: Iterator[Record], truth: Truth | None, faults: Faults) -> Matrix:
    """Return the table in `rows`, of which the first is the header; all that is wrong is noted in `faults`.

    Held against `truth` are the queries and the clips: all must have a column where it lists them, else those that answer a query. A row
    with a fault is not among those returned.
    """
    line, header = next(rows, (1, []))
    written, header = header[1:], [*header[:1], *map(truth.known_as, header[1:])] if truth else header
    clips = truth.clips if truth else ()
    found: list[NDArray[np.float64]] = []
    names = tuple(header[1:])
    if not matrix_header(header or [""], line, clips, truth.queries if truth else (), faults).readable:
        return Matrix((), (), np.zeros((0, 0)), ())
    if truth and not clips:
        _check_answers(truth, names, line, faults)
    taker = Rows(truth.queries if truth else (), faults, MATRIX_INDEX)
    for line, cells in rows:
        scores = _scores(line, cells, written, faults)
        if (len(found) + 1) * len(names) > MAX_SCORES:
            faults.add("too large", line, f"from here on there are more than {MAX_SCORES} scores.")
            break
        if scores is None:
            taker.excuse(cells)
        elif taker.take(cells[0], line):
            found.append(scores)
    taker.note_if_none()
    table = np.stack(found) if found else np.zeros((0, len(names)))
    return Matrix(taker.taken, names, table, tuple(taker.of_queries()))


def _check_answers(truth: Truth, names: Sequence[str], line: int, faults: Faults) -> None:
    """Note the answers that have no column; the other clips are not known."""
    there = set(names)
    for name in truth.names():
        if name not in there:
            faults.unknown("missing clip", line, "column for the clip", name, names)


def _scores(line: int, cells: Sequence[str], names: Sequence[str], faults: Faults) -> NDArray[np.float64] | None:
    """The scores of a row; None, and the fault, where they are not all there."""
    if len(cells) != len(names) + 1:
        faults.add("cells", line, f"there are {len(cells)} cells, not {len(names) + 1}.")
        return None
    text = "".join(cells[1:])
    try:
        scores = np.array(list(map(float, cells[1:])) if text.isascii() and "_" not in text else [math.nan], np.float64)
    except ValueError:
        scores = np.array([math.nan])
    if np.isfinite(scores).all() and "\0" not in cells[0]:
        return scores
    _explain(line, cells, names, faults)
    return None


def _number(cell: str) -> float:
    """The number in a cell. Raises ValueError for what a person would not write: underscores, digits of other scripts."""
    if "_" in cell or not cell.isascii():
        raise ValueError(cell)
    return float(cell)


def _explain(line: int, cells: Sequence[str], names: Sequence[str], faults: Faults) -> None:
    """Note each cell of a row that is no finite number."""
    if "\0" in cells[0]:
        faults.add("NUL", line, "there is a NUL character in it.", MATRIX_INDEX)
    for cell, name in zip(cells[1:], names, strict=True):
        try:
            value = _number(cell)
        except ValueError:
            kind, message = ("score", f"{brief(cell)} is no number.") if cell.strip() else ("empty cell", "there is no score.")
            faults.add(kind, line, message, name)
            continue
        if not np.isfinite(value):
            faults.add("score", line, f"{brief(cell)} is not finite.", name)
