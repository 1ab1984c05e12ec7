"""`hearken convert`: public checkpoints to weights that Hearken loads, trains on, and exports."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import DownloadBar
from hearken.cli.options import JsonOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.convert.convert import Report

_SHOWN = 3


def convert(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="A checkpoint file, a folder of transformers, a name of `hearken models`, an address, or a hub id."
        ),
    ],
    as_: Annotated[
        str | None, typer.Option("--as", metavar="FORMAT", help="The format, or the audio encoder, where it is not to be found out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The folder to write. Default: one among the models.")] = None,
    tokenizer: Annotated[
        Path | None, typer.Option("--tokenizer", metavar="FILE", help="A tokenizer.json, where the text side's own cannot be fetched.")
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(
            "--vocabulary", metavar="FILE", help="A captioner's words: a list, one a line or JSON, or its training captions as CSV."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Turn a public checkpoint into a folder of weights, and account for every tensor in it.

    Names are fetched first, checked against the published digest. Needs the extra train
    (in Hearken's folder: pip install ".[train]").
    """
    from hearken.runtime.catalog import models_home
    from hearken.zoo.install import need_extra

    need_extra()
    from hearken.convert.convert import convert as run
    from hearken.convert.obtain import obtain

    with DownloadBar(what, quiet=json) as bar:
        got = obtain(what, models_home() / "downloads", bar)
    folder, name = out or models_home() / "weights" / got.name, as_ or got.architecture
    report = run(got.path, folder, name=name, tokenizer=tokenizer, vocabulary=vocabulary, origin=got.origin)
    if json:
        output.print_json(report.to_json())
    else:
        output.console().print(output.facts_table(facts(report)))


def facts(report: Report) -> list[tuple[str, list[str]]]:
    """Return what became of a file, for people: one line for each kind of tensor, and where it all went."""
    rows = [
        ("recognised", [f"{report.title} ({report.format}; {report.wrapper})"]),
        ("used", [f"{output.number(report.num_used)} of {output.plural(report.num_tensors, 'tensor')}"]),
        ("compared", [f"{_some(report.compared)}: our front end makes the same"] if report.compared else []),
        ("dropped", [f"{_some(dropped.names)}: {dropped.reason}" for dropped in report.dropped]),
        ("not in it", [f"{_some(report.made)}: made here"] if report.made else []),
        ("beside", [f"{_some(report.beside)}: not used"] if report.beside else []),
        ("tokenizer", [report.tokenizer] if report.tokenizer else []),
        ("vocabulary", [show(report.vocabulary)] if report.vocabulary else []),
        ("licence", [report.origin.licence] if report.origin.licence else []),
        ("SHA-256", [report.origin.sha256] if report.origin.sha256 else []),
        ("fetched", [f"{show(report.source)} (no longer needed)"] if report.origin.url and report.origin.sha256 else []),
        ("written", [f"{show(report.folder)} ({output.number(report.num_parameters)} parameters)"]),
        ("note", list(report.notes)),
        ("next", [f"hearken export {shlex.quote(report.folder)}"] if report.kind == "dual" else []),
    ]
    return [(name, lines) for name, lines in rows if lines]


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(show(name) for name in names[:_SHOWN]) + (f" and {output.number(more)} more" if more > 0 else "")
