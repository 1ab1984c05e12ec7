"""Tables of a report, before anybody says in which form: figures with their intervals, and published ones beside them.

Shares of 1 are printed in percent with one decimal, ranks as they are, intervals in brackets: `35.2 [33.1, 37.4] | 36.65`, where the last
is the published figure, as its paper prints it. All text in here is plain: whoever writes a page or a file escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hearken.errors import show
from hearken.metrics.confidence import Interval

_WAYS = {"T2A ": "text to audio", "A2T ": "audio to text"}
_WIDE = 8
Unit = Literal["percent", "rank", "number"]
NOTHING = "-"
_PERCENT = 100.0


@dataclass(frozen=True)
class Cell:
    """A figure of ours, a `published` one beside it (or alone), or `text`.

    `unit` "percent": `figure` is a share of 1 and `published` in percent, as papers print it; "rank" and "number": both as they are. A
    difference `is_signed`. `is_best` marks the best figure of a column, which does not say that the others are worse.
    """

    text: str = ""
    figure: Interval | None = None
    published: float | None = None
    unit: Unit = "percent"
    is_best: bool = False
    is_signed: bool = False


@dataclass(frozen=True)
class ReportTable:
    """Rows of cells, one for each of `columns`; `notes` stand below the table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def words(text: str) -> Cell:
    """Return a cell of text, without what could break a terminal or a page: control characters are written as escapes."""
    return Cell(text=show(text))


def scale_of(unit: Unit) -> float:
    """Return what a figure of `unit` is multiplied with before it is printed: 100 for percent."""
    return _PERCENT if unit == "percent" else 1.0


def ours_text(cell: Cell) -> str:
    """Return our figure with its interval, such as `35.2 [33.1, 37.4]`; the text where the cell has one; "-" for neither."""
    if cell.figure is None:
        return cell.text or NOTHING
    value, low, high = (_number(each, cell) for each in (cell.figure.value, cell.figure.low, cell.figure.high))
    if cell.unit == "rank" and all(each.endswith(".0") for each in (value, low, high)):
        value, low, high = (each.removesuffix(".0") for each in (value, low, high))
    return f"{value} [{low}, {high}]" if cell.figure.method else value


def published_text(cell: Cell) -> str:
    """Return the published figure as its paper prints it, "" where there is none."""
    return "" if cell.published is None else f"{cell.published:g}"


def cell_text(cell: Cell) -> str:
    """Return all that a cell says: `35.2 [33.1, 37.4] | 36.65`, `- | 36.65`, `35.2 [33.1, 37.4]`, words, or "-"."""
    published = published_text(cell)
    return f"{ours_text(cell)} | {published}" if published else ours_text(cell)


def best_marked(rows: Sequence[tuple[Cell, ...]], column: int, *, higher: bool = True) -> tuple[tuple[Cell, ...], ...]:
    """Return `rows` with the best of our figures in `column` marked, all of them where several are equal; nothing is marked where fewer
    than two rows have one."""
    figures = [row[column].figure for row in rows]
    values = [figure.value if higher else -figure.value for figure in figures if figure is not None]
    if len(values) < 2:
        return tuple(rows)
    best = max(values)

    def marked(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        figure = row[column].figure
        if figure is None or (figure.value if higher else -figure.value) < best:
            return row
        return (*row[:column], replace(row[column], is_best=True), *row[column + 1 :])

    return tuple(marked(row) for row in rows)


def by_way(table: ReportTable) -> list[ReportTable]:
    """Return a table as one, or where both directions make it too wide, as two: text to audio, and audio to text."""
    ways = {start: [at for at, column in enumerate(table.columns) if column.startswith(start)] for start in _WAYS}
    if len(table.columns) <= _WIDE or not all(ways.values()):
        return [table]
    others = [at for at, column in enumerate(table.columns) if not column.startswith(tuple(_WAYS))]
    halves = [_half(table, others, ways[start], start) for start in _WAYS]
    return [*halves[:-1], replace(halves[-1], notes=table.notes)]


def _half(whole: ReportTable, others: list[int], mine: list[int], start: str) -> ReportTable:
    columns = (*(whole.columns[at] for at in others), *(whole.columns[at].removeprefix(start) for at in mine))
    rows = tuple(tuple(row[at] for at in (*others, *mine)) for row in whole.rows)
    return ReportTable(f"{whole.title}: {_WAYS[start]}", columns, rows)


def _number(value: float, cell: Cell) -> str:
    text = f"{value * scale_of(cell.unit):{'+' if cell.is_signed else ''}.1f}"
    return "0.0" if text in ("-0.0", "+0.0") else text
