"""`hearken data`: the commands about corpora."""

from __future__ import annotations

import typer

from hearken.cli.data import check, collect, compose, pack, prepare, rephrase, stats
from hearken.cli.data import list as list_command

app = typer.Typer(
    name="data",
    help="Corpora of sounds and captions: bring them here, check them, count them, pack them for training.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("list")(list_command.list_corpora)
app.command("prepare")(prepare.prepare)
app.command("check")(check.check)
app.command("stats")(stats.stats)
app.command("collect")(collect.collect)
app.command("rephrase")(rephrase.rephrase)
app.command("pack")(pack.pack)
app.command("compose")(compose.compose)
