"""`hearken submit`: write what a challenge wants to be handed in, or look whether a file is that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_ERROR
from hearken.cli.options import JsonOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.evaluate.submission.truth import Truth
    from hearken.evaluate.submission.write import Written

_YAML = (".yaml", ".yml")
_SHOWN = 8


def submit(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="SOURCE", help="The folder of an evaluation (hearken evaluate --out), or a .npz of scores or vectors."),
    ] = None,
    challenge: Annotated[
        str | None,
        typer.Option("--challenge", metavar="NAME", help="dcase2022, dcase2023, dcase2024 or dcase2025. With --check the file may say it."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to write LABEL.output.csv and LABEL.meta.yaml.")] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="LABEL", help="Such as Lovelace_UoL_task8_1: name, institute, task, number from 1 to 4."),
    ] = None,
    meta: Annotated[
        Path | None, typer.Option("--meta", metavar="FILE", help="A YAML file with authors, system and results, as far as you know them.")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option("--truth", metavar="REF", help="What is asked: a corpus such as clotho-evaluation, or a CSV of captions or queries."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where the corpus of --truth is. Default: NAME below $HEARKEN_DATA.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Write nothing: say what is wrong with a submission, or with its YAML.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a submission to a DCASE challenge of language-based audio retrieval, with its metadata; or --check one.

    What is written is read back and checked before it is there. --check lists the faults with line and column, and exits with 1 if there
    are some. Nothing is sent anywhere.
    """
    from hearken.evaluate.submission.truth import truth_of

    _check_options(source, check, challenge, out, {"--label": label, "--meta": meta, "--out": out, "--overwrite": overwrite or None})
    known = truth_of(truth, folder=folder) if truth is not None else None
    if check is not None:
        _check(check, challenge, known, json=json)
    elif source is not None and challenge is not None and out is not None:
        _write(source, challenge, out, label, meta, known, overwrite=overwrite, json=json)


def _check_options(source: Path | None, check: Path | None, challenge: str | None, out: Path | None, writing: dict[str, Any]) -> None:
    """Raise BadParameter for options that do not go together."""
    if (source is None) == (check is None):
        raise typer.BadParameter("Give either what to submit, or --check FILE.", param_hint="SOURCE")
    if check is not None:
        for name, value in writing.items():
            if value is not None:
                raise typer.BadParameter("--check writes nothing.", param_hint=name)
        return
    for name, value in {"--challenge": challenge, "--out": out}.items():
        if value is None:
            raise typer.BadParameter("It is needed to write a submission.", param_hint=name)


def _check(path: Path, challenge: str | None, truth: Truth | None, *, json: bool) -> None:
    from hearken.evaluate.submission.challenges import AUTO
    from hearken.evaluate.submission.check import check_submission

    if path.suffix.lower() in _YAML:
        report, lines = _look_at_metadata(path, challenge)
        whose = report["challenge"]
    else:
        checked = check_submission(path, challenge or AUTO, truth)
        report, lines, whose = checked.to_json(), checked.faults.lines, checked.title
    if json:
        output.print_json(report)
    else:
        _print(report, lines, whose)
    if not report["valid"]:
        raise typer.Exit(EXIT_ERROR)


def _look_at_metadata(path: Path, challenge: str | None) -> tuple[dict[str, Any], list[str]]:
    from hearken.evaluate.submission.challenges import challenge as challenge_of
    from hearken.evaluate.submission.faults import Faults
    from hearken.evaluate.submission.metadata import check_metadata, open_questions, read_metadata

    if challenge is None:
        raise typer.BadParameter("Metadata does not say for which challenge it is.", param_hint="--challenge")
    which, faults = challenge_of(challenge), Faults()
    values = read_metadata(path)
    check_metadata(values, which, faults)
    missing = open_questions(values)
    report = {
        "file": show(path), "challenge": which.name, "valid": not faults.count, "num_faults": faults.count,
        "faults_by_kind": dict(faults.counts), "faults": [fault.to_json() for fault in faults.shown],
        "to_fill_in": missing, "notes": _to_fill_in(missing, shown=len(missing)),
    }  # fmt: skip
    return report, faults.lines


def _print(report: dict[str, Any], lines: list[str], whose: str) -> None:
    screen = output.console()
    many = output.plural(report["num_faults"], "fault")
    rows = f", {output.plural(report['rows'], 'row')}, {output.plural(report['clips'], 'clip')}" if "rows" in report else ""
    verdict = f"{'not complete' if report.get('to_fill_in') else 'right'} for {whose}" if report["valid"] else f"{many} for {whose}"
    screen.print(f"{report['file']}: {verdict}{rows}")
    for line in lines:
        screen.print(f"  {line}")
    for line in report["notes"]:
        output.note(line)


def _write(
    source: Path, challenge: str, out: Path, label: str | None, meta: Path | None, truth: Truth | None, *, overwrite: bool, json: bool
) -> None:  # fmt: skip
    from hearken.evaluate.submission.challenges import challenge as challenge_of
    from hearken.evaluate.submission.metadata import read_metadata
    from hearken.evaluate.submission.source import open_source
    from hearken.evaluate.submission.write import write_submission

    challenge_of(challenge)  # a wrong name is told before anything is read
    metadata = read_metadata(meta) if meta is not None else {}
    found = open_source(source, truth)
    written = write_submission(
        out,
        challenge,
        found.scores,
        found.queries,
        found.clips,
        metadata,
        label=label,
        truth=truth,
        figures=found.figures,
        overwrite=overwrite,
    )
    unheld = [] if truth is not None else ["Held against nothing: with --truth, queries and names are compared with what is asked."]
    notes = [*written.notes, *unheld, *_to_fill_in(list(written.open_questions))]
    if json:
        output.print_json(_written_json(written, challenge, notes))
        return
    screen = output.console()
    screen.print(
        f"{show(written.output)}: {output.plural(written.num_rows, 'row')}, {output.plural(written.num_clips, 'clip')} to choose from"
    )
    screen.print(f"{show(written.meta)}: the metadata")
    for line in notes:
        output.note(line)


def _written_json(written: Written, challenge: str, notes: list[str]) -> dict[str, Any]:
    return {
        "challenge": challenge, "output": show(written.output), "meta": show(written.meta), "rows": written.num_rows,
        "clips": written.num_clips, "to_fill_in": list(written.open_questions), "notes": notes,
    }  # fmt: skip


def _to_fill_in(names: list[str], *, shown: int = _SHOWN) -> list[str]:
    """Which keys of the metadata are still null, in a line."""
    if not names:
        return []
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return [f"Still null in the metadata: {', '.join(map(show, names[:shown]))}{more}."]
