"""Reads ranked lists: a query and the ten best file names in each row, as DCASE wanted them from 2022 to 2024."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hearken.evaluate.submission.challenges import LISTS_HEADER
from hearken.evaluate.submission.faults import Faults, brief
from hearken.evaluate.submission.headers import Header, lists_header
from hearken.evaluate.submission.queries import Rows
from hearken.evaluate.submission.records import Record
from hearken.evaluate.submission.truth import Truth, is_path


@dataclass(frozen=True)
class Lists:
    """The rows that were found: their `queries`, and in `ranked` the numbers of the clips in `clips`, best first.

    `of_queries` says which row answers each query of the truth, None where none does; without a truth it counts the rows.
    """

    queries: tuple[str, ...]
    clips: tuple[str, ...]
    ranked: tuple[tuple[int, ...], ...]
    of_queries: tuple[int | None, ...]


def read_lists(rows: Iterator[Record], truth: Truth | None, faults: Faults, notes: list[str]) -> Lists:
    """Return the lists in `rows`, of which the first is the header; all that is wrong is noted in `faults`, what is odd in `notes`.

    Held against `truth` are the queries and, where it lists them, the clips. A row of another number of cells is not among those returned.
    """
    line, cells = next(rows, (1, []))
    header = lists_header(cells, line, faults)
    notes += [header.note] if header.note else []
    reader = _Reader(truth, faults)
    if header.readable:
        if header.is_row:
            reader.take(line, cells)
        for line, cells in rows:
            reader.take(line, cells[header.skip :])
    return reader.finish(header)


class _Reader:
    def __init__(self, truth: Truth | None, faults: Faults) -> None:
        self._faults = faults
        self._rows = Rows(truth.queries if truth else (), faults, LISTS_HEADER[0])
        self._truth = truth
        self._clips: Sequence[str] = truth.clips if truth else ()
        self._numbers = {name: number for number, name in enumerate(self._clips)}
        self._ranked: list[tuple[int, ...]] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        if not self._is_whole(line, cells):
            self._rows.excuse(cells)
            return
        numbers = self._numbers_of(line, cells)
        if self._rows.take(cells[0], line):
            self._ranked.append(numbers)

    def finish(self, header: Header) -> Lists:
        if header.readable:
            self._rows.note_if_none()
        of_queries = tuple(self._rows.of_queries()) if header.readable else ()
        return Lists(self._rows.taken, tuple(self._numbers), tuple(self._ranked), of_queries)

    def _is_whole(self, line: int, cells: Sequence[str]) -> bool:
        if len(cells) != len(LISTS_HEADER):
            more = "; a cell with a comma in it must stand in quotes" if len(cells) > len(LISTS_HEADER) else ""
            self._faults.add("cells", line, f"there are {len(cells)} cells, not {len(LISTS_HEADER)}{more}.")
            return False
        if any("\0" in cell for cell in cells):
            self._faults.add("NUL", line, "there is a NUL character in it.")
            return False
        return True

    def _numbers_of(self, line: int, cells: Sequence[str]) -> tuple[int, ...]:
        """The numbers of the clips of a row; names that cannot be are noted and left out."""
        first: dict[str, str] = {}
        for column, written in zip(LISTS_HEADER[1:], cells[1:], strict=True):
            name = self._truth.known_as(written) if self._truth else written
            if not name.strip():
                self._faults.add("empty cell", line, "there is no file name.", column)
            elif name in first:
                self._faults.add("duplicate clip", line, f"{brief(written)} stands in {first[name]} already.", column)
            elif self._clips and name not in self._numbers:
                self._faults.unknown("unknown clip", line, "clip", name, self._clips, column)
            elif not self._clips and is_path(written):
                self._faults.add("path", line, f"{brief(written)} is a path; the name of the file alone is needed.", column)
            else:
                self._numbers.setdefault(name, len(self._numbers))
            first.setdefault(name, column)
        return tuple(self._numbers[name] for name in first if name in self._numbers)
