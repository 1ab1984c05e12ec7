"""The test sets of a recipe, and what the best model of its run does there.

Each test is an evaluation in a folder of its own below the run (`evaluations/`). It is kept, and not made again, as long as it is of this recipe and
of these weights, and has all figures that are wanted. A row of a paper that is of test-time augmentation is a test of its own. A captioner's
tests are of its captions (`caption_tests.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearken.errors import EvaluationError, InputError
from hearken.evaluate import caption_tests
from hearken.evaluate.evaluate import Wish, evaluate, place_of, ways_of
from hearken.evaluate.marks import BEST, digest_of, marks_of
from hearken.evaluate.measure import METRICS
from hearken.evaluate.store import load
from hearken.metrics.confidence import Interval
from hearken.metrics.definitions import statistic_of
from hearken.runtime.catalog import RUN_RECORD
from hearken.train.runs.compare import plain
from hearken.types import Progress, silent

if TYPE_CHECKING:
    from hearken.evaluate.captioning.figures import CaptionEvaluation
    from hearken.train.recipe import Recipe, Row

_RANKS = ("medR", "meanR")


@dataclass(frozen=True)
class Trial:
    """A test set of a recipe, and the strategy of test-time augmentation that it is tried with ("": none)."""

    corpus: str
    tta: str = ""

    @property
    def name(self) -> str:
        """`CORPUS`, or `CORPUS tta=STRATEGY`."""
        return f"{self.corpus} tta={self.tta}" if self.tta else self.corpus


@dataclass(frozen=True)
class Tried:
    """What came of a `trial`: `figures` by `t2a_mAP@10` and the like, by a named `definition`, and the `folder` of the evaluation.

    Figures are shares of 1, or ranks; of a captioner they are by `CIDEr-D` and the like, the definition is `caption_tests.DEFINITION`, and
    `not_available` says of metrics why they could not be had here. So many clips, `num_failed`, could not be read and are not in them.
    """

    trial: Trial
    definition: str
    folder: Path
    figures: Mapping[str, Interval]
    num_failed: int = 0
    not_available: Mapping[str, str] = field(default_factory=dict)


Watch = Callable[[Trial], AbstractContextManager[Progress]]
"""Called before a trial that takes time; what it gives is told of every clip."""


def trials_of(recipe: Recipe) -> tuple[Trial, ...]:
    """Return the tests of `recipe`: each corpus of `data.test` as it is, then what its rows want with test-time augmentation."""
    augmented = [
        Trial(corpus_of(recipe, key.rpartition(" ")[0]), row.tta)
        for row in recipe.about.rows
        if row.tta and recipe.data.test
        for key in row.expected
    ]
    return tuple(dict.fromkeys([*(Trial(corpus) for corpus in recipe.data.test), *augmented]))


def corpus_of(recipe: Recipe, corpus: str) -> str:
    """Return the test set of `recipe` that `corpus` in a row's figure means: itself, or the first one where it is none of them, or ""."""
    tests = recipe.data.test
    return corpus if corpus in tests or not tests else tests[0]


def wanted_metrics(recipe: Recipe) -> tuple[str, ...]:
    """Return the metrics that are computed: the usual ones, and those that rows of `recipe` ask for and that there are; those @k by k."""
    if recipe.model.decoder is not None:
        return caption_tests.metrics_of(key.rpartition(" ")[2] for row in recipe.about.rows for key in row.expected)
    asked = (key.rpartition(" ")[2].partition("_")[2] for row in recipe.about.rows for key in row.expected)
    found = dict.fromkeys((*METRICS, *filter(_is_metric, asked)))
    kinds = list(dict.fromkeys(metric.partition("@")[0] for metric in found))
    return tuple(sorted(found, key=lambda metric: (kinds.index(metric.partition("@")[0]), int(metric.partition("@")[2] or 0))))


def kept_tests(run: Path, recipe: Recipe) -> tuple[Tried, ...]:
    """Return the tests of `recipe` that the run in the folder `run` keeps, and that are still true."""
    if not (run / RUN_RECORD).is_file() or not (run / BEST).is_file() or not recipe.data.test:
        return ()
    marks = marks_of(run)
    return tuple(found for trial in trials_of(recipe) if (found := _kept(run, recipe, trial, marks)) is not None)


def try_out(
    recipe: Recipe, run: Path, *, accelerator: str = "auto", jobs: int = 1, watch: Watch = lambda _: nullcontext(silent)
) -> tuple[Tried, ...]:
    """Try the best model of the run on each test of `recipe`, keep the evaluations in the run, and return what came of them.

    Tests that the run keeps are not made again. Raises RunError for a run without a model, and what opening the corpora and evaluating raise.
    """
    if not recipe.data.test:
        return ()
    marks = marks_of(run)
    if recipe.model.decoder is not None:
        return tuple(_captioned(recipe, run, trial, marks, accelerator, jobs, watch) for trial in trials_of(recipe))
    found = []
    for trial in trials_of(recipe):
        kept = _kept(run, recipe, trial, marks)
        found.append(kept or _made(run, trial, replace(_wish(recipe, trial), accelerator=accelerator, jobs=jobs), watch))
    return tuple(found)


def percent(metric: str, value: float) -> float:
    """Return a figure as papers print it: a share in percent, a rank as it is."""
    return value if metric.endswith(_RANKS) else 100.0 * value


def all_figures(tests: Iterable[Tried]) -> dict[str, Interval]:
    """Return the figures of all tests, by `CORPUS METRIC` or `CORPUS tta=STRATEGY METRIC`."""
    return {f"{each.trial.name} {metric}": figure for each in tests for metric, figure in each.figures.items()}


def key_of(row: Row, corpus: str, metric: str) -> str:
    """Return the key in `all_figures` of a figure of `row`."""
    return f"{Trial(corpus, row.tta).name} {metric}"


def _is_metric(name: str) -> bool:
    try:
        statistic_of(name)
    except InputError:
        return False
    return not name.startswith("P@")  # which needs so many clips


def _wish(recipe: Recipe, trial: Trial) -> Wish:
    return Wish(metrics=wanted_metrics(recipe), tta=trial.tta, max_duration_s=recipe.data.max_duration_s)


def _kept(run: Path, recipe: Recipe, trial: Trial, marks: Mapping[str, str]) -> Tried | None:
    if marks["recipe_sha256"] != digest_of(plain(recipe.to_json())):
        return None
    if recipe.model.decoder is not None:
        written = caption_tests.kept(run, trial.corpus, caption_tests.wish_of(wanted_metrics(recipe), trial.tta), marks)
        return None if written is None else _tried_captions(trial, written.folder, written.evaluation)
    wish = _wish(recipe, trial)
    folder = place_of(str(run), [trial.corpus], wish)
    try:
        stored = load(folder)
    except EvaluationError:  # not there, or damaged: it is made again
        return None
    is_same = all(stored.facts.get(name) == mark for name, mark in {**marks, "corpus": trial.corpus}.items())
    wanted = {f"{way}_{metric}" for way in ways_of(stored.definition) for metric in wish.metrics}
    if not is_same or stored.facts.get("tta") != trial.tta or not wanted <= stored.figures.keys():
        return None
    return _tried(trial, stored.definition, folder, stored.figures, stored.facts)


def _made(run: Path, trial: Trial, wish: Wish, watch: Watch) -> Tried:
    with watch(trial) as on_progress:
        done = evaluate(str(run), [trial.corpus], wish, out=place_of(str(run), [trial.corpus], wish), on_progress=on_progress)
    found = done.evaluation
    return _tried(trial, found.definition, done.folder or run, found.figures, found.facts)


def _captioned(
    recipe: Recipe, run: Path, trial: Trial, marks: Mapping[str, str], accelerator: str, jobs: int, watch: Watch
) -> Tried:  # fmt: skip
    """The test of a captioner: what the run keeps, measured again where more can be had now, or else made."""
    wish = caption_tests.wish_of(wanted_metrics(recipe), trial.tta, accelerator=accelerator, jobs=jobs)
    kept = _kept(run, recipe, trial, marks)
    if kept is not None and not caption_tests.can_have_more(kept.not_available):
        return kept
    with watch(trial) as on_progress:
        done = caption_tests.made(run, trial.corpus, wish, marks, on_progress)
    return _tried_captions(trial, done.folder or run, done.evaluation)


def _tried_captions(trial: Trial, folder: Path, found: CaptionEvaluation) -> Tried:
    num_failed = int(found.facts.get("clips_failed") or 0)
    return Tried(trial, caption_tests.DEFINITION, folder, found.figures, num_failed, caption_tests.reasons(found.not_available))


def _tried(trial: Trial, by: str, folder: Path, figures: Mapping[str, Interval], facts: Mapping[str, Any]) -> Tried:
    return Tried(trial, by, folder, figures, int(facts.get("clips_failed") or 0))
