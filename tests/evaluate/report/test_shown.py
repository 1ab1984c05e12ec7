"""Cells and tables as the page shows them."""

from __future__ import annotations

from hearken.evaluate.report.shown import ShownCell, shown_cell, shown_table, shown_tables
from hearken.evaluate.report.table import Cell, ReportTable
from hearken.metrics.confidence import Interval

FIGURE = Interval(0.352, 0.331, 0.374, "bootstrap")


def test_a_figure_its_interval_and_the_published_one_stand_apart() -> None:
    assert shown_cell(Cell(figure=FIGURE, published=36.65, is_best=True)) == ShownCell("35.2", "[33.1, 37.4]", "36.65", True)
    assert shown_cell(Cell(figure=Interval(4, 3, 4, "bootstrap"), unit="rank")) == ShownCell("4", "[3, 4]")
    assert shown_cell(Cell(figure=Interval(0.5, 0.5, 0.5))) == ShownCell("50.0")


def test_words_and_nothing() -> None:
    assert shown_cell(Cell(text="a [b]")) == ShownCell("a [b]")
    assert shown_cell(Cell()) == ShownCell("-")
    assert shown_cell(Cell(published=36.65)) == ShownCell("", published="36.65")
    assert [shown_cell(Cell(text=text)).tone for text in ("better", "contradicted", "not run", "bett")] == ["good", "bad", "open", ""]


def test_a_wide_table_becomes_one_for_each_direction() -> None:
    columns = ("system", *(f"{way} R@{k}" for way in ("T2A", "A2T") for k in (1, 5, 10, 50)))
    row = (Cell(text="mine"), *(Cell(text=f"{number}") for number in range(8)))
    first, second = shown_tables(ReportTable("toy", columns, (row,), ("a note",)))
    assert (first.title, second.title) == ("toy: text to audio", "toy: audio to text")
    assert first.columns == second.columns == ("system", "R@1", "R@5", "R@10", "R@50")
    assert [cell.ours for cell in first.rows[0]] == ["mine", "0", "1", "2", "3"]
    assert [cell.ours for cell in second.rows[0]] == ["mine", "4", "5", "6", "7"]
    assert (first.notes, second.notes) == ((), ("a note",))


def test_a_narrow_table_stays_one() -> None:
    table = ReportTable("toy", ("system", "T2A R@1", "A2T R@1"), ((Cell(text="mine"), Cell(), Cell()),))
    assert shown_tables(table) == [shown_table(table)]
    wide = ReportTable("toy", tuple(f"T2A {number}" for number in range(20)), ())
    assert len(shown_tables(wide)) == 1, "there is only one direction"
