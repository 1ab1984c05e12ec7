"""Cells and tables: what is printed of a figure, and what is marked as best."""

from __future__ import annotations

import pytest

from hearken.evaluate.report.table import Cell, best_marked, cell_text, ours_text, published_text, words
from hearken.metrics.confidence import Interval


def share(value: float, low: float, high: float) -> Interval:
    return Interval(value, low, high, "bootstrap")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(figure=share(0.352, 0.331, 0.374), published=36.65), "35.2 [33.1, 37.4] | 36.65"),
        (Cell(figure=share(0.352, 0.331, 0.374)), "35.2 [33.1, 37.4]"),
        (Cell(published=38.0), "- | 38"),
        (Cell(figure=Interval(0.352, 0.352, 0.352)), "35.2"),
        (Cell(figure=share(7.0, 5.0, 9.5), published=8.8, unit="rank"), "7.0 [5.0, 9.5] | 8.8"),
        (Cell(figure=share(7.0, 5.0, 9.0), unit="rank"), "7 [5, 9]"),
        (Cell(figure=Interval(62.04, 62.04, 62.04), unit="rank"), "62"),
        (Cell(figure=share(0.026, -0.0001, 0.043), is_signed=True), "+2.6 [0.0, +4.3]"),
        (Cell(figure=share(-0.026, -0.043, -0.011), is_signed=True), "-2.6 [-4.3, -1.1]"),
        (Cell(figure=share(1.25, 1.0, 2.0), unit="number"), "1.2 [1.0, 2.0]"),
        (Cell("undecided"), "undecided"),
        (Cell(), "-"),
    ],
)
def test_what_a_cell_says(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


def test_ours_and_published_apart() -> None:
    cell = Cell(figure=share(0.352, 0.331, 0.374), published=36.65)
    assert (ours_text(cell), published_text(cell)) == ("35.2 [33.1, 37.4]", "36.65")
    assert published_text(Cell()) == ""


def test_the_names_of_others_cannot_break_a_line() -> None:
    assert words("a\nb\x1b[31m\u202e").text == r"a\nb\x1b[31m\u202e"


def marks(values: list[float | None], *, higher: bool = True) -> list[bool]:
    rows = [(Cell("name"), Cell(figure=None if value is None else share(value, 0, 1))) for value in values]
    return [row[1].is_best for row in best_marked(rows, 1, higher=higher)]


def test_the_best_is_marked() -> None:
    assert marks([0.1, 0.3, None, 0.2]) == [False, True, False, False]
    assert marks([0.1, 0.3, None, 0.2], higher=False) == [True, False, False, False]


def test_equals_are_marked_alike_and_one_alone_is_not_best() -> None:
    assert marks([0.3, 0.3, 0.2]) == [True, True, False]
    assert marks([0.3, None]) == [False, False]
    assert marks([]) == []
