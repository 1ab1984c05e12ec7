"""`hearken train`: the commands about training. `hearken train RECIPE` is short for `hearken train run RECIPE`."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from hearken.cli.train import finetune, run, sweep

_RUN = "run"
_HELP = ("-h", "--help")


class TrainGroup(TyperGroup):
    """A group of commands in which what is none of them, and no call for help, belongs to `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - which click it is of, Typer's own or another, differs
        """Put `run` in front of a recipe's name, or of an option of `run`."""
        if args and args[0] not in self.commands and args[0] not in _HELP:
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="train",
    cls=TrainGroup,
    help="Train models by recipe: those of the papers, or your own. `hearken train RECIPE` is short for `hearken train run RECIPE`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("finetune")(finetune.finetune)
app.command("sweep")(sweep.sweep)
# the further commands of this folder are registered here
