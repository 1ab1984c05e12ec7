"""A model made better at one's own sounds: a recipe from few words, a run of it, and no step back.

The recipe (`make_recipe`) is what small sets of sounds stand: the head learns faster than what lies below it, the running mean of the
weights is what is looked at and kept, training ends when what was held out gets no better. At the end a point between the weights before and
after is chosen, on the same held-out clips (`between.py`). Where nothing is clearly better than the model that one began with, that one stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.errors import RunError, show
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision_at
from hearken.models.dual import DualEncoder
from hearken.models.frame_tower import FrameTower
from hearken.train.between import SHARES, between, nearest
from hearken.train.build import build_model, start_model
from hearken.train.divide import Division, divide, write_table
from hearken.train.feed.corpora import open_corpus
from hearken.train.feed.data import open_data
from hearken.train.launch import make_fabric
from hearken.train.loop import Watchers, train
from hearken.train.recipe import About, DataPart, ModelPart, Named, OptimizerPart, Recipe, SchedulePart, Source, TrainingPart
from hearken.train.recipes.read import from_mapping
from hearken.train.runs.checkpoint import VALIDATION as FACTS
from hearken.train.runs.checkpoint import best_model, write_best
from hearken.train.runs.report import Outcome
from hearken.train.runs.run import RECORD, RunFolder
from hearken.train.validate import embed, figures
from hearken.zoo.publish import Tell

NAME = "finetune"
TRAINING, VALIDATION = Path("data", "training.jsonl"), Path("data", "validation.jsonl")
"""The tables, in the run's folder, of the clips to learn from and of those that were held out."""
MAX_DURATION_S = 30.0
_BATCHES = (4, 8, 16, 32, 64)
_UPDATES = 120
_EPOCHS = (4, 30)
_VALIDATIONS, _PATIENCE = 10, 3


@dataclass(frozen=True)
class Wish:
    """What is wanted: clips (`data`, a reference as everywhere), the model to `start` from, other clips to validate with or "" for some of
    `data`, the number of `epochs` or None for what suits the number of clips, and the `seed`."""

    data: str
    start: str = "pocket"
    validation: str = ""
    epochs: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """What came of it: figures of validation `before` and `after`, the `share` of the way that was gone (0: nothing was better), and what
    training itself came to. `how` the clips were divided is "" where other clips were given to validate with."""

    run: Path
    before: dict[str, float]
    after: dict[str, float]
    share: float
    how: str
    num_pairs: int
    num_held_out: int
    outcome: Outcome


def finetune(
    wish: Wish, folder: Path, *, resume: bool = False, jobs: int = 1, accelerator: str = "auto", loggers: tuple[str, ...] = ("tensorboard",),
    watchers: Watchers | None = None, tell: Tell = lambda _: None,
) -> Tuned | Outcome:  # fmt: skip
    """Train the model that `wish` names on its clips in the run `folder`, and return what came of it; the Outcome alone where it was stopped.

    With `resume` a run that is there goes on as it began, whatever the wish is now. `jobs` processes decode sound. `tell` gets a line for
    each longer step.

    Raises DataError for clips that cannot be used, RunError for a folder that cannot, and what reading models and `train` raise.
    """
    again = resume and (folder / RECORD).exists()
    division = None
    if again:
        recipe = from_mapping(RunFolder.open(folder).recipe_json, folder / RECORD)
    else:
        tell("looking at the sounds and the model")
        division = look(wish)
        if (told := left_out(division)) and watchers:
            watchers.warn(told)
        recipe = make_recipe(wish, division, folder, start_model(wish.start))
    fabric = make_fabric(accelerator=accelerator)
    facts = {"processes": 1, "device": str(fabric.device), "finetune": asdict(wish)}
    with RunFolder.enter(folder, recipe, facts, resume=resume) as run:
        division = _divided(run, division)
        outcome = train(recipe, run, fabric, jobs=jobs, resume=again, loggers=loggers, watchers=watchers)
        if not outcome.finished:
            return outcome
        tell("comparing it with the model that it began with")
        chosen = _chosen(recipe, run, jobs=jobs, stop=watchers.stop if watchers else bool)
    num_pairs = sum(len(clip.captions) for clip in division.training)
    how = division.how if division.validation else ""
    return Tuned(folder, chosen["before"], chosen["figures"], chosen["share"], how, num_pairs, chosen["num_held_out"], outcome)


def left_out(division: Division) -> str:
    """Return a sentence about clips that cannot be used; "" where there are none."""
    reasons = {"whose sound is not here": division.num_silent, "without a caption": division.num_wordless}
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
    return f"Clips that are left out: {told}." if told else ""


def look(wish: Wish) -> Division:
    """Return the clips of `wish`, divided. Raises what `open_corpus` and `divide` raise."""
    return divide(open_corpus(wish.data), seed=wish.seed, validate=not wish.validation)


def began_as(run: RunFolder) -> Wish:
    """Return the wish that a run began with. Raises RunError for a run that is none of fine-tuning."""
    try:
        return Wish(**run.record["starts"][0]["finetune"])
    except (KeyError, IndexError, TypeError) as error:
        raise RunError(
            f"The run {show(run.path)} was not begun by `hearken train finetune`.", "`hearken train --run DIR --resume` goes on with it."
        ) from error


def make_recipe(wish: Wish, division: Division, folder: Path, dual: DualEncoder) -> Recipe:
    """Return the recipe for the clips of `division`, to be trained in `folder` from the model `dual`, which `wish.start` names.

    Some 120 updates are made, in 4 to 30 epochs; a batch has a quarter of the clips, 64 at most. Of *pocket* the ears stay as they are, which
    makes an update quicker.
    """
    by_frames = isinstance(dual.audio, FrameTower)
    num_pairs = sum(len(clip.captions) for clip in division.training)
    batch = max((size for size in _BATCHES if size * 4 <= len(division.training)), default=_BATCHES[0])
    steps = max(1, num_pairs // batch)
    epochs = wish.epochs or min(max(round(_UPDATES / steps), _EPOCHS[0]), _EPOCHS[1])
    every = max(1, epochs // _VALIDATIONS)
    return Recipe(
        name=NAME,
        about=About(summary=f"{wish.start}, fine-tuned on {wish.data}"),
        model=ModelPart(start=wish.start),
        data=DataPart(
            train=(Source(str(folder / TRAINING)),),
            validation=(wish.validation or str(folder / VALIDATION),),
            max_duration_s=dual.audio.policy.chunk_s if isinstance(dual.audio, FrameTower) else MAX_DURATION_S,
            positives="caption",
        ),
        loss=Named("nt_xent", {"same_clip": "positive", "average": "rows"}),
        optimizer=OptimizerPart(
            rate=4e-4,
            weight_decay=1e-3,
            rates={"text": 1e-4} if by_frames else {"audio": 2e-5, "text": 2e-5},
            frozen=("audio", "temperature") if by_frames else ("temperature", "batch_statistics"),
        ),
        schedule=SchedulePart(warmup_epochs=epochs / 10, final_rate=1e-6),
        training=TrainingPart(
            epochs=epochs, batch=batch, clip_norm=1.0, average=_average(steps * epochs), distinct_clips=True, seed=wish.seed,
            patience=_PATIENCE, validate_every_epochs=every,
        ),
    )  # fmt: skip


def _average(num_updates: int) -> float:
    """How much of itself the running mean of the weights keeps at an update: it looks back over a tenth of all."""
    return min(max(1.0 - 10.0 / num_updates, 0.8), 0.99)


def _divided(run: RunFolder, division: Division | None) -> Division:
    """Return the division that a run began with, and see to it that its tables are there."""
    began = began_as(run)
    division = division or look(began)
    if not (run.path / TRAINING).exists():
        if not began.validation:
            write_table(division.validation, division.places, run.path / VALIDATION)
        write_table(division.training, division.places, run.path / TRAINING)
    return division


def _chosen(recipe: Recipe, run: RunFolder, *, jobs: int, stop: Callable[[], bool]) -> dict[str, Any]:
    """Keep what is best of the weights before, after, and between, and return the facts about it; where that was done already, those."""
    known = _facts(best_model(run))
    return known if "share" in known else _choose(recipe, run, known, jobs=jobs, stop=stop)


def _choose(recipe: Recipe, run: RunFolder, known: dict[str, Any], *, jobs: int, stop: Callable[[], bool]) -> dict[str, Any]:
    """Keep the model between the one before and the best of the run that `nearest` says."""
    before = build_model(recipe.model, recipe.training.seed)
    held_out = open_data(recipe, rate_hz=before.rate_hz, jobs=jobs).validation
    if held_out is None:
        raise RunError(f"The run {show(run.path)} has nothing to compare models on.", "Fine-tune with --validation REF.")
    after = DualEncoder.from_pretrained(best_model(run))
    seen = {0.0: embed(before, held_out, stop=stop)}
    seen |= {share: embed(between(before, after, share), held_out, stop=stop) for share in SHARES}
    precisions = {share: average_precision_at(ranks_of_tables(each.scores, each.relevant), 10) for share, each in seen.items()}
    share = nearest(precisions)
    facts = known | {"figures": figures(seen[share]), "share": share, "before": figures(seen[0.0]), "num_held_out": len(held_out.clips)}
    facts["tried"] = {f"{each:g}": float(values.mean()) for each, values in precisions.items()}
    if write_best(run, between(before, after, share), facts) is None:
        raise RunError(f"The best model of {show(run.path)} cannot be written.", "Make room on the disk, and run it again with --resume.")
    return facts


def _facts(folder: Path) -> dict[str, Any]:
    """What is written beside the best model. Raises RunError when it cannot be read."""
    path = folder / FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise RunError(f"The figures {show(path)} cannot be read: {error}.") from error
    return facts
