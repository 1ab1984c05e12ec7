"""All recipes of a table, one after the other: trained, tried on the recipe's test corpora, and held against the paper's figures.

What is finished is not done again: a run keeps its test figures in `test.json`, with the digest of its recipe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from hearken.errors import HearkenError, RecipeError, show
from hearken.files import write_whole
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision_at, first_rank, recall_at
from hearken.models.dual import DualEncoder
from hearken.train.feed.corpora import open_corpus
from hearken.train.feed.failures import Failures
from hearken.train.feed.held_out import hold_out
from hearken.train.feed.sounds import Sounds
from hearken.train.recipe import Recipe
from hearken.train.recipes.listing import Entry
from hearken.train.recipes.read import names, read_recipe
from hearken.train.runs.checkpoint import best_model
from hearken.train.runs.compare import digest, plain
from hearken.train.runs.report import Outcome
from hearken.train.runs.run import RECORD, RunFolder
from hearken.train.validate import Embedded, embed

TESTS = "test.json"
_METRIC = re.compile(r"(t2a|a2t)_(?:(mAP|R)@(\d{1,3})|meanR)")
STANDARD = ("t2a_mAP@10", "t2a_R@1", "t2a_R@5", "t2a_R@10", "a2t_mAP@10", "a2t_R@1", "a2t_R@5", "a2t_R@10")
"""What is computed for every test corpus; rows may ask for more."""

Train = Callable[[Recipe, Path], Outcome]
"""Trains a recipe in a folder, or goes on there."""


@dataclass(frozen=True)
class Result:
    """What became of a recipe: its `run`, and figures by `CORPUS METRIC` as in `Row.expected`, in percent (a mean rank is a rank).

    `state` is "trained", "kept" (it was finished before), "stopped" (somebody interrupted it) or "failed", with the `error`.
    """

    recipe: Recipe
    run: Path
    state: str
    figures: dict[str, float] = field(default_factory=dict)
    error: str = ""


def in_order(recipes: Iterable[Recipe], read: Callable[[str], Recipe] = read_recipe) -> tuple[Recipe, ...]:
    """Return `recipes`, each once, with those that they start from or learn from before them.

    Raises RecipeError for recipes that start from each other.
    """
    known = set(names())
    done: dict[str, Recipe] = {}

    def visit(recipe: Recipe, above: tuple[str, ...]) -> None:
        if recipe.name in above:
            raise RecipeError(f"These recipes start from each other: {', '.join(map(show, above))}.", "Change `model.start` of one.")
        for name in (recipe.model.start, *recipe.teachers):
            if name in known and name not in done:
                visit(read(name), (*above, recipe.name))
        done.setdefault(recipe.name, recipe)

    for recipe in recipes:
        visit(recipe, ())
    return tuple(done.values())


def sweep(
    recipes: Sequence[Recipe], folder: Path, train: Train, *, tell: Callable[[Recipe, int, int], None] = lambda *_: None, device: str = "cpu",
    jobs: int = 1,
) -> tuple[Result, ...]:  # fmt: skip
    """Train and try each recipe in `folder`/NAME by `train`, and return what became of them; an error ends its own recipe alone.

    `tell` hears of each recipe before its turn: its number from 1, and how many there are. One that is stopped ends the sweep.
    """
    results: list[Result] = []
    for number, recipe in enumerate(recipes, start=1):
        tell(recipe, number, len(recipes))
        results.append(_one(_placed(recipe, folder), folder / recipe.name, train, device, jobs))
        if results[-1].state == "stopped":
            break
    return tuple(results)


def _placed(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with the runs of this sweep in the place of the recipes that it starts from or learns from."""

    def place(name: str) -> str:
        return str(folder / name) if name in set(names()) else name

    return replace(recipe, model=replace(recipe.model, start=place(recipe.model.start)), teachers=tuple(map(place, recipe.teachers)))


def _one(recipe: Recipe, run: Path, train: Train, device: str, jobs: int) -> Result:
    try:
        kept = kept_figures(run, recipe)
        if kept is not None:
            return Result(recipe, run, "kept", kept)
        if not train(recipe, run).finished:
            return Result(recipe, run, "stopped")
        figures = try_out(recipe, run, device=device, jobs=jobs)
    except KeyboardInterrupt:
        return Result(recipe, run, "stopped")
    except (HearkenError, OSError, RuntimeError) as error:
        told = f"{error.message} {error.hint}" if isinstance(error, HearkenError) else show(str(error) or type(error).__name__)
        return Result(recipe, run, "failed", error=told.strip())
    return Result(recipe, run, "trained", figures)


def kept_figures(run: Path, recipe: Recipe) -> dict[str, float] | None:
    """Return the test figures that the run in `run` keeps of `recipe`, None where it keeps none or is of another recipe."""
    if not (run / RECORD).is_file() or not (run / TESTS).is_file():
        return None
    try:
        found = json.loads((run / TESTS).read_text(encoding="utf-8"))
        same = found["recipe_sha256"] == digest(plain(recipe.to_json()))
        return {str(name): float(value) for name, value in found["percent"].items()} if same else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # whatever it is, it is made again


def try_out(recipe: Recipe, run: Path, *, device: str = "cpu", jobs: int = 1) -> dict[str, float]:
    """Try the best model of the run on each of `recipe.data.test`, keep the figures in the run, and return them (see `Result`).

    Raises RunError for a run without a model, and what opening the corpora raises.
    """
    dual = DualEncoder.from_pretrained(best_model(RunFolder.open(run))).to(torch.device(device))
    length_s = recipe.data.max_duration_s
    num_samples = None if length_s is None else max(1, round(length_s * dual.rate_hz))
    values: dict[str, float] = {}
    for name in recipe.data.test:
        held_out = hold_out([open_corpus(name)], Sounds(dual.rate_hz, num_samples), Failures(None), jobs=jobs)
        embedded = embed(dual, held_out)
        values |= {f"{name} {metric}": figure(embedded, metric) for metric in _wanted(recipe)}
    kept = {"recipe_sha256": digest(plain(recipe.to_json())), "percent": values}
    write_whole(run / TESTS, (json.dumps(kept, indent=2) + "\n").encode())
    return values


def _wanted(recipe: Recipe) -> tuple[str, ...]:
    asked = (key.rpartition(" ")[2] for row in recipe.about.rows for key in row.expected)
    return tuple(dict.fromkeys((*STANDARD, *(metric for metric in asked if _METRIC.fullmatch(metric)))))


def figure(embedded: Embedded, metric: str) -> float:
    """Return a figure such as `t2a_mAP@10`, `a2t_R@50` (percent) or `t2a_meanR`, the mean rank of the first right answer, from 1.

    Raises RecipeError for a metric of another name.
    """
    parts = _METRIC.fullmatch(metric)
    if parts is None:
        raise RecipeError(f"There is no figure {show(metric)!r}.", "Such as t2a_mAP@10, a2t_R@1, t2a_meanR.")
    scores, relevant = embedded.scores, embedded.relevant
    if parts[1] == "a2t":
        asked = relevant.any(axis=0)
        scores, relevant = scores.T[asked], relevant.T[asked]
    ranks = ranks_of_tables(scores, relevant)
    if parts[2] is None:
        return float(first_rank(ranks).mean())
    each = average_precision_at if parts[2] == "mAP" else recall_at
    return 100.0 * float(each(ranks, int(parts[3])).mean())


def ours(entry: Entry, results: Mapping[str, Result]) -> dict[str, float]:
    """Return our figures for those that the row of `entry` expects, by the same keys; nothing for what was not trained, or needs more."""
    result = results.get(entry.recipe.name)
    if entry.row is None or entry.row.besides or result is None:
        return {}
    tests = result.recipe.data.test
    published = entry.recipe.data.test
    found = {}
    for key in entry.row.expected:
        corpus, _, metric = key.rpartition(" ")
        at = published.index(corpus) if corpus in published else 0
        name = f"{tests[at if at < len(tests) else 0]} {metric}" if tests else ""
        if name in result.figures:
            found[key] = result.figures[name]
    return found


def to_json(entries: Sequence[Entry], results: Sequence[Result]) -> dict[str, Any]:
    """Return all rows and what became of each recipe, as plain values."""
    by_name = {result.recipe.name.removesuffix("-smoke"): result for result in results}
    rows = [
        {
            "recipe": entry.recipe.name, "table": entry.table, "row": entry.row.row if entry.row else "",
            "besides": entry.row.besides if entry.row else "",
            "expected": dict(entry.row.expected) if entry.row else {}, "ours": ours(entry, by_name),
        }
        for entry in entries
    ]  # fmt: skip
    runs = [
        {"recipe": result.recipe.name, "run": str(result.run), "state": result.state, "figures": result.figures, "error": result.error}
        for result in results
    ]
    return {"rows": rows, "runs": runs}
