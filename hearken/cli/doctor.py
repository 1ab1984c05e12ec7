"""`hearken doctor`: is the library sound, and the installation with it?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_ERROR
from hearken.cli.options import JsonOption, LibraryOption, ModelOption, ready_model
from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console

    from hearken.search.doctor import DoctorReport

_MARKS = {"ok": ("ok", "green"), "warning": ("note", "yellow"), "error": ("WRONG", "bold red")}


def doctor(
    library: LibraryOption = None,
    model: ModelOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Take damaged files out of the library, and make the cache anew.")] = False,
    json: JsonOption = False,
) -> None:
    """Check the library and its model.

    Nothing is changed without --repair.
    The exit code is 1 when something is wrong.
    """
    from hearken.search.library import Library

    with Library(library, model=ready_model(model)) as opened:
        report = opened.doctor(repair=repair)
    if json:
        output.print_json(report_json(report))
    else:
        print_report(report, output.console())
    if not report.ok:
        raise typer.Exit(EXIT_ERROR)


def report_json(report: DoctorReport) -> dict[str, Any]:
    """Return the report as JSON: `library`, `ok`, `checks` (name, status, details, hint) and `versions`."""
    checks = [asdict(check) for check in report.checks]
    return {"library": report.path, "ok": report.ok, "checks": checks, "versions": dict(report.versions)}


def once(line: str) -> str:
    """Return a detail such as "PATH: PATH is empty." with the path named once."""
    path, _, message = line.partition(": ")
    return message if path and message.startswith(f"{path} ") else line


def print_report(report: DoctorReport, screen: Console) -> None:
    """Print the check list, what is wrong below each point, and the versions."""
    from rich.text import Text

    screen.print(Text.assemble("library ", (show(report.path), "bold")))
    for check in report.checks:
        mark, style = _MARKS[check.status]
        screen.print(Text.assemble((f"{mark:>6}", style), f"  {check.name}"))
        for line in (*check.details, *([check.hint] if check.hint else [])):
            screen.print(output.indented(once(line), 10))
    screen.print(Text("versions " + ", ".join(f"{name} {version}" for name, version in report.versions.items()), style="dim"))
