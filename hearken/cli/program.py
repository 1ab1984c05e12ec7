"""The commands of the program `hearken`, all of them in one Typer application."""

from __future__ import annotations

from typing import Annotated

import typer

from hearken import __version__
from hearken.cli import (
    caption,
    convert,
    dedupe,
    demo,
    doctor,
    embed,
    evaluate,
    export,
    forget,
    index,
    info,
    libraries,
    mcp,
    models,
    report,
    search,
    serve,
    similar,
    submit,
    tag,
    watch,
)
from hearken.cli.data import group as data
from hearken.cli.train import group as train

app = typer.Typer(
    name="hearken",
    help="Describe a sound, find it: index folders of sounds and search them in plain words, offline.",
    epilog="Start with:  hearken index DIR   then   hearken search 'rain on a tin roof'.  The documentation is in docs/.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hearken {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """Stand before every command; only `--version` lives here."""


app.command("index")(index.index)
app.command("search")(search.search)
app.command("similar")(similar.similar)
app.command("serve")(serve.serve)
app.command("watch")(watch.watch)
app.command("tag")(tag.tag)
app.command("dedupe")(dedupe.dedupe)
app.command("libraries")(libraries.libraries)
app.command("info")(info.info)
app.command("doctor")(doctor.doctor)
app.command("forget")(forget.forget)
app.command("embed")(embed.embed)
app.command("caption")(caption.caption)
app.command("mcp")(mcp.mcp)
app.command("models")(models.models)
app.command("convert")(convert.convert)
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("submit")(submit.submit)
app.command("report")(report.report)
app.command("demo")(demo.demo)
app.add_typer(data.app)
app.add_typer(train.app)
