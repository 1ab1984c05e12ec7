"""What `hearken train RECIPE` does when training has ended: the test sets, the export, and what is printed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED
from hearken.cli.train.bar import figure_text
from hearken.errors import HearkenError, show

if TYPE_CHECKING:
    from hearken.train.recipe import Recipe
    from hearken.train.runs.report import Outcome
    from hearken.train.runs.run import RunFolder

Done = TypeVar("Done")


class Finish:
    """What comes after training: the best model is tried on the recipe's test sets and exported, and all of it printed.

    By then the run is whole. What goes wrong now is told, with how to do it again, and the rest is done all the same.
    """

    def __init__(self, recipe: Recipe, outcome: Outcome, *, smoke: bool, json: bool) -> None:
        self._recipe, self._outcome, self._smoke, self._json = recipe, outcome, smoke, json
        self._again = f"`hearken train --run {shlex.quote(show(outcome.run))} --resume`"
        self._is_faultless = True

    def __call__(self, *, export: bool, accelerator: str, jobs: int | None) -> None:
        """Do it. Exits with the code of an error where something went wrong, or of Ctrl-C."""
        try:
            self._do(export=export, accelerator=accelerator, jobs=jobs)
        except KeyboardInterrupt:
            output.note(f"Interrupted. Training has ended and is kept: {self._again} does what is left.")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        if not self._is_faultless:
            raise typer.Exit(EXIT_ERROR)

    def _do(self, *, export: bool, accelerator: str, jobs: int | None) -> None:
        from hearken.train.runs.checkpoint import best_model
        from hearken.train.runs.run import RunFolder

        run = RunFolder.open(self._outcome.run)
        model = best_model(run)
        self._print(facts(self._outcome, model))
        tests = self._tried("tried on its test sets", self._again, lambda: self._tests(run.path, accelerator, jobs)) or {}
        self._print([*tried_facts(tests), *([] if self._smoke else published_facts(self._recipe))])
        later = f"`hearken export {shlex.quote(show(run.path))}`"
        made = self._tried("exported", later, lambda: self._export(run)) if export else None
        if self._json:
            output.print_json(outcome_json(self._outcome, model, made, tests))
        elif made:
            place = shlex.quote(show(run.path))
            self._print([("use it", [f"hearken index DIR --model {place}", f"hearken search TEXT --model {place}"])])

    def _tests(self, run: Path, accelerator: str, jobs: int | None) -> dict[str, float]:
        """The figures of the test sets: those that the run has, or new ones."""
        from hearken.audio.crew import num_cores
        from hearken.train.sweep import kept_figures, try_out
        from hearken.train.validate import device_of

        if not self._recipe.data.test:
            return {}
        kept = kept_figures(run, self._recipe)
        if kept is not None:
            return kept
        self._tell("trying it on the test sets")
        return try_out(self._recipe, run, device=device_of(accelerator), jobs=jobs or num_cores())

    def _export(self, run: RunFolder) -> Path:
        from hearken.train.runs.export import export_run

        return export_run(run, tell=self._tell).folder

    def _tried(self, what: str, again: str, do: Callable[[], Done]) -> Done | None:
        """What `do` returns; None where it fails, and a word of how to do it again."""
        try:
            return do()
        except (HearkenError, OSError, RuntimeError) as error:
            self._is_faultless = False
            told = f"{error.message} {error.hint}".strip() if isinstance(error, HearkenError) else show(str(error))
            output.note(f"The run is finished and kept, but it could not be {what}: {told}\n{again} does that later.")
            return None

    def _tell(self, step: str) -> None:
        if not self._json:
            output.note(f"{step} ...")

    def _print(self, lines: list[tuple[str, list[str]]]) -> None:
        if lines and not self._json:
            output.console().print(output.facts_table(lines))


def outcome_json(outcome: Outcome, model: Path, exported: Path | None, tests: dict[str, float]) -> dict[str, Any]:
    """Return what came of a run as JSON: `run`, `steps`, `skipped`, `best_epoch`, `best`, `model`, `exported` (null without), `test_percent`.

    Figures that are no numbers are the words "nan", "inf", "-inf".
    """
    from hearken.train.runs.compare import finite

    return {
        "run": str(outcome.run), "steps": outcome.steps, "skipped": outcome.skipped, "best_epoch": outcome.best_epoch,
        "best": finite(outcome.best), "model": str(model), "exported": None if exported is None else str(exported),
        "test_percent": finite(tests),
    }  # fmt: skip


def facts(outcome: Outcome, model: Path) -> list[tuple[str, list[str]]]:
    """Return what came of a run, for people."""
    skipped = f" ({output.number(outcome.skipped)} skipped: not finite)" if outcome.skipped else ""
    rows = [
        ("run", [str(outcome.run)]),
        ("steps", [f"{output.number(outcome.steps)}{skipped}"]),
        (f"best, epoch {outcome.best_epoch}", figure_lines(outcome.best)),
        ("model", [str(model)]),
    ]
    return [(name, lines) for name, lines in rows if lines]


def tried_facts(percent: dict[str, float]) -> list[tuple[str, list[str]]]:
    """Return the figures of test sets (by `CORPUS METRIC`, in percent; mean ranks as they are), for people."""
    corpora = dict.fromkeys(key.rpartition(" ")[0] for key in percent)
    rows = []
    for corpus in corpora:
        of_it = {key.rpartition(" ")[2]: value for key, value in percent.items() if key.rpartition(" ")[0] == corpus}
        rows.append((f"test, {show(corpus)}", figure_lines(of_it, in_percent=True)))
    return rows


def published_facts(recipe: Recipe) -> list[tuple[str, list[str]]]:
    """Return the papers' figures for the rows that the recipe stands for, for people."""
    lines = [
        f"{row.table}, {row.row}: {', '.join(percent_text(key, value) for key, value in row.expected.items())}"
        for row in recipe.about.rows
        if row.expected
    ]
    return [("published", lines)] if lines else []


def percent_text(name: str, percent: float) -> str:
    """Return a figure that is in percent already; a mean rank is a rank."""
    return f"{name} {percent:.2f}" if name.endswith("meanR") else f"{name} {percent:.2f} %"


def figure_lines(figures: dict[str, float], *, in_percent: bool = False) -> list[str]:
    """Return figures, each direction in a line of its own; shares, or with `in_percent` percent already."""
    text = percent_text if in_percent else figure_text
    lines = []
    for way, title in (("t2a_", "text to audio"), ("a2t_", "audio to text")):
        told = [text(name.removeprefix(way), value) for name, value in figures.items() if name.startswith(way)]
        lines += [f"{title}: {', '.join(told)}"] if told else []
    return lines + [text(name, value) for name, value in figures.items() if not name.startswith(("t2a_", "a2t_"))]
