"""What can be known to fail is told before minutes of listening: names, numbers, models, places. Needs torch only where the wish does."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from hearken.errors import EvaluationError, MissingExtraError, ModelNotFoundError, RunError, extra_hint, show
from hearken.evaluate.evaluation import WAYS
from hearken.evaluate.measure import INTERVALS
from hearken.evaluate.nearest import did_you_mean
from hearken.evaluate.systems import folder_of
from hearken.evaluate.task import Task
from hearken.evaluate.wish import Wish
from hearken.metrics.definitions import definition, statistic_of
from hearken.runtime.catalog import RUN_RECORD, find_model, list_models, models_home
from hearken.zoo.install import can_be_fetched, need_extra

ACCELERATORS = ("auto", "cpu", "cuda")
PRECISIONS = ("32", "bf16", "fp16")
_WEIGHTS, _BEST = "model.safetensors", "best/config.json"
_GRADED = "nDCG@10"
_SHOWN = 8


def check_wish(wish: Wish) -> None:
    """Raise InputError or EvaluationError for a wish that cannot be fulfilled, whatever the corpus: a name that does not exist, a text of no sense.

    Raises MissingExtraError where it needs torch, and there is none.
    """
    if wish.definition:
        definition(wish.definition)
    for metric in wish.metrics:
        if metric == _GRADED:
            raise EvaluationError(f"{_GRADED} is no metric to ask for.", "It comes by itself where a corpus has grades.")
        statistic_of(metric)
    if not wish.metrics:
        raise EvaluationError("There is no metric to compute.")
    for value, known, what in (
        (wish.interval, INTERVALS, "interval"), (wish.accelerator, ACCELERATORS, "accelerator"), (wish.precision, PRECISIONS, "precision"),
    ):  # fmt: skip
        if value not in known:
            raise EvaluationError(f"There is no {what} {show(value)!r}.", f"{did_you_mean(value, known)}One of {', '.join(known)}.")
    for way in wish.ways:
        if way not in WAYS:
            raise EvaluationError(f"There is no direction {show(str(way))!r}.", f"One of {', '.join(WAYS)}.")
    if wish.max_duration_s is not None and not (math.isfinite(wish.max_duration_s) and wish.max_duration_s > 0):
        raise EvaluationError(f"Sounds cannot be cut to {wish.max_duration_s:g} s.", "Name a length above 0.")
    _check_encoder(wish)


def _check_encoder(wish: Wish) -> None:
    if wish.tta and wish.windows:
        raise EvaluationError("Test-time augmentation and a window ensemble do not go together.", "Choose one.")
    if wish.tta:
        _need_extra("--tta")
        from hearken.tta.strategy import strategy

        strategy(wish.tta)
    if wish.windows:
        _need_extra("--windows")
        from hearken.tta.windows import views

        views(wish.windows)


def _need_extra(option: str) -> None:
    """Raise MissingExtraError where `option` lacks what the extra `train` brings, though exported models lack nothing."""
    try:
        need_extra()
    except MissingExtraError as error:
        raise MissingExtraError(
            f"{option} needs torch and the rest of the extra train; pocket and other exported models alone do not.", extra_hint("train")
        ) from error


def check_model(name: str) -> None:
    """Raise what opening the model `name` would, as far as its folder tells: ModelNotFoundError, ModelError, RunError, MissingExtraError.

    What can be fetched by its name is taken as it is.
    """
    folder = folder_of(name)
    if (folder / RUN_RECORD).is_file():
        need_extra()
        if not (folder / _BEST).is_file():
            raise RunError(
                f"The run {show(folder)} has no model yet.", f"Finish it first: hearken train ... --run {show(folder)} --resume."
            )
    elif (folder / _WEIGHTS).is_file():
        need_extra()
    elif not can_be_fetched(name):
        _check_name(name)
    elif "/" in name and Path(name).parent.is_dir() and not (models_home() / name).exists():
        here = ", ".join(sorted(show(path.name) for path in Path(name).parent.iterdir() if path.is_dir())[:_SHOWN]) or "nothing"
        raise ModelNotFoundError(f"There is no model {show(name)!r}.", f"In {show(Path(name).parent)} there is: {here}.")


def _check_name(name: str) -> None:
    """Raise what `find_model` raises, with the nearest name in the hint."""
    from hearken.convert.sources import SOURCES

    try:
        find_model(name)
    except ModelNotFoundError as error:
        known = [*(info.name for info in list_models()), *SOURCES]
        raise ModelNotFoundError(error.message, did_you_mean(name, known) + error.hint) from error


def check_task(task: Task, by: str, wish: Wish) -> None:
    """Raise EvaluationError where the definition `by` does not go with `task`, or no query has another way to say it, where those are wished for."""
    several = int(np.count_nonzero(task.relevance.counts > 1))
    if definition(by).single and several:
        raise EvaluationError(
            f"{several} of {len(task.queries)} queries of {show(task.name)} {'has' if several == 1 else 'have'} more than one clip,"
            f" and {by} knows one alone.",
            "Take --definition dcase2025, any-of-n or merged.",
        )
    if definition(by).single and "a2t" in wish.ways:
        raise EvaluationError(f"{by} is a definition for text to audio alone.", "Take any-of-n for audio to text.")
    if wish.variations:
        from hearken.evaluate.rephrased import EDA, variations_of, without_variation

        queries = task.queries[:1] if wish.variations == EDA else task.queries  # edits are made of any query, if there is a WordNet
        if not any(variations_of(queries, wish.variations).values()) and wish.variations != EDA:
            raise without_variation(wish.variations, len(queries))
