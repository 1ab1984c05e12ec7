"""Tables as Markdown, CSV and LaTeX. What stands in them is foreign (names of folders and runs), so each form escapes what it would read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Literal

from hearken.errors import show
from hearken.evaluate.report.table import Cell, ReportTable, by_way, cell_text, ours_text, published_text, scale_of

Form = Literal["md", "csv", "latex"]
CSV_COLUMNS = ("table", "row", "column", "text", "value", "low", "high", "published", "unit")
_DIGITS = 6
_LIGATURES = re.compile(r"([-',])(?=\1)")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~&!$]")
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}",
} | {char: f"\\{char}" for char in "%&$#_{}"}  # fmt: skip


def export(tables: Sequence[ReportTable], form: Form) -> str:
    """Return the tables as "md" (Markdown), "csv" or "latex"."""
    return {"md": markdown, "csv": csv_text, "latex": latex}[form](tables)


def markdown(tables: Sequence[ReportTable]) -> str:
    """Return the tables with a heading each, their notes as a list below; the best figure of a column is bold. What is too wide stands in
    two, one for each direction."""
    return "\n".join(_markdown(half) for table in tables for half in by_way(table))


def csv_text(tables: Sequence[ReportTable]) -> str:
    """Return one long table with the columns of `CSV_COLUMNS`: a line for each cell but the first of a row, which names the row.

    Figures are plain numbers in the unit that they are printed in (percent, not shares); where there is no interval, `low` and `high`
    are empty. `text` holds what is no figure.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                writer.writerow([show(table.title), show(row[0].text), show(column), *_plain(cell)])
    return out.getvalue()


def latex(tables: Sequence[ReportTable]) -> str:
    r"""Return the tables as LaTeX floats, one for each direction where they are wide, and made smaller where they are wider than the page.

    They need `\usepackage{booktabs}`, `\usepackage{graphicx}` and `\usepackage[T1]{fontenc}`.
    """
    return "\n".join(_latex(half) for table in tables for half in by_way(table))


def escape_markdown(text: str) -> str:
    """Return `text` so that Markdown, also in a cell of a table, shows it as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", show(text))


def escape_latex(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is: specials, what it joins to one sign (two hyphens), and
    brackets and stars, which after the end of a row would be an option."""
    return _LIGATURES.sub(r"\1{}", "".join(_LATEX.get(char, char) for char in show(text)))


def _markdown(table: ReportTable) -> str:
    lines = [f"## {escape_markdown(table.title)}", ""]
    lines.append(_piped([escape_markdown(column) for column in table.columns]))
    lines.append("|---" * len(table.columns) + "|")
    lines += [_piped([_bold(_markdown_text(cell), cell, "**{}**") for cell in row]) for row in table.rows]
    if table.notes:
        lines += ["", *(f"- {escape_markdown(note)}" for note in table.notes)]
    return "\n".join([*lines, ""])


def _markdown_text(cell: Cell) -> str:
    # intervals need no escapes: [1, 2] without a target is no link
    return cell_text(cell).replace("|", "\\|") if _is_figure(cell) else escape_markdown(cell_text(cell))


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latex(table: ReportTable) -> str:
    rows = [[_bold(_latex_ours(cell), cell, "\\textbf{{{}}}") + _latex_published(cell) for cell in row] for row in table.rows]
    body = [" & ".join(row) + r" \\" for row in rows]
    notes = [rf"\par\footnotesize {escape_latex(note)}" for note in table.notes]
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{escape_latex(table.title)}}}", _FITTED, rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        r"\toprule", " & ".join(map(escape_latex, table.columns)) + r" \\", r"\midrule", *body, r"\bottomrule", r"\end{tabular}}", *notes, r"\end{table}", "",
    ])  # fmt: skip


def _latex_ours(cell: Cell) -> str:
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", ours_text(cell)) if cell.figure else escape_latex(ours_text(cell))


def _latex_published(cell: Cell) -> str:
    published = published_text(cell)
    return rf" $\mid$ {published}" if published else ""


def _bold(text: str, cell: Cell, form: str) -> str:
    return form.format(text) if cell.is_best else text


def _is_figure(cell: Cell) -> bool:
    return cell.figure is not None or cell.published is not None


def _plain(cell: Cell) -> list[str]:
    """The columns from `text` on."""
    if not _is_figure(cell):
        return [show(cell.text), "", "", "", "", ""]
    factor, figure = scale_of(cell.unit), cell.figure

    def number(value: float) -> str:
        return repr(round(value * factor, _DIGITS))

    ours = ["", "", ""]
    if figure is not None:
        ours = [number(figure.value), *((number(figure.low), number(figure.high)) if figure.method else ("", ""))]
    return ["", *ours, "" if cell.published is None else repr(cell.published), cell.unit]
