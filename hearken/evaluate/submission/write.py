"""Writes a submission: the CSV of the challenge and the YAML beside it, whole or not at all, and reads it back before it is there.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError, SubmissionError, show
from hearken.evaluate.submission.challenges import DEPTH, LISTS_HEADER, MATRIX_INDEX, Challenge, challenge
from hearken.evaluate.submission.check import check_submission
from hearken.evaluate.submission.matrix import MAX_SCORES
from hearken.evaluate.submission.metadata import complete, metadata_text, open_questions
from hearken.evaluate.submission.truth import Truth, base_name
from hearken.files import replacing
from hearken.metrics.ranks import best_items
from hearken.metrics.scores import Scores

_BLOCK = 256
_UNHELD = "Look at the queries and at the names of the clips in what is submitted."
_OTHERS = "The scores are of other queries or clips: name the right --truth."
_QUOTED = re.compile(r'[",\r\n]')


@dataclass(frozen=True)
class Written:
    """The two files, what is still to fill in of the metadata, and what should be known."""

    output: Path
    meta: Path
    num_rows: int
    num_clips: int
    open_questions: tuple[str, ...]
    notes: tuple[str, ...]


def write_submission(
    folder: Path, name: str, scores: Scores, queries: Sequence[str], clips: Sequence[str], metadata: Mapping[str, Any] | None = None, *,
    label: str | None = None, truth: Truth | None = None, figures: Mapping[str, float] | None = None, overwrite: bool = False,
) -> Written:  # fmt: skip
    """Write `LABEL.output.csv` and `LABEL.meta.yaml` into `folder` for the challenge called `name`, and return where they are.

    `scores` (Q, N) are those of `queries` (Q) for `clips` (N), names or paths of files, of which the names are written. Lists hold the ten best; equal scores stand in the order of the
    clips. Tables hold every score so that it is read back as it was. With `truth`, rows are its queries in its order and with its words
    (white space at their ends may differ from ours), and the file is held against it. `metadata` is completed by `complete`, with
    `label` and `figures`.

    Raises SubmissionError where something does not fit, a score is not finite, or a file is there and `overwrite` is not set; then
    nothing is left behind.
    """
    which = challenge(name)
    values = complete(which, metadata or {}, label=label, figures=figures)
    output, meta = (folder / f"{values['submission']['label']}{suffix}" for suffix in (".output.csv", ".meta.yaml"))
    _check_sizes(which, scores, queries, clips)
    names = _file_names(clips)
    order, words = _rows_of(queries, truth)
    for path in (output, meta):
        if path.exists() and not overwrite:
            raise SubmissionError(f"{show(path)} is there already.", "Give another --label or --out, or --overwrite.")
    try:
        with _kept_if_filled(folder), replacing(output) as table, replacing(meta) as about:
            with table.open("wb") as file:
                file.writelines(_lines(which, scores, order, words, names))
            about.write_text(metadata_text(values, which), encoding="utf-8")
            checked = check_submission(table, name, truth)
            checked.faults.refuse("What would be written", f"submission for {name}", _UNHELD if truth is None else _OTHERS)
    except (OSError, UnicodeEncodeError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else "a name or query is no Unicode text"
        raise SubmissionError(f"{show(output)} cannot be written: {show(reason)}.", "Check the folder and the names.") from error
    return Written(output, meta, checked.num_rows, len(clips), tuple(open_questions(values)), checked.notes)


def _check_sizes(which: Challenge, scores: Scores, queries: Sequence[str], clips: Sequence[str]) -> None:
    if scores.shape != (len(queries), len(clips)):
        raise SubmissionError(f"There are scores {scores.shape} for {len(queries)} queries and {len(clips)} clips.")
    if not len(queries) or (which.kind == "lists" and len(clips) < DEPTH):
        raise SubmissionError(
            f"{which.name} needs queries and, in every row, {DEPTH} of the clips; there are {len(queries)} and {len(clips)}."
        )


def _file_names(clips: Sequence[str]) -> list[str]:
    """The names that stand in a submission. Raises SubmissionError where two clips would have one."""
    first: dict[str, str] = {}
    for clip in clips:
        name = base_name(clip)
        if name in first:
            raise SubmissionError(
                f"Two clips have one name, {show(name)!r}, and a submission has no folders: {show(first[name])!r} and {show(clip)!r}.",
                "Submit one split, or rename one of the files and evaluate again.",
            )
        first[name] = clip
    return list(first)


@contextlib.contextmanager
def _kept_if_filled(folder: Path) -> Iterator[None]:
    """Make `folder`, with those above it, for the block; what was made is gone again where the block fails. Raises OSError."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in made:
            with contextlib.suppress(OSError):  # it was not made, or somebody put something into it
                each.rmdir()
        raise


def _rows_of(queries: Sequence[str], truth: Truth | None) -> tuple[list[int], list[str]]:
    """Which of our queries each row is, and its words: the truth's, or ours, each once. Raises SubmissionError where we have no such query."""
    if truth is None:
        first: dict[str, int] = {}
        for number, query in enumerate(queries):
            first.setdefault(query, number)
        return list(first.values()), list(first)
    ours: dict[str, list[int]] = {}
    for number, query in enumerate(queries):
        ours.setdefault(query.strip(), []).append(number)
    order: list[int] = []
    seen: dict[str, int] = {}
    for query in truth.queries:
        numbers = ours.get(query.strip())
        if not numbers:
            raise SubmissionError(f"There are no scores for the query {show(query)!r} of {show(truth.name)}.", "Score its queries.")
        at = seen.get(query.strip(), 0)
        seen[query.strip()] = at + 1
        order.append(numbers[min(at, len(numbers) - 1)])
    return order, list(truth.queries)


def _lines(which: Challenge, scores: Scores, order: Sequence[int], words: Sequence[str], clips: Sequence[str]) -> Iterator[bytes]:
    """The lines of the file."""
    yield _line(LISTS_HEADER if which.kind == "lists" else (MATRIX_INDEX, *clips))
    if which.kind == "lists":
        try:
            best, _ = best_items(scores, DEPTH)
        except InputError as error:
            raise SubmissionError(error.message, error.hint) from error
        for number, query in zip(order, words, strict=True):
            yield _line((query, *(clips[item] for item in best[number])))
        return
    for row, query in zip(_rows(scores, np.array(order, np.int64)), words, strict=True):
        if not np.isfinite(row).all():
            raise SubmissionError(
                f"A score of the query {show(query)!r} is not finite.", "A NaN has no rank: find out where it comes from."
            )
        yield _line((query, *_numbers(row)))


def _rows(scores: Scores, order: NDArray[np.int64]) -> NDArray[np.floating]:
    """The rows of the queries in `order`, which may jump: computed block by block, each block once."""
    num_items = scores.shape[1]
    if len(order) * num_items > MAX_SCORES:
        raise SubmissionError(f"{len(order)} x {num_items} scores are more than {MAX_SCORES}.", "Is it a submission?")
    table = np.zeros((len(order), num_items), scores.rows(0, 1).dtype)
    for start in range(0, scores.shape[0], _BLOCK):
        here = np.flatnonzero((order >= start) & (order < start + _BLOCK))
        if len(here):
            table[here] = scores.rows(start, min(start + _BLOCK, scores.shape[0]))[order[here] - start]
    return table


def _numbers(row: NDArray[np.floating]) -> list[str]:
    """The scores in so many digits that equal and different ones stay so, and all are read back as they were: nine for 32 bits."""
    if row.dtype.itemsize <= np.dtype(np.float32).itemsize:
        return [f"{value:.9g}" for value in row.tolist()]
    return [repr(value) for value in row.astype(np.float64).tolist()]


def _line(cells: Sequence[str]) -> bytes:
    """A row of CSV. Python's own writer leaves a carriage return without quotes where lines end otherwise, and its reader stumbles over that."""
    safe = ('"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells)
    return (",".join(safe) + "\n").encode("utf-8")
