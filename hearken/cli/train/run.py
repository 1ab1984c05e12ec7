"""`hearken train RECIPE`: train a model as a recipe says, and go on where a run was left."""

from __future__ import annotations

import shlex
import signal
from contextlib import suppress
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.exits import SIGNALLED
from hearken.cli.options import JobsOption, JsonOption
from hearken.cli.train.bar import TrainBar
from hearken.cli.train.finish import Finish
from hearken.errors import MissingExtraError, extra_hint, show
from hearken.train.runs.home import RUNS

if TYPE_CHECKING:
    from hearken.train.recipe import Recipe
    from hearken.train.runs.report import Outcome

_NEEDED = ("torch", "transformers", "safetensors", "lightning_fabric", "yaml")


class LogKind(StrEnum):
    """Where figures go besides log.jsonl."""

    tensorboard = "tensorboard"
    wandb = "wandb"
    none = "none"


class Accelerator(StrEnum):
    """What computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


def run(
    recipe: Annotated[
        str | None,
        typer.Argument(metavar="RECIPE", help="A recipe: its name, or a .yaml file. Left out with --resume: that of the run in --run."),
    ] = None,
    folder: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The run's folder. Default: runs/RECIPE.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that folder; begin it if there is none.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="Two steps on a few sounds, to see whether it works.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="REF", help="With --smoke: the corpus whose sounds to take. Default: imitated ones.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key, such as training.epochs=2; repeatable.")
    ] = None,
    devices: Annotated[int, typer.Option("--devices", min=1, metavar="N", help="Devices to train on; on a CPU, processes.")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", min=1, metavar="N", help="Machines to train on.")] = 1,
    accelerator: Annotated[Accelerator, typer.Option("--accelerator", metavar="NAME", help="auto, cpu, cuda or mps.")] = Accelerator.auto,
    jobs: JobsOption = None,
    logs: Annotated[
        list[LogKind] | None, typer.Option("--log", metavar="NAME", help="tensorboard (the default), wandb or none; repeatable.")
    ] = None,
    no_export: Annotated[bool, typer.Option("--no-export", help="Leave the model as it is trained; index needs it exported.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the recipes: paper, table, row, expected figures.")] = False,
    json: JsonOption = False,
) -> None:
    """Train a model as a recipe says.

    Everything lies in one folder, the run. It may be stopped, or killed, at any moment: with --resume it goes on, and ends
    with the weights that it would have had. Needs the extra train (in Hearken's folder: pip install ".[train]").
    """
    need_extra()
    if list_:
        from hearken.cli.train.list import list_recipes

        list_recipes(as_json=json)
        return
    if data is not None and not smoke:
        raise typer.BadParameter("--data goes with --smoke; a recipe says itself what it learns from.")
    chosen = _recipe(recipe, folder, settings or [], resume=resume, smoke=smoke, data=data)
    place = folder or RUNS / chosen.name
    outcome = _train(
        chosen, place, resume=resume, devices=devices, nodes=nodes, accelerator=accelerator.value, jobs=jobs, json=json,
        loggers=tuple(kind.value for kind in logs or [LogKind.tensorboard] if kind is not LogKind.none), smoke=smoke,
    )  # fmt: skip
    if outcome is not None:
        finish = Finish(chosen, outcome, smoke=smoke, json=json)
        finish(export=not (no_export or smoke), accelerator=accelerator.value, jobs=jobs)


def need_extra() -> None:
    """Raise MissingExtraError unless what training needs is installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"Training needs {', '.join(missing)}.", extra_hint("train"))


def _recipe(name: str | None, folder: Path | None, settings: list[str], *, resume: bool, smoke: bool, data: str | None) -> Recipe:
    """The recipe to train: the one that was named, or that of the run to go on with."""
    from hearken.train.recipes.read import from_mapping, read_recipe
    from hearken.train.recipes.smoke import smoke as small
    from hearken.train.runs.run import RunFolder

    if name is None:
        if not resume or folder is None:
            raise typer.BadParameter("Name a recipe (`hearken train --list` shows them), or a run to go on with: --run DIR --resume.")
        if smoke or settings:
            raise typer.BadParameter("A run goes on with the recipe that it began with: leave --smoke and --set out, or name a recipe.")
        return from_mapping(RunFolder.open(folder).recipe_json, folder / "run.json")
    recipe = read_recipe(name, settings)
    return small(recipe, data) if smoke else recipe


def _train(
    recipe: Recipe, place: Path, *, resume: bool, devices: int, nodes: int, accelerator: str, jobs: int | None, loggers: tuple[str, ...],
    json: bool, smoke: bool,
) -> Outcome | None:  # fmt: skip
    """Train, and return what came of it; None in a process that is not the first. Exits when a signal ended it."""
    from hearken.audio.crew import num_cores
    from hearken.train.loop import Watchers
    from hearken.train.runs.signals import stopping
    from hearken.train.session import run_recipe

    is_first = True
    outcome: Outcome | None = None

    def started(first: bool) -> None:
        nonlocal is_first
        is_first = first
        if not first:
            bar.hush()
            stop.hush()

    with stopping(quiet=json) as stop, TrainBar(quiet=json) as bar, suppress(KeyboardInterrupt), stop.ending():
        outcome = run_recipe(
            recipe, place, resume=resume, devices=devices, nodes=nodes, accelerator=accelerator,
            jobs=jobs or max(1, num_cores() // devices), loggers=loggers, on_start=started, smoke=smoke,
            watchers=Watchers(on_step=bar.on_step, on_validated=bar.on_validated, stop=stop, warn=output.note),
        )  # fmt: skip
    if outcome is not None and not is_first:
        return None  # in good order, though it was stopped: Fabric kills the first process, which may still write, when another one fails
    if outcome is None or not outcome.finished:
        if is_first:
            output.note(interrupted(place, outcome))
        raise typer.Exit(SIGNALLED + (stop.signal or signal.SIGINT))
    return outcome


def interrupted(place: Path, outcome: Outcome | None) -> str:
    """Return what to say when a signal ended training: how far it got, and how to go on."""
    again = f"`hearken train --run {shlex.quote(show(place))} --resume` goes on"
    if outcome is None:
        return f"Interrupted. What the last checkpoint holds is kept: {again}."
    return f"Stopped after step {output.number(outcome.steps)}, and all of it kept: {again}."
