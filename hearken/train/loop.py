"""The training loop, from top to bottom: build, go on where one was, learn, validate, keep.

Everything that an update does depends on the recipe and its number alone, so a run that was killed and goes on (`resume`) ends with the
weights that it would have had; on a CPU bit for bit, as long as the numbers of processes and threads are the same. The order of things
at the end of an epoch matters for that: validate, keep the best, then write the checkpoint that says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import torch
from lightning_fabric import Fabric
from torch.optim.swa_utils import AveragedModel

from hearken.errors import RecipeError, RunError, TrainingError, show
from hearken.models.dual import DualEncoder
from hearken.train.augmentation import build_augmentation
from hearken.train.batch import Batch
from hearken.train.feed.data import TrainingData, open_data
from hearken.train.feed.held_out import HeldOut
from hearken.train.feed.shortest import least_samples
from hearken.train.gather import any_of, broadcast, first_value, num_processes
from hearken.train.memory import keep_memory
from hearken.train.methods import method_of
from hearken.train.monitor import is_over, look, value_of
from hearken.train.optimizer import freeze, make_optimizer, set_rates, training_mode
from hearken.train.recipe import Recipe
from hearken.train.runs.checkpoint import Checkpoint, best_figures, last_checkpoint, write_best, write_checkpoint
from hearken.train.runs.logs import Log
from hearken.train.runs.report import Outcome, StepReport, Validated, left_out
from hearken.train.runs.run import RunFolder
from hearken.train.schedule import share
from hearken.train.state import Place, averaged, from_tensors, to_tensors
from hearken.train.step import MAX_BAD_UPDATES, Learner, Method, Model, Update, update

Built = TypeVar("Built")

CHECKPOINT_EVERY_S = 300.0
_SHOWN = 8
_OUT_OF_MEMORY = "can't allocate memory"  # PyTorch's words on a CPU, where it has no error of its own for it


@dataclass(frozen=True)
class Watchers:
    """Who is told how training goes, and gets warnings, in the first process alone; and who says when to `stop`."""

    on_step: Callable[[StepReport], None] = lambda _: None
    on_validated: Callable[[Validated], None] = lambda _: None
    stop: Callable[[], bool] = bool
    warn: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class _Session:
    """What stays the same while a run trains."""

    recipe: Recipe
    run: RunFolder
    learner: Learner
    average: AveragedModel | None
    data: TrainingData
    log: Log
    watchers: Watchers
    is_first: bool
    checkpoint_every_s: float

    @property
    def judged(self) -> Model:
        """The model that is validated and kept: the running mean where there is one."""
        return self.learner.model if self.average is None else cast("Model", self.average.module)


def train(
    recipe: Recipe, run: RunFolder, fabric: Fabric, *, jobs: int = 1, resume: bool = False, loggers: tuple[str, ...] = ("tensorboard",),
    watchers: Watchers | None = None, checkpoint_every_s: float = CHECKPOINT_EVERY_S,
) -> Outcome:  # fmt: skip
    """Train as `recipe` says, in the folder `run`, and return what came of it.

    `jobs` processes decode sound; `resume` goes on from the run's last checkpoint. When a watcher says stop, a checkpoint is written and the
    outcome is not finished. Raises TrainingError after MAX_BAD_UPDATES updates in a row that were not finite, and what reading the
    data and building the model raise.
    """
    keep_memory()
    _check_division(recipe, fabric.world_size)
    method = method_of(recipe)
    begun, teachers = _in_turn(fabric, lambda: method.begin(recipe))
    first = fabric.is_global_zero
    watchers = watchers or Watchers()
    warn = watchers.warn if first else _say_nothing
    data = open_data(
        recipe, rate_hz=begun.audio.rate_hz, least_samples=least_samples(begun.audio), rank=fabric.global_rank,
        num_ranks=fabric.world_size, jobs=jobs, ledger=run.ledger_path,
    )  # fmt: skip
    if first:
        run.add_data(data.record)
        if told := left_out(data.record):
            warn(told)
    model = begun.complete(
        data.captions, run.vocabulary_path, is_new=not resume, is_first=first, wait=lambda: _wait(fabric)
    )  # fmt: skip
    learner, average = _learner(recipe, method, model, teachers, fabric)
    checkpoint = last_checkpoint(run, warn=warn) if resume else None
    place = _restored(checkpoint, learner, average) if checkpoint else Place()
    if checkpoint and (moved := run.moved):
        warn(
            f"The run goes on under other conditions ({moved}): its weights will not be, to the last bit, those of one that was not stopped."
        )
    with Log(run, loggers if first else None, resume_step=place.step, warn=warn) as log:
        session = _Session(recipe, run, learner, average, data, log, watchers, first, checkpoint_every_s)
        while place.epoch < recipe.training.epochs and not is_over(place.watch, recipe.training):
            learned, is_stopped = _learn(session, place)
            if not is_stopped:
                place, is_stopped = _validate(session, replace(learned, epoch=learned.epoch + 1, step_in_epoch=0))
            if is_stopped:
                _checkpoint(session, learned)
                return _outcome(session, learned, finished=False)
            _checkpoint(session, place)
    if failed := data.failures.num_failed:
        warn(f"Sounds that could not be read, and were left out: {failed}. {show(run.ledger_path)} names them.")
    return _outcome(session, place, finished=True)


def _say_nothing(_: str) -> None:
    """Warn nobody."""


def _check_division(recipe: Recipe, num_ranks: int) -> None:
    """Raise RecipeError unless every process gets the same number of pairs, and every part of its batch too."""
    training = recipe.training
    if training.batch % (num_ranks * training.accumulate):
        raise RecipeError(
            f"A batch of {training.batch} pairs cannot be dealt evenly to {num_ranks} processes in {training.accumulate} parts each.",
            f"Choose a training.batch that is a multiple of {num_ranks * training.accumulate}, or another number of --devices.",
        )


def _learner(
    recipe: Recipe, method: Method, model: Model, teachers: tuple[DualEncoder, ...], fabric: Fabric
) -> tuple[Learner, AveragedModel | None]:
    """Build loss and optimizer for `model`, alike in all processes."""
    model.to(fabric.device)
    loss = method.loss(recipe).to(fabric.device)
    build_augmentation(recipe.augment).install(model.audio)
    freeze(model, loss, recipe.optimizer.frozen)
    broadcast(model)
    for teacher in teachers:
        teacher.to(fabric.device)
    scaler = torch.amp.GradScaler(fabric.device.type, enabled=recipe.training.precision == "fp16")
    optimizer = make_optimizer(model, loss, recipe.optimizer)
    average = averaged(model, recipe.training.average)
    return Learner(method, model, loss, optimizer, recipe.training, scaler, fabric.device, fabric.global_rank, teachers), average


def _in_turn(fabric: Fabric, build: Callable[[], Built]) -> Built:
    """Build in the first process of each machine, and then in the others: what has to be fetched or converted is so once."""
    built = build() if fabric.local_rank == 0 else None
    _wait(fabric)
    return build() if built is None else built


def _wait(fabric: Fabric) -> None:
    """Wait until all processes are here."""
    any_of(False, fabric.device)


def _restored(checkpoint: Checkpoint, learner: Learner, average: AveragedModel | None) -> Place:
    """Bring everything to where it was when the checkpoint was written, and return that place."""
    learner.model.load_state_dict(checkpoint.model_state())
    from_tensors(learner, average, checkpoint.tensors())
    learner.scaler.load_state_dict(checkpoint.facts["scaler"])
    return Place.from_json(checkpoint.facts["place"])


def _learn(session: _Session, place: Place) -> tuple[Place, bool]:
    """Make the rest of an epoch's updates. Return where training is then, and whether a watcher wants it to stop."""
    recipe, learner, loader = session.recipe, session.learner, session.data.loader
    training_mode(learner.model, learner.loss, recipe.optimizer.frozen)
    written = ended = time.perf_counter()
    with closing(loader.epoch(place.epoch, place.step_in_epoch)) as batches:
        for batch in batches:
            rate = share(
                recipe.schedule, recipe.optimizer, step=place.step, steps_per_epoch=loader.num_steps, epochs=recipe.training.epochs,
                plateau=place.watch.factor,
            )  # fmt: skip
            set_rates(learner.optimizer, rate)
            done = _updated(learner, batch, place.step)
            if done.is_done and session.average is not None:
                session.average.update_parameters(learner.model)
            place = _counted(place, done)
            began, ended = ended, time.perf_counter()
            _tell(session, place, done, rate, num_processes() * len(batch) / max(ended - began, 1e-9))
            if place.bad >= MAX_BAD_UPDATES:
                raise _surrender(session, place, done)
            if any_of(session.watchers.stop(), learner.device):
                return place, True
            if ended - written > session.checkpoint_every_s:
                _checkpoint(session, place)
                written = time.perf_counter()
    return place, False


def _updated(learner: Learner, batch: Batch, step: int) -> Update:
    """Make an update. Raises TrainingError where memory runs out."""
    try:
        return update(learner, batch, step)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and _OUT_OF_MEMORY not in str(error):
            raise
        longest_s = max(batch.num_samples) / learner.model.rate_hz
        raise TrainingError(
            f"Memory ran out in step {step + 1}, with {len(batch)} sounds of up to {longest_s:.1f} s on {learner.device}.",
            "Less is needed with training.cache_batch, a smaller training.batch or data.max_duration_s, or training.precision bf16.",
        ) from error


def _counted(place: Place, done: Update) -> Place:
    """The place after an update; one that was skipped counts as a step, for the order of samples goes on."""
    bad = place.bad + 1 if done.is_bad else 0
    skipped = place.skipped + (not done.is_done)
    return replace(place, step=place.step + 1, step_in_epoch=place.step_in_epoch + 1, skipped=skipped, bad=bad)


def _tell(session: _Session, place: Place, done: Update, rate: float, clips_per_s: float) -> None:
    recipe, num_steps = session.recipe, session.data.loader.num_steps
    report = StepReport(
        epoch=place.epoch + 1, num_epochs=recipe.training.epochs, step=place.step, num_steps=num_steps * recipe.training.epochs, loss=done.loss,
        temperature=session.learner.method.temperature(session.learner.model), rate=rate * recipe.optimizer.rate, clips_per_s=clips_per_s,
    )  # fmt: skip
    values = {"loss": report.loss, "norm": done.norm, "temperature": report.temperature, "rate": report.rate, "clips_per_s": clips_per_s}
    session.log.values(place.step, {name: value for name, value in values.items() if value is not None})
    if session.is_first:
        session.watchers.on_step(report)


def _surrender(session: _Session, place: Place, done: Update) -> TrainingError:
    """Write down which clips the last bad update was made of, and return the error to raise."""
    names = ", ".join(show(name) for name in done.names[:_SHOWN])
    if session.is_first:
        with suppress(RunError):  # the error to be raised says more than a full disk
            session.run.mark_stopped({"step": place.step, "loss": done.loss, "norm": done.norm, "clips": done.names})
    return TrainingError(
        f"{MAX_BAD_UPDATES} updates in a row were not finite (the last, step {place.step}, with loss {done.loss} and gradient {done.norm}); "
        f"weights were not changed by them. Clips of the last: {names}.",
        "Look at these clips, lower optimizer.rate, set training.clip_norm, or use precision 32 or bf16.",
    )


def _validate(session: _Session, place: Place) -> tuple[Place, bool]:
    """Look how good the model is after an epoch, and keep it if it is the best. Return the place with what was seen, and whether a watcher
    wanted to stop before that was known.

    Without a validation set the latest model is the best.
    """
    recipe, held_out = session.recipe, session.data.validation
    if place.epoch % recipe.training.validate_every_epochs and place.epoch < recipe.training.epochs:
        return place, False
    seen = _looked(session, held_out) if session.is_first and held_out is not None else {}
    if any_of(seen is None, session.learner.device):
        return place, True
    seen = seen or {}
    value = first_value(value_of(seen, recipe.training.monitor) if seen else float(place.epoch), session.learner.device)
    watch = look(place.watch, value, place.epoch, recipe.schedule)
    place = replace(place, watch=watch)
    is_best = watch.best_epoch == place.epoch
    if session.is_first:
        session.log.note(place.step, {"epoch": place.epoch, "validation": seen, "is_best": is_best})
        if is_best:
            facts = {"epoch": place.epoch, "step": place.step, "figures": seen}
            write_best(session.run, session.judged, facts, warn=session.watchers.warn)
        session.watchers.on_validated(Validated(place.epoch, place.step, seen, is_best))
    return place, False


def _looked(session: _Session, held_out: HeldOut) -> dict[str, float] | None:
    """The figures of the model on clips it does not learn from; None when a watcher wants to stop."""
    learner = session.learner
    try:
        return learner.method.look(session.judged, learner, held_out, session.recipe, session.watchers.stop)
    except KeyboardInterrupt:
        return None


def _checkpoint(session: _Session, place: Place) -> None:
    if session.is_first:
        tensors = to_tensors(session.learner, session.average)
        facts = {"place": place.to_json(), "scaler": dict(session.learner.scaler.state_dict())}
        write_checkpoint(session.run, place.step, model=session.learner.model, tensors=tensors, facts=facts, warn=session.watchers.warn)


def _outcome(session: _Session, place: Place, *, finished: bool) -> Outcome:
    best = best_figures(session.run) if session.is_first else {}
    return Outcome(session.run.path, best, place.watch.best_epoch, place.step, place.skipped, finished)
