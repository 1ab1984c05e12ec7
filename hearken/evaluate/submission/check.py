"""Looks at a submission as a whole: of which kind it is, what is wrong with it, and what is odd."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import show
from hearken.evaluate.submission.challenges import ANY_YEAR_OF_LISTS, AUTO, MATRIX_INDEX, OF_KIND, Challenge, challenge
from hearken.evaluate.submission.faults import HINT, Faults
from hearken.evaluate.submission.lists import Lists, read_lists
from hearken.evaluate.submission.matrix import Matrix, read_matrix
from hearken.evaluate.submission.queries import MISSING, UNKNOWN
from hearken.evaluate.submission.records import Record, records
from hearken.evaluate.submission.truth import Truth

_PARDONED = (MISSING, UNKNOWN)
"""What a lenient look lets pass: a query without a row counts 0, a row that nobody asked for counts nothing."""
_MILD = "Nothing else is wrong: a lenient look counts 0 for queries without a row, and leaves out rows that nobody asked for."
_SOUND_SUFFIX = ".wav"


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in the file at `path`: its `content`, all `faults`, and `notes` on what is no fault but should be known.

    `title` says in words what it was checked for: the challenge, or all those of its format where nobody named one.
    """

    path: Path
    challenge: Challenge
    title: str
    content: Lists | Matrix
    faults: Faults
    notes: tuple[str, ...]

    @property
    def num_rows(self) -> int:
        """How many rows were taken."""
        return len(self.content.queries)

    def refuse(self) -> None:
        """Raise SubmissionError with all faults, if there is one."""
        mild = all(kind in _PARDONED for kind in self.faults.counts)
        self.faults.refuse(self.path, f"submission for {self.title}", _MILD if mild else HINT)

    def to_json(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "file": show(self.path),
            "challenge": self.challenge.name,
            "valid": not self.faults.count,
            "rows": self.num_rows,
            "clips": len(self.content.clips),
            "num_faults": self.faults.count,
            "faults_by_kind": dict(self.faults.counts),
            "faults": [fault.to_json() for fault in self.faults.shown],
            "notes": list(self.notes),
        }


def check_submission(path: Path, name: str = AUTO, truth: Truth | None = None, *, lenient: bool = False) -> Checked:
    """Return what is in the submission at `path` for the challenge called `name`, "auto" for that of its format.

    It is held against `truth`, if there is one: all queries must have a row, and only clips of it may be named. With `lenient`, missing
    queries and rows that nobody asked for are notes and no faults. Raises SubmissionError for a challenge that does not exist and a
    file that cannot be read; faults of what stands in it raise nothing here, see `Checked.refuse`.
    """
    faults = Faults()
    notes: list[str] = []
    with closing(records(path, faults)) as rows:
        first = next(rows, None)
        which = _which(name, first)
        content = _read(which, first, rows, truth, faults, notes)
    any_year = name == AUTO and which.kind == "lists"
    notes += _odd(content, which, truth, faults, any_year=any_year)
    if lenient:
        notes += _pardon(faults)
    return Checked(path, which, ANY_YEAR_OF_LISTS if any_year else which.name, content, faults, tuple(notes))


def _read(
    which: Challenge, first: Record | None, rows: Iterator[Record], truth: Truth | None, faults: Faults, notes: list[str]
) -> Lists | Matrix:  # fmt: skip
    if first is None:
        if not faults.count:
            faults.add("empty", None, "the file is empty.")
        return Lists((), (), (), ())
    every = itertools.chain([first], rows)
    return read_lists(every, truth, faults, notes) if which.kind == "lists" else read_matrix(every, truth, faults)


def _which(name: str, first: Record | None) -> Challenge:
    if name != AUTO:
        return challenge(name)
    return OF_KIND["matrix" if first is not None and first[1][:1] == [MATRIX_INDEX] else "lists"]


def _pardon(faults: Faults) -> list[str]:
    """Take out of `faults` what a lenient look lets pass, and return it in words."""
    counts = {kind: faults.counts.pop(kind, 0) for kind in _PARDONED}
    faults.shown = [fault for fault in faults.shown if fault.kind not in _PARDONED]
    told = {
        MISSING: ("One query has no row; it counts 0.", "{} queries have no row; each of them counts 0."),
        UNKNOWN: ("One row asks what nobody asked; it is left out.", "{} rows ask what nobody asked; they are left out."),
    }
    return [told[kind][count > 1].format(count) for kind, count in counts.items() if count]


def _odd(content: Lists | Matrix, which: Challenge, truth: Truth | None, faults: Faults, *, any_year: bool) -> list[str]:
    """What is no fault, but would surprise the organisers, or the reader of a figure.

    Where nobody named the year, `any_year`, a truth says how many queries there are.
    """
    notes = []
    if truth is not None and truth.num_equal:
        many = "One query has" if truth.num_equal == 1 else f"{truth.num_equal} queries have"
        notes.append(f"{many} the words of an earlier one; each is scored by itself, where the public scorer drops the earlier one.")
    num_rows = len(content.queries)
    if which.num_queries not in (None, num_rows) and not faults.count and not (any_year and truth is not None):
        whose = "sets of dcase2022 to dcase2024 have" if any_year else f"set of {which.name} has"
        notes.append(f"The evaluation {whose} {which.num_queries} queries, this file {num_rows} {'row' if num_rows == 1 else 'rows'}.")
    other = sum(not name.lower().endswith(_SOUND_SUFFIX) for name in content.clips)
    if other and truth is None:
        notes.append(f"{other} of {len(content.clips)} names of clips {'does' if other == 1 else 'do'} not end in {_SOUND_SUFFIX}.")
    return notes
