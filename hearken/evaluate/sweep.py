"""All recipes of a table, one after the other: trained, tried on the recipe's test corpora, and held against the paper's figures.

What is finished is not done again: a run keeps its evaluations, which say of which recipe and of which weights they are (`tests_of_runs.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearken.errors import HearkenError, RecipeError, show
from hearken.evaluate.tests_of_runs import Tried, Watch, all_figures, kept_tests, key_of, percent, trials_of, try_out
from hearken.metrics.confidence import Interval
from hearken.types import silent

if TYPE_CHECKING:
    from hearken.train.recipe import Recipe, Row
    from hearken.train.recipes.listing import Entry
    from hearken.train.runs.report import Outcome

Train = Callable[["Recipe", Path], "Outcome"]
"""Trains a recipe in a folder, or goes on there."""


@dataclass(frozen=True)
class Result:
    """What became of a recipe: its `run`, and what came of its `tests`.

    `state` is "trained", "kept" (it was finished before), "stopped" (somebody interrupted it) or "failed", with the `error`.
    """

    recipe: Recipe
    run: Path
    state: str
    tests: tuple[Tried, ...] = ()
    error: str = ""

    @property
    def figures(self) -> dict[str, Interval]:
        """All figures, by `CORPUS METRIC` or `CORPUS tta=STRATEGY METRIC`: shares of 1, or ranks."""
        return all_figures(self.tests)

    @property
    def not_available(self) -> dict[str, str]:
        """Why there is no figure of a metric that was wanted, by the same keys."""
        return {f"{test.trial.name} {metric}": why for test in self.tests for metric, why in test.not_available.items()}


def in_order(recipes: Iterable[Recipe], read: Callable[[str], Recipe] | None = None) -> tuple[Recipe, ...]:
    """Return `recipes`, each once, with those that they start from or learn from before them; `read` reads these by name.

    Raises RecipeError for recipes that start from each other.
    """
    from hearken.train.recipes.read import names, read_recipe

    known, of_name = set(names()), read or read_recipe
    done: dict[str, Recipe] = {}

    def visit(recipe: Recipe, above: tuple[str, ...]) -> None:
        if recipe.name in above:
            raise RecipeError(f"These recipes start from each other: {', '.join(map(show, above))}.", "Change `model.start` of one.")
        for name in (recipe.model.start, *recipe.teachers):
            if name in known and name not in done:
                visit(of_name(name), (*above, recipe.name))
        done.setdefault(recipe.name, recipe)

    for recipe in recipes:
        visit(recipe, ())
    return tuple(done.values())


def sweep(
    recipes: Sequence[Recipe], folder: Path, train: Train, *, tell: Callable[[Recipe, int, int], None] = lambda *_: None,
    accelerator: str = "auto", jobs: int = 1, watch: Watch = lambda _: nullcontext(silent),
) -> tuple[Result, ...]:  # fmt: skip
    """Train and try each recipe in `folder`/NAME by `train`, and return what became of them; an error ends its own recipe alone.

    `tell` hears of each recipe before its turn: its number from 1, and how many there are. One that is stopped ends the sweep.
    """
    results: list[Result] = []
    for number, recipe in enumerate(recipes, start=1):
        tell(recipe, number, len(recipes))
        results.append(_one(_placed(recipe, folder), folder / recipe.name, train, accelerator, jobs, watch))
        if results[-1].state == "stopped":
            break
    return tuple(results)


def _placed(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with the runs of this sweep in the place of the recipes that it starts from or learns from."""
    from hearken.train.recipes.read import names

    known = set(names())

    def place(name: str) -> str:
        return str(folder / name) if name in known else name

    return replace(recipe, model=replace(recipe.model, start=place(recipe.model.start)), teachers=tuple(map(place, recipe.teachers)))


def _one(recipe: Recipe, run: Path, train: Train, accelerator: str, jobs: int, watch: Watch) -> Result:
    try:
        kept = kept_tests(run, recipe)
        if kept and len(kept) == len(trials_of(recipe)):
            return Result(recipe, run, "kept", kept)
        if not kept and not train(recipe, run).finished:  # tests are made when training has ended, so one that is kept says that it has
            return Result(recipe, run, "stopped")
        tests = try_out(recipe, run, accelerator=accelerator, jobs=jobs, watch=watch)
    except KeyboardInterrupt:
        return Result(recipe, run, "stopped")
    except (HearkenError, OSError, RuntimeError) as error:
        told = f"{error.message} {error.hint}" if isinstance(error, HearkenError) else show(str(error) or type(error).__name__)
        return Result(recipe, run, "failed", error=told.strip())
    return Result(recipe, run, "kept" if kept else "trained", tests)


def ours(entry: Entry, results: Mapping[str, Result]) -> dict[str, Interval]:
    """Return our figures for those that the row of `entry` expects, by the same keys; nothing for what was not trained, or needs more."""
    result = results.get(entry.recipe.name)
    figures = result.figures if result is not None else {}
    return {key: figures[name] for key, name in _names(entry, result).items() if name in figures}


def why_none(entry: Entry, results: Mapping[str, Result]) -> dict[str, str]:
    """Return why we have no figure of our own for those that the row of `entry` expects, where a metric is not available here."""
    result = results.get(entry.recipe.name)
    missing = result.not_available if result is not None else {}
    return {key: missing[name] for key, name in _names(entry, result).items() if name in missing}


def _names(entry: Entry, result: Result | None) -> dict[str, str]:
    """The keys of the figures of `result` for those that the row of `entry` expects; nothing for what was not trained, or needs more."""
    if entry.row is None or entry.row.besides or result is None or not result.recipe.data.test:
        return {}
    tests, published = result.recipe.data.test, entry.recipe.data.test
    row, found = _of_run(entry.row, result.recipe), {}
    for key in entry.row.expected:
        corpus, _, metric = key.rpartition(" ")
        at = published.index(corpus) if corpus in published else 0
        found[key] = key_of(row, tests[at if at < len(tests) else 0], metric)
    return found


def _of_run(row: Row, recipe: Recipe) -> Row:
    """The row as the recipe that was trained has it: a smoke run has another strategy of test-time augmentation."""
    return next((each for each in recipe.about.rows if (each.table, each.row) == (row.table, row.row)), row)


def to_json(entries: Sequence[Entry], results: Sequence[Result]) -> dict[str, Any]:
    """Return all rows and what became of each recipe, as plain values: figures in percent, or ranks."""
    by_name = {result.recipe.name.removesuffix("-smoke"): result for result in results}
    rows = [
        {
            "recipe": entry.recipe.name, "table": entry.table, "row": entry.row.row if entry.row else "",
            "besides": entry.row.besides if entry.row else "", "tta": entry.row.tta if entry.row else "",
            "expected": dict(entry.row.expected) if entry.row else {}, **figures_json("ours", ours(entry, by_name)),
            "not_available": why_none(entry, by_name),
        }
        for entry in entries
    ]  # fmt: skip
    runs = [
        {
            "recipe": result.recipe.name, "run": str(result.run), "state": result.state, **figures_json("figures", result.figures),
            "evaluations": tests_json(result.tests), "error": result.error,
        }
        for result in results
    ]  # fmt: skip
    return {"rows": rows, "runs": runs}


def figures_json(name: str, figures: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Return figures and the ends of their intervals as `name`, `name_low` and `name_high`, in percent or as ranks, each by the same keys."""
    return {
        name: {key: percent(key, figure.value) for key, figure in figures.items()},
        f"{name}_low": {key: percent(key, figure.low) for key, figure in figures.items()},
        f"{name}_high": {key: percent(key, figure.high) for key, figure in figures.items()},
    }


def tests_json(tests: Iterable[Tried]) -> list[dict[str, Any]]:
    """Return where the evaluations of tests lie, and how they were made, as plain values."""
    return [
        {
            "corpus": each.trial.corpus, "tta": each.trial.tta, "definition": each.definition, "folder": str(each.folder),
            "clips_failed": each.num_failed, "not_available": dict(each.not_available),
        }
        for each in tests
    ]  # fmt: skip
