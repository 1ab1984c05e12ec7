"""`hearken train sweep PAPER[/TABLE]`: train the recipes of a table one after the other, and print the table."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.evaluated import figure_text
from hearken.cli.exits import EXIT_INTERRUPTED, EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption
from hearken.cli.train.bar import TrainBar
from hearken.cli.train.run import Accelerator, need_extra
from hearken.errors import show
from hearken.train.runs.home import RUNS

if TYPE_CHECKING:
    from hearken.evaluate.sweep import Result
    from hearken.evaluate.tests_of_runs import Trial
    from hearken.metrics.confidence import Interval
    from hearken.train.recipe import Recipe
    from hearken.train.recipes.listing import Entry
    from hearken.train.runs.report import Outcome

_NONE, _NOT_AVAILABLE = "-", "not available"
_GAP, _FOLDED, _LABELS = 2, 24, 2


class Form(StrEnum):
    """Which of a row's recipes are meant."""

    paper = "paper"
    code = "code"
    both = "both"


def sweep(
    table: Annotated[str, typer.Argument(metavar="PAPER[/TABLE]", help="Which rows, such as primus2023/table4 or salsa.")],
    form: Annotated[Form, typer.Option("--form", metavar="NAME", help="paper, code or both; a row that has one form alone is always meant.")] = Form.paper,
    folder: Annotated[Path, typer.Option("--run-folder", metavar="DIR", help="Where the runs are, each in DIR/RECIPE.")] = RUNS,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with runs that were interrupted. Finished ones are kept either way.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="Two steps of each on a few sounds, to see whether all of it works.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key in every recipe; repeatable.")
    ] = None,
    accelerator: Annotated[Accelerator, typer.Option("--accelerator", metavar="NAME", help="auto, cpu, cuda or mps.")] = Accelerator.auto,
    jobs: JobsOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Train the recipes of a paper's table, try each on its test sets, and print the table: ours with 95 % intervals, and the paper's.

    Recipes that others start from are trained first. One that fails does not stop the others; the exit code is then 3.
    """
    need_extra()
    from hearken.evaluate.sweep import in_order, to_json
    from hearken.train.recipes.listing import of_table

    entries = _of_form(of_table(table), form)
    recipes = in_order(
        _read(dict.fromkeys(entry.recipe.name for entry in entries), settings or []), lambda name: _read([name], settings or [])[0]
    )
    results = _run(recipes, folder, resume=resume, smoke=smoke, accelerator=accelerator, jobs=jobs, quiet=json)
    if json:
        output.print_json(to_json(entries, results))
    else:
        _print(entries, results, markdown=markdown)
    if any(result.state == "stopped" for result in results):
        raise typer.Exit(EXIT_INTERRUPTED)
    if any(result.state == "failed" for result in results):
        raise typer.Exit(EXIT_SOME_FAILED)


def _read(names: Sequence[str] | dict[str, None], settings: list[str]) -> list[Recipe]:
    from hearken.train.recipes.read import read_recipe

    return [read_recipe(name, settings) for name in names]


def _of_form(entries: Sequence[Entry], form: Form) -> list[Entry]:
    """Return the entries of the form that is wanted, and those whose row has no other."""
    if form is Form.both:
        return list(entries)
    forms: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        forms.setdefault(_row_key(entry), set()).add(_form_of(entry))
    return [entry for entry in entries if _form_of(entry) == form or len(forms[_row_key(entry)]) == 1]


def _row_key(entry: Entry) -> tuple[str, str]:
    return entry.table, entry.row.row if entry.row else entry.recipe.name


def _form_of(entry: Entry) -> str:
    return entry.recipe.name.rpartition("-")[2]


def _run(
    recipes: Sequence[Recipe], folder: Path, *, resume: bool, smoke: bool, accelerator: Accelerator, jobs: int | None, quiet: bool
) -> tuple[Result, ...]:
    """Train and try the recipes, with a bar for each."""
    from hearken.audio.crew import num_cores
    from hearken.evaluate.sweep import sweep as run_all
    from hearken.train.loop import Watchers
    from hearken.train.recipes.smoke import smoke as small
    from hearken.train.runs.signals import stopping
    from hearken.train.session import run_recipe

    num_jobs = jobs or num_cores()

    def train(recipe: Recipe, place: Path) -> Outcome:
        with stopping(quiet=quiet) as stop, TrainBar(quiet=quiet) as bar, stop.ending():
            watchers = Watchers(on_step=bar.on_step, on_validated=bar.on_validated, stop=stop, warn=output.note)
            return run_recipe(recipe, place, resume=resume, accelerator=accelerator.value, jobs=num_jobs, watchers=watchers)

    def tell(recipe: Recipe, number: int, total: int) -> None:
        if not quiet:
            output.note(f"{number} of {total}: {show(recipe.name)}")

    def watch(trial: Trial) -> CountBar:
        return CountBar(f"trying {trial.name}", "clips", quiet=quiet)

    chosen = [small(recipe) for recipe in recipes] if smoke else recipes
    return run_all(chosen, folder, train, tell=tell, accelerator=accelerator.value, jobs=num_jobs, watch=watch)


def _print(entries: Sequence[Entry], results: Sequence[Result], *, markdown: bool) -> None:
    from hearken.evaluate.sweep import ours, why_none

    by_name = {result.recipe.name.removesuffix("-smoke"): result for result in results}
    screen = output.console()
    for table in dict.fromkeys(entry.table for entry in entries if entry.row):
        of_table = [entry for entry in entries if entry.table == table]
        for corpus in dict.fromkeys(key.rpartition(" ")[0] for entry in of_table if entry.row for key in entry.row.expected):
            rows = _cells(of_table, corpus, [ours(entry, by_name) for entry in of_table], [why_none(entry, by_name) for entry in of_table])
            title = f"{table}{f', {corpus}' if corpus else ''}: ours [95 % interval] / published"
            if markdown:
                screen.print(f"**{title}**\n\n{markdown_table(rows)}\n", soft_wrap=True)
            else:
                screen.print(title, style="bold")
                for part in in_parts(rows, screen.width):
                    screen.print(output.table(part[0], part[1:], folding=("row",)))
    for line in how_lines(results):
        screen.print(line, soft_wrap=True)
    for result in results:
        if result.state != "trained":
            output.note(f"{show(result.recipe.name)}: {result.state}{f': {result.error}' if result.error else ''}")


def how_lines(results: Sequence[Result]) -> list[str]:
    """Return how our figures were computed, and where the evaluations are."""
    from hearken.evaluate.caption_tests import DEFINITION

    tests = [test for result in results for test in result.tests]
    if not tests:
        return []
    definitions = sorted({test.definition for test in tests} - {DEFINITION})
    runs = os.path.commonpath([result.run for result in results if result.tests])
    of_captions = any(test.definition == DEFINITION for test in tests)
    by = [f"by the definition {' and '.join(definitions)}, in percent, ranks as they are"] if definitions else []
    by += ["of machine-made captions times 100"] if of_captions else []
    how = f"Figures {'; '.join(by)}; 95 % intervals by drawing clips again."
    missing = {name: why for test in tests for name, why in test.not_available.items()}
    return [
        how,
        *(f"{name} is not available. {why}" for name, why in missing.items()),
        f"Every query and clip: hearken report {shlex.quote(show(runs))} --out report.html",
    ]


def in_parts(lines: Sequence[Sequence[str]], width: int) -> list[list[list[str]]]:
    """Return a table, the titles first, as tables one below the other, none wider than `width` cells where that is possible.

    All have the first two columns, of which the first may be folded.
    """
    widths = [_GAP + max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    room = width - min(widths[0], _FOLDED) - widths[1]
    parts: list[list[int]] = []
    for at in range(_LABELS, len(widths)):
        if not parts or sum(widths[each] for each in (*parts[-1], at)) > room:
            parts.append([])
        parts[-1].append(at)
    return [[[*line[:_LABELS], *(line[at] for at in part)] for line in lines] for part in parts]


def _cells(
    entries: Sequence[Entry], corpus: str, values: Sequence[dict[str, Interval]], missing: Sequence[dict[str, str]]
) -> list[tuple[str, ...]]:  # fmt: skip
    """Return the lines of a table, the titles first: a row, its recipe, and "ours / published" for each figure (`values` are ours).

    Those `missing` are figures that could not be had here.
    """
    keys = [key for entry in entries if entry.row for key in entry.row.expected if key.rpartition(" ")[0] == corpus]
    keys = list(dict.fromkeys(keys))
    lines: list[tuple[str, ...]] = [("row", "recipe", *(key.rpartition(" ")[2] for key in keys))]
    for entry, found, lacking in zip(entries, values, missing, strict=True):
        if entry.row is not None:
            published = entry.row.expected
            ours = dict.fromkeys(lacking, _NOT_AVAILABLE) | {key: figure_text(key, found[key]) for key in keys if key in found}
            cells = (f"{ours.get(key, _NONE)} / {published[key]:.2f}" if key in published else "" for key in keys)
            lines.append((entry.row.row, entry.recipe.name, *cells))
    return lines


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the titles first, as a table in Markdown."""
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "---|" * len(lines[0]), *rows[1:]])
