"""A run from the outside: processes started, folder entered, trained, and left in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lightning_fabric import Fabric

from hearken.errors import HearkenError, RunError
from hearken.train.gather import any_of
from hearken.train.launch import make_fabric, part
from hearken.train.loop import Watchers, train
from hearken.train.recipe import Recipe
from hearken.train.runs.logs import check_kinds
from hearken.train.runs.report import Outcome
from hearken.train.runs.run import RunFolder


def run_recipe(
    recipe: Recipe,
    folder: str | Path,
    *,
    resume: bool = False,
    devices: int = 1,
    nodes: int = 1,
    accelerator: str = "auto",
    jobs: int = 1,
    loggers: tuple[str, ...] = ("tensorboard",),
    watchers: Watchers | None = None,
    on_start: Callable[[bool], None] = lambda _: None,
    smoke: bool = False,
) -> Outcome:
    """Train `recipe` in `folder`, which with `resume` may hold a run of it to go on with, and return what came of it.

    With several devices this program is run again in further processes, which come here too. `on_start` is told whether this process is
    the first one, which alone should talk to the user. A `smoke` run takes the place of an earlier one of the same recipe. Raises RunError for
    a folder that cannot be used, MissingExtraError for a logger that is not installed, and what `train` raises.
    """
    check_kinds(loggers)
    fabric = make_fabric(devices=devices, nodes=nodes, accelerator=accelerator)
    on_start(fabric.is_global_zero)
    with _entered(recipe, folder, fabric, resume=resume, smoke=smoke) as run:
        outcome = train(recipe, run, fabric, jobs=jobs, resume=resume, loggers=loggers, watchers=watchers)
    part()
    return outcome


def _entered(recipe: Recipe, folder: str | Path, fabric: Fabric, *, resume: bool, smoke: bool) -> RunFolder:
    """The run's folder; the first process makes it and holds its lock. Where that fails, it fails in all processes."""
    run, refusal = None, None
    if fabric.is_global_zero:
        try:
            facts = {"processes": fabric.world_size, "device": str(fabric.device), "smoke": smoke}
            if smoke and not resume:
                RunFolder.clear_smoke(folder, recipe.name)
            run = RunFolder.enter(folder, recipe, facts, resume=resume)
        except HearkenError as error:
            refusal = error
    if any_of(refusal is not None, fabric.device):
        raise refusal or RunError("The first process could not begin the run; see what it says.")
    return run or RunFolder.join(folder, recipe)
