"""What `hearken train RECIPE` does when training has ended: the test sets, the export, and what is printed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from hearken.cli import evaluated, output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED
from hearken.cli.train.bar import figure_text, sign
from hearken.errors import HearkenError, show

if TYPE_CHECKING:
    from hearken.evaluate.tests_of_runs import Tried
    from hearken.metrics.confidence import Interval
    from hearken.train.recipe import Recipe
    from hearken.train.runs.report import Outcome
    from hearken.train.runs.run import RunFolder

Done = TypeVar("Done")
Figure = TypeVar("Figure")


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
        if self._smoke and not self._json:
            output.note("A smoke run: its figures mean nothing.")
        tests = self._tried("tried on its test sets", self._again, lambda: self._tests(run.path, accelerator, jobs)) or ()
        self._print([*tried_facts(tests), *([] if self._smoke else published_facts(self._recipe))])
        if tests:
            self._print([("look closer", [f"hearken report {shlex.quote(show(run.path))} --out report.html"])])
        if self._recipe.model.decoder is not None:
            self._captioner(run.path, model, tests)
            return
        later = f"`hearken export {shlex.quote(show(run.path))}`"
        made = self._tried("exported", later, lambda: self._export(run)) if export else None
        if self._json:
            output.print_json(outcome_json(self._outcome, model, made, tests))
        elif made:
            place = shlex.quote(show(run.path))
            self._print([("use it", [f"hearken index DIR --model {place}", f"hearken search TEXT --model {place}"])])

    def _captioner(self, run: Path, model: Path, tests: Sequence[Tried]) -> None:
        """Say how a captioner goes on: it is used from the run's folder, and has no vectors to search by, so that nothing is exported."""
        if self._json:
            output.print_json(outcome_json(self._outcome, model, None, tests))
        else:
            self._print([("use it", [f"hearken caption FILE --model {shlex.quote(show(run))}"])])

    def _tests(self, run: Path, accelerator: str, jobs: int | None) -> tuple[Tried, ...]:
        """What came of the test sets: what the run keeps, and else new evaluations."""
        from hearken.audio.crew import num_cores
        from hearken.evaluate.tests_of_runs import Trial, try_out

        def watch(trial: Trial) -> CountBar:
            self._tell(f"trying it on {show(trial.name)}")
            return CountBar(trial.name, "clips", quiet=self._json)

        return try_out(self._recipe, run, accelerator=accelerator, jobs=jobs or num_cores(), watch=watch)

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


def outcome_json(outcome: Outcome, model: Path, exported: Path | None, tests: Sequence[Tried]) -> dict[str, Any]:
    """Return what came of a run as JSON: `run`, `steps`, `skipped`, `best_epoch`, `best`, `model`, `exported` (null without), and of its tests
    `test_percent`, `test_percent_low`, `test_percent_high` (the ends of the intervals) and `evaluations`.

    Figures of validation that are no numbers are the words "nan", "inf", "-inf".
    """
    from hearken.evaluate.sweep import figures_json, tests_json
    from hearken.evaluate.tests_of_runs import all_figures
    from hearken.train.runs.compare import finite

    return {
        "run": str(outcome.run), "steps": outcome.steps, "skipped": outcome.skipped, "best_epoch": outcome.best_epoch,
        "best": finite(outcome.best), "model": str(model), "exported": None if exported is None else str(exported),
        **figures_json("test_percent", all_figures(tests)), "evaluations": tests_json(tests),
    }  # fmt: skip


def facts(outcome: Outcome, model: Path) -> list[tuple[str, list[str]]]:
    """Return what came of a run, for people."""
    skipped = f" ({output.number(outcome.skipped)} skipped: not finite)" if outcome.skipped else ""
    rows = [
        ("run", [str(outcome.run)]),
        ("steps", [f"{output.number(outcome.steps)}{skipped}"]),
        (f"best, epoch {outcome.best_epoch}", figure_lines(outcome.best, figure_text)),
        ("model", [str(model)]),
    ]
    return [(name, lines) for name, lines in rows if lines]


def tried_facts(tests: Sequence[Tried]) -> list[tuple[str, list[str]]]:
    """Return what came of test sets, for people: how figures are computed, the figures with their 95 % intervals, where all of it lies."""
    from hearken.evaluate.caption_tests import DEFINITION

    rows = []
    for test in tests:
        without = f", without {output.plural(test.num_failed, 'clip')} that could not be read" if test.num_failed else ""
        by = "of machine-made captions, times 100" if test.definition == DEFINITION else f"by the definition {test.definition}"
        how = f"{show(test.trial.name)}, with 95 % intervals, {by}{without}"
        lines = [*figure_lines(test.figures, interval_text), *_not_available(test.not_available)]
        rows.append(("test", [how, *lines, f"kept in {show(test.folder)}"]))
    return rows


def _not_available(reasons: Mapping[str, str]) -> list[str]:
    """Why there are no figures, a reason that several metrics have in common once."""
    return [
        f"{', '.join(name for name, own in reasons.items() if own == why)} not available: {why}" for why in dict.fromkeys(reasons.values())
    ]


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
    return f"{name} {percent:.2f}{'' if name.endswith('meanR') else sign(name)}"


def interval_text(name: str, figure: Interval) -> str:
    """Return a figure with its interval: a share in percent, a rank as it is."""
    return f"{name} {evaluated.figure_text(name, figure)}{'' if name.endswith(('medR', 'meanR')) else sign(name)}"


def figure_lines(figures: Mapping[str, Figure], text: Callable[[str, Figure], str]) -> list[str]:
    """Return figures, each direction in a line of its own, by what `text` says of each."""
    lines = []
    for way, title in (("t2a_", "text to audio"), ("a2t_", "audio to text")):
        told = [text(name.removeprefix(way), value) for name, value in figures.items() if name.startswith(way)]
        lines += [f"{title}: {', '.join(told)}"] if told else []
    return lines + [text(name, value) for name, value in figures.items() if not name.startswith(("t2a_", "a2t_"))]
