"""Markdown, CSV and LaTeX: figures to the digit, and texts of others that come out as they went in."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.errors import show
from hearken.evaluate.report.export import CSV_COLUMNS, csv_text, escape_latex, escape_markdown, export, latex, markdown
from hearken.evaluate.report.table import Cell, ReportTable, words
from hearken.metrics.confidence import Interval

FIGURE = Cell(figure=Interval(0.352, 0.331, 0.374, "bootstrap"), published=36.65, is_best=True)
TABLE = ReportTable(
    "Table 3, of A&B_1", ("system", "T2A mAP@10", "T2A medR"),
    (
        (words("run_1|x"), FIGURE, Cell(figure=Interval(7.0, 5.0, 9.5, "bootstrap"), unit="rank")),
        (words("50% #2"), Cell(published=38.0), Cell("not run")),
        (words("[three]"), Cell(figure=Interval(-0.01, -0.02, 0.01, "bootstrap"), is_signed=True), Cell()),
    ),
    ("A note, at 95 %.",),
)  # fmt: skip
LATEX_WORDS = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<", r"\textgreater{}": ">",
    r"\textbar{}": "|", r"\textasciigrave{}": "`", r"\textquotedbl{}": '"', "{[}": "[", "{]}": "]", "{*}": "*",
}  # fmt: skip


def test_markdown() -> None:
    assert markdown([TABLE]).splitlines() == [
        r"## Table 3, of A\&B\_1",
        "",
        "| system | T2A mAP@10 | T2A medR |",
        "|---|---|---|",
        r"| run\_1\|x | **35.2 [33.1, 37.4] \| 36.65** | 7.0 [5.0, 9.5] |",
        r"| 50% \#2 | - \| 38 | not run |",
        r"| \[three\] | -1.0 [-2.0, +1.0] | - |",
        "",
        "- A note, at 95 %.",
    ]


def test_csv_holds_plain_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text([TABLE]))))
    assert len(rows) == 6
    assert tuple(rows[0]) == CSV_COLUMNS
    assert list(rows[0].values()) == ["Table 3, of A&B_1", "run_1|x", "T2A mAP@10", "", "35.2", "33.1", "37.4", "36.65", "percent"]
    assert list(rows[1].values())[2:] == ["T2A medR", "", "7.0", "5.0", "9.5", "", "rank"]
    assert list(rows[2].values())[1:] == ["50% #2", "T2A mAP@10", "", "", "", "", "38.0", "percent"]
    assert list(rows[3].values())[3:] == ["not run", "", "", "", "", ""]


def test_latex() -> None:
    lines = latex([TABLE]).splitlines()
    assert lines[2:5] == [
        r"\caption{Table 3, of A\&B\_1}", r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%", r"\begin{tabular}{lll}",
    ]  # fmt: skip
    assert lines[8] == r"run\_1\textbar{}x & \textbf{35.2 [33.1, 37.4]} $\mid$ 36.65 & 7.0 [5.0, 9.5] \\"
    assert lines[9] == r"50\% \#2 & - $\mid$ 38 & not run \\"
    assert lines[10] == r"{[}three{]} & $-$1.0 [$-$2.0, +1.0] & - \\"
    assert lines[11:] == [r"\bottomrule", r"\end{tabular}}", r"\par\footnotesize A note, at 95 \%.", r"\end{table}"]


def test_a_wide_table_is_two_in_latex_and_markdown_and_one_in_csv() -> None:
    columns = ("system", *(f"{way} R@{k}" for way in ("T2A", "A2T") for k in (1, 5, 10, 50)))
    table = ReportTable("toy", columns, ((words("mine"), *(words(str(number)) for number in range(8))),), ("a note",))
    assert latex([table]).count(r"\begin{tabular}{lllll}") == 2
    assert "toy: audio to text" in latex([table])
    assert markdown([table]).count("| system | R@1 | R@5 | R@10 | R@50 |") == 2
    assert {row["column"] for row in csv.DictReader(io.StringIO(csv_text([table])))} == set(columns[1:])


@pytest.mark.parametrize(("form", "start"), [("md", "## Table"), ("csv", "table,row"), ("latex", r"\begin{table}")])
def test_forms_by_name(form: str, start: str) -> None:
    assert export([TABLE], form).startswith(start)  # type: ignore[arg-type]


def unescaped_latex(text: str) -> str:
    """What LaTeX prints of an escaped text; an assertion fails for a special that is left bare."""
    out, at = "", 0
    while at < len(text):
        word = next((word for word in LATEX_WORDS if text.startswith(word, at)), None)
        if word:
            out, at = out + LATEX_WORDS[word], at + len(word)
        elif text[at] == "\\":
            assert text[at + 1] in "%&$#_{}", text
            out, at = out + text[at + 1], at + 2
        elif text.startswith("{}", at):
            at += 2
        else:
            assert text[at] not in '%&$#_{}~^<>|`[]*"', text
            out, at = out + text[at], at + 1
    return out


SPECIALS = st.text(alphabet=st.sampled_from(list("\\{}[]%&$#_~^<>|`\"'-,*! \nab\u00e4")), max_size=30)


@given(SPECIALS | st.text(max_size=30))
def test_latex_prints_what_it_was_given(text: str) -> None:
    escaped = escape_latex(text)
    assert unescaped_latex(escaped) == show(text)
    assert not re.search(r"--|''|,,", escaped)  # no two signs become one


@given(SPECIALS | st.text(max_size=30))
def test_markdown_escapes_what_it_would_read(text: str) -> None:
    escaped = escape_markdown(text)
    assert re.sub(r"\\([\\`*_{}\[\]<>#|~&!$])", r"\1", escaped) == show(text)
    assert not re.search(r"(?<!\\)(\\\\)*[`*_|<\[]", escaped)


@given(st.lists(st.tuples(st.text(max_size=12), SPECIALS), min_size=1, max_size=4), st.floats(0, 1), st.floats(0, 100))
def test_csv_comes_back(rows: list[tuple[str, str]], value: float, published: float) -> None:
    figure = Cell(figure=Interval(value, 0.0, 1.0, "bootstrap"), published=published)
    table = ReportTable("t", ("name", "text", "figure"), tuple((words(name), words(text), figure) for name, text in rows))
    found = list(csv.DictReader(io.StringIO(csv_text([table]), newline=""), strict=True))
    assert [(row["row"], row["text"]) for row in found[::2]] == [(show(name), show(text)) for name, text in rows]
    assert all(abs(float(row["value"]) - 100 * value) < 1e-6 and float(row["published"]) == published for row in found[1::2])
    csv_text([table]).encode("utf-8")
