"""`hearken report`: one page of HTML on runs and evaluations, or their tables as Markdown, CSV or LaTeX."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption
from hearken.errors import EvaluationError, InputError, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hearken.evaluate.report.claims import Claim
    from hearken.evaluate.report.collect import Collected

_MISTAKES, _MOST_MISTAKES = 6, 50
_PLACE = "Check the folder, its permissions and the space left."


class Form(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MD = "md"
    CSV = "csv"
    LATEX = "latex"


_ENDINGS = {".html": Form.HTML, ".htm": Form.HTML, "": Form.HTML, ".md": Form.MD, ".csv": Form.CSV, ".tex": Form.LATEX}


def report(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="Runs, evaluations, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write the report to FILE.")],
    form: Annotated[
        Form | None, typer.Option("--format", help="html, md, csv or latex. Default: what the name of FILE says (.html, .md, .csv, .tex).")
    ] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="The page's title. Default: the system's name.")] = "",
    baseline: Annotated[str, typer.Option("--baseline", metavar="NAME", help="Compare every system with this one, query by query.")] = "",
    claims: Annotated[
        Path | None, typer.Option("--claims", metavar="FILE", help="A YAML list of orderings to test: better, worse, text, source, metric.")
    ] = None,
    about: Annotated[
        Path | None, typer.Option("--about", metavar="FILE", help="Put these paragraphs of plain text at the top of the page.")
    ] = None,
    tta_curve: Annotated[
        Path | None, typer.Option("--tta-curve", metavar="FILE", help="Draw this curve of test-time augmentation, a JSON list.")
    ] = None,
    sounds: Annotated[
        int, typer.Option("--sounds", min=0, max=_MOST_MISTAKES, metavar="N", help="Show N mistakes of each kind, with players.")
    ] = _MISTAKES,
    audio: Annotated[bool, typer.Option("--audio/--no-audio", help="Put sounds into the page, or leave them out.")] = True,
    json: JsonOption = False,
) -> None:
    """Report on runs and evaluations: figures with intervals beside the published ones, curves, mistakes to listen to, and how it was done.

    The page is one file that needs no network. What of the sources is broken is told, and left out.
    """
    from hearken.evaluate.report.claims import read_claims
    from hearken.evaluate.report.collect import collect
    from hearken.evaluate.report.page import PageOptions, build
    from hearken.evaluate.report.tta_file import read_tta

    chosen = form or form_of(out)
    _check_place(out)
    if chosen is not Form.HTML and (tta_curve or about):
        raise typer.BadParameter("It is for HTML alone.", param_hint="--tta-curve" if tta_curve else "--about")
    found = collect(sources)
    orderings = read_claims(claims) if claims else ()
    if chosen is Form.HTML:
        typed = {
            "--format": form, "--title": title, "--baseline": baseline, "--claims": claims, "--about": about, "--tta-curve": tta_curve,
            "--sounds": None if sounds == _MISTAKES else sounds,
        }  # fmt: skip
        options = PageOptions(
            title=title, sounds=sounds, audio=audio, tta=read_tta(tta_curve) if tta_curve else (), baseline=baseline,
            claims=orderings, about=_paragraphs(about), command=_command(sources, out, typed, audio=audio),
        )  # fmt: skip
        text = build(found, options, tell=_nobody if json else lambda step: output.note(f"{step} ..."))
    else:
        text = _tables(found, baseline, orderings, chosen)
    _write(out, text)
    if json:
        output.print_json({
            "out": str(out), "format": chosen.value, "bytes": len(text.encode("utf-8")),
            "systems": [system.name for system in found.systems], "skipped": list(found.skipped),
        })  # fmt: skip
        return
    for sentence in found.skipped:
        output.note(show(sentence))
    output.note(f"Written: {show(out)} ({output.size(len(text.encode('utf-8')))})")


def form_of(out: Path) -> Form:
    """Return what the name of a file says that is written to it; HTML where it says nothing. Raises BadParameter for another ending."""
    form = _ENDINGS.get(out.suffix.lower())
    if form is None:
        endings = ", ".join(ending for ending in _ENDINGS if ending)
        raise typer.BadParameter(f"{show(out)}: a report ends in {endings}; for another name say --format.", param_hint="--out")
    return form


def _check_place(out: Path) -> None:
    """Raise EvaluationError where nothing can be written to `out`: that is told before the work is done."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise EvaluationError(f"{show(out)} cannot be written: {'it is a folder' if out.is_dir() else 'its folder is not there'}.", _PLACE)


def _paragraphs(path: Path | None) -> tuple[str, ...]:
    """The paragraphs of a plain text, which empty lines separate."""
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"{show(path)} cannot be read as text: {show(reason)}.", "Name a text in UTF-8.") from error
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _nobody(step: str) -> None:
    """Tell nobody."""


def _tables(found: Collected, baseline: str, claims: Sequence[Claim], form: Form) -> str:
    from hearken.evaluate.report.comparison import report_tables
    from hearken.evaluate.report.export import csv_text, latex, markdown

    tables = report_tables(found, baseline=baseline, claims=claims)
    return {Form.MD: markdown, Form.CSV: csv_text, Form.LATEX: latex}[form](tables)


def _command(sources: list[Path], out: Path, typed: Mapping[str, object], *, audio: bool) -> str:
    """What makes the same page again."""
    options = [word for name, value in typed.items() if value not in (None, "") for word in (name, str(value))]
    return shlex.join(["hearken", "report", *map(str, sources), "--out", str(out), *options, *([] if audio else ["--no-audio"])])


def _write(out: Path, text: str) -> None:
    from hearken.files import write_whole

    try:
        write_whole(out, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise EvaluationError(f"{show(out)} cannot be written: {error.strerror or error}.", _PLACE) from error
