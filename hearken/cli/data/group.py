"""`hearken data`: the commands about corpora."""

from __future__ import annotations

import functools
from collections.abc import Callable

import typer

from hearken.cli import output
from hearken.cli.data import check, collect, compose, pack, prepare, rephrase, stats
from hearken.cli.data import list as list_command
from hearken.cli.exits import EXIT_INTERRUPTED


def resumable(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command`, which says when it is interrupted that what was done is kept."""

    @functools.wraps(command)
    def told(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            output.note("Interrupted. What was done is kept; run the same command again to go on.")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return told


app = typer.Typer(
    name="data",
    help="Corpora of sounds and captions: bring them here, check them, count them, pack them for training.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("list")(list_command.list_corpora)
app.command("prepare")(resumable(prepare.prepare))
app.command("check")(resumable(check.check))
app.command("stats")(stats.stats)
app.command("collect")(resumable(collect.collect))
app.command("rephrase")(rephrase.rephrase)
app.command("pack")(resumable(pack.pack))
app.command("compose")(resumable(compose.compose))
