"""What cannot be in a recipe although its types are right: names that no table has, numbers that make no sense.

Names of files, runs and folders are not looked for here: a recipe is also read where its data are not.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import PurePath
from typing import Any, get_args

import torch

from hearken.audio.length import Padding
from hearken.audio.segments import RULES
from hearken.data.blacklists import PUBLISHED
from hearken.data.load import HUB
from hearken.data.sets.tables import SUFFIXES
from hearken.data.sets.wavtext5k import CONSTRUCTIONS
from hearken.data.table import CORPORA, definition, parse_reference
from hearken.errors import DataError, InputError, MissingDataError, show
from hearken.losses.captions import build_caption_loss
from hearken.losses.table import build_loss
from hearken.models.audio_table import AUDIO_ENCODERS
from hearken.models.config import Pooling
from hearken.models.hub import HUB_ID
from hearken.models.projection import PROJECTIONS
from hearken.models.text_table import TEXT_ENCODERS, WORD2VEC
from hearken.text.normalize import TEXT_POLICIES
from hearken.train.augmentation import build_augmentation
from hearken.train.monitor import CAPTIONER_MONITORS, DUAL_MONITORS
from hearken.train.optimizer import BATCH_STATISTICS, CAPTIONER_PARTS, DUAL_PARTS, OPTIMIZERS
from hearken.train.recipe import About, AudioPart, DataPart, ModelPart, Named, Recipe, Source, TextPart
from hearken.train.recipes.captioner import check_captioner, misplaced_loss
from hearken.train.recipes.together import check_together
from hearken.train.recipes.values import Faults
from hearken.train.schedule import SCHEDULES

DISTILLATION = "distillation"
WEIGHTS = ("pretrained", "random")
MAX_DIM = 65_536
MIN_PAIRS = 2
"""Fewer pairs a part of a batch have nothing to tell apart."""
MAX_BATCH, MAX_REPEAT, MAX_SEGMENT_S, MAX_SOUND_S = 2**20, 10_000, 3_600, 86_400
"""What is beyond is a slip, and would take all memory before it failed."""
MAX_COPIES = 10_000
_STRATEGY = re.compile(r"([0-9]{1,9}):([0-9]{1,9})x([0-9]{1,9})")
_MAX_SHOWN = 60


def check(recipe: Recipe, faults: Faults, known: Collection[str] = ()) -> None:
    """Note in `faults` everything of `recipe` that cannot be; `known` are the names of the package's recipes."""
    _check_other(recipe.model.start, "model.start", known, faults)
    for number, teacher in enumerate(recipe.teachers):
        _check_other(teacher, f"teachers.{number}", known, faults)
    if not recipe.model.start:
        _check_audio(recipe.model.audio, faults)
    if recipe.model.decoder is not None:
        check_captioner(recipe, faults, _within)
    elif not recipe.model.start:
        _check_text(recipe.model.text, faults)
        _check_model(recipe.model, faults)
    _check_data(recipe.data, faults)
    _check_augment(recipe, faults)
    _check_loss(recipe, faults)
    _check_optimizer(recipe, faults)
    _check_schedule(recipe, faults)
    _check_training(recipe, faults)
    check_together(recipe, faults)
    _check_rows(recipe.about, faults)


def _check_other(name: str, path: str, known: Collection[str], faults: Faults) -> None:
    """Note a name that looks like that of a recipe of the package (its folder is one of theirs) and is none, nor a path."""
    papers = {each.partition("/")[0] for each in known}
    if name not in known and name.partition("/")[0] in papers and not os.path.exists(name):
        faults.unknown(path, "recipe", name, known)


def _one_of(name: str | None, known: Iterable[str], what: str, path: str, faults: Faults) -> None:
    if name is not None and name not in known:
        faults.unknown(path, what, name, known)


def _within(value: float | None, path: str, faults: Faults, *, low: float, high: float = float("inf"), open_low: bool = False) -> None:
    """Note a `value` below `low` (or at it, with `open_low`) or above `high`; None passes."""
    if value is None or ((value > low if open_low else value >= low) and value <= high):
        return
    above = f"above {low:g}" if open_low else f"at least {low:g}"
    faults.add(path, f"this must be {above}{'' if high == float('inf') else f' and at most {high:.10g}'}, not {value:.10g}.")


def _check_rows(about: About, faults: Faults) -> None:
    for number, row in enumerate(about.rows):
        if row.tta:
            _check_strategy(row.tta, f"about.rows.{number}.tta", faults)


def _check_strategy(text: str, path: str, faults: Faults) -> None:
    """Note what is no strategy of two layers by its sizes: one way to write each, of all that `tta/strategy.py` reads."""
    parts = _STRATEGY.fullmatch(text)
    if parts is None:
        what = "this must say how many copies, and the sizes of groups at the encoder and at the output, such as 100:5x20"
        faults.add(path, f"{what}, not {show(text)[:_MAX_SHOWN]!r}.")
        return
    copies, inner, outer = map(int, parts.groups())
    if inner * outer != copies:
        faults.add(path, f"groups of {inner} and of {outer} are for {inner * outer} copies, not for {copies}.")
    elif text != f"{copies}:{inner}x{outer}":
        faults.add(path, f"numbers have no zeros before them: {copies}:{inner}x{outer}.")
    else:
        _within(copies, path, faults, low=2, high=MAX_COPIES)


def _check_audio(part: AudioPart, faults: Faults) -> None:
    path = "model.audio"
    _one_of(part.name, AUDIO_ENCODERS, "audio encoder", f"{path}.name", faults)
    _check_weights(part.weights, f"{path}.weights", faults)
    _one_of(part.rule, RULES, "segment rule", f"{path}.rule", faults)
    _one_of(part.padding, get_args(Padding), "padding", f"{path}.padding", faults)
    _within(part.segment_s, f"{path}.segment_s", faults, low=0, high=MAX_SEGMENT_S, open_low=True)
    for number, hertz in enumerate(part.jitter_hz or ()):
        _within(hertz, f"{path}.jitter_hz.{number}", faults, low=1)
    if part.name in AUDIO_ENCODERS:
        _check_options(part, faults)


def _check_options(part: AudioPart, faults: Faults) -> None:
    entry = AUDIO_ENCODERS[part.name]
    maker: Callable[..., Any] = getattr(importlib.import_module(f"hearken.models.{entry.module}"), entry.maker)
    parameters = inspect.signature(maker).parameters
    for key, value in part.options.items():
        path = f"model.audio.options.{key}"
        if key not in parameters and not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
            faults.unknown(path, f"option of {part.name}", key, parameters)
        elif key == "patchout" and not (isinstance(value, list) and [type(each) for each in value] == [int, int] and min(value) >= 0):
            faults.add(path, "this must be two whole numbers: rows of frequency and columns of time.")


def _check_text(part: TextPart, faults: Faults) -> None:
    path = "model.text"
    known = [*TEXT_ENCODERS, WORD2VEC]
    if part.name not in known and not HUB_ID.fullmatch(part.name) and os.sep not in part.name:
        faults.unknown(f"{path}.name", "text encoder", part.name, known)
    if part.name == WORD2VEC and not part.words:
        faults.add(f"{path}.words", "word2vec needs a file of word vectors (.bin, .txt, .npz).")
    _check_weights(part.weights, f"{path}.weights", faults)
    _one_of(part.pooling, get_args(Pooling), "pooling", f"{path}.pooling", faults)
    _one_of(part.policy, TEXT_POLICIES, "text policy", f"{path}.policy", faults)
    _within(part.dropout, f"{path}.dropout", faults, low=0, high=0.99)


def _check_weights(weights: str, path: str, faults: Faults) -> None:
    if weights not in WEIGHTS and os.sep not in weights:
        faults.unknown(path, "kind of weights", weights, WEIGHTS)


def _check_model(part: ModelPart, faults: Faults) -> None:
    for kind in part.projection.split("+", maxsplit=1):
        _one_of(kind, PROJECTIONS, "projection", "model.projection", faults)
    _within(part.dim, "model.dim", faults, low=1, high=MAX_DIM)
    _within(part.temperature.value, "model.temperature.value", faults, low=0, open_low=True)


def _check_data(part: DataPart, faults: Faults) -> None:
    if not part.train:
        faults.add("data.train", "there is nothing to learn from.")
    for number, source in enumerate(part.train):
        _check_source(source, f"data.train.{number}", faults)
    for key in ("validation", "test"):
        for number, reference in enumerate(getattr(part, key)):
            _check_reference(reference, f"data.{key}.{number}", faults)
    if part.variations:
        _check_reference(part.variations, "data.variations", faults)
    elif part.swap_probability:
        faults.add("data.variations", "captions are to be swapped, and nothing says for which.")
    _within(part.swap_probability, "data.swap_probability", faults, low=0, high=1)
    _within(part.max_duration_s, "data.max_duration_s", faults, low=0, high=MAX_SOUND_S, open_low=True)
    for number, name in enumerate(part.blacklists):
        if name not in PUBLISHED and not PurePath(name).suffix:
            faults.unknown(f"data.blacklists.{number}", "blacklist", name, PUBLISHED)


def _check_source(source: Source, path: str, faults: Faults) -> None:
    found = _check_reference(source.corpus, f"{path}.corpus", faults)
    known = [split.name for split in definition(found).card.splits] if found else []
    for number, split in enumerate(source.splits):
        if found:
            _one_of(split, known, f"split of {found}", f"{path}.splits.{number}", faults)
    _within(source.repeat, f"{path}.repeat", faults, low=1, high=MAX_REPEAT)
    if source.construction:
        _one_of(source.construction, CONSTRUCTIONS, "way to put captions together", f"{path}.construction", faults)
        if found not in ("", "wavtext5k"):
            faults.add(f"{path}.construction", "only wavtext5k has several ways to put captions together.")


def _check_reference(reference: str, path: str, faults: Faults) -> str:
    """Return the known corpus that `reference` names, "" for what is the path of a table or folder, or nothing."""
    if any(reference == name or reference.startswith(f"{name}-") for name in CORPORA):
        try:
            return parse_reference(reference)[0]
        except DataError as error:
            if not PurePath(reference).suffix:
                faults.add(path, f"{error.message} {error.hint}".strip())
            return ""
    path_alone = reference.partition(":")[0]  # PATH:SPLIT is one split of a path
    is_path = os.sep in reference or PurePath(path_alone).suffix in SUFFIXES or reference.startswith(HUB)
    if not is_path and not os.path.isdir(reference):
        faults.unknown(path, "corpus", reference, CORPORA)
    return ""


def _tried(build: Callable[[], object], path: str, faults: Faults) -> None:
    """Note what `build` has to say about names and options of a closed table."""
    try:
        build()
    except MissingDataError:  # EDA's WordNet, say: it may come later
        return
    except InputError as error:
        faults.add(path, f"{error.message} {error.hint}".strip())


def _check_augment(recipe: Recipe, faults: Faults) -> None:
    before = len(faults.lines)
    for number, step in enumerate(recipe.augment):
        if faults.is_full:
            break
        _tried(lambda step=step: build_augmentation((step,)), f"augment.{number}", faults)  # type: ignore[misc]
    if len(faults.lines) == before:
        _tried(lambda: build_augmentation(recipe.augment), "augment", faults)


def _check_loss(recipe: Recipe, faults: Faults) -> None:
    named: Named = recipe.loss
    if told := misplaced_loss(recipe):
        faults.add("loss", told)
        return
    if recipe.model.decoder is not None:
        _tried(lambda: build_caption_loss(named.name, **named.options), "loss", faults)
        return
    with torch.device("meta"):  # a loss may have weights, and its options ask for more of them than there is memory
        _tried(lambda: build_loss(named.name, **named.options), "loss", faults)
    learns = named.name == DISTILLATION and named.options.get("teacher_weight", 1.0) != 0
    if learns != bool(recipe.teachers):
        faults.add("teachers", f"the loss {named.name!r} learns from none." if recipe.teachers else "the loss `distillation` needs some.")


def _check_optimizer(recipe: Recipe, faults: Faults) -> None:
    part, path = recipe.optimizer, "optimizer"
    _one_of(part.name, OPTIMIZERS, "optimizer", f"{path}.name", faults)
    _within(part.rate, f"{path}.rate", faults, low=0, open_low=True)
    _within(part.weight_decay, f"{path}.weight_decay", faults, low=0)
    _within(part.epsilon, f"{path}.epsilon", faults, low=0, open_low=True)
    _within(part.layer_decay, f"{path}.layer_decay", faults, low=0, high=1, open_low=True)
    for number, beta in enumerate(part.betas):
        if not 0 <= beta < 1:
            faults.add(f"{path}.betas.{number}", f"this must be at least 0 and below 1, not {beta:g}.")
    parts = DUAL_PARTS if recipe.model.decoder is None else CAPTIONER_PARTS
    for key, rate in part.rates.items():
        _one_of(key, parts, "part of the model", f"{path}.rates.{key}", faults)
        _within(rate, f"{path}.rates.{key}", faults, low=0)
    for number, name in enumerate(part.frozen):
        _one_of(name, (*parts, BATCH_STATISTICS), "part of the model", f"{path}.frozen.{number}", faults)


def _check_schedule(recipe: Recipe, faults: Faults) -> None:
    part, path = recipe.schedule, "schedule"
    _one_of(part.name, SCHEDULES, "schedule", f"{path}.name", faults)
    _within(part.warmup_epochs, f"{path}.warmup_epochs", faults, low=0)
    for key in ("final_rate", "threshold", "min_rate"):
        _within(getattr(part, key), f"{path}.{key}", faults, low=0)
    _within(part.factor, f"{path}.factor", faults, low=0, high=1, open_low=True)
    _within(part.every_epochs, f"{path}.every_epochs", faults, low=1)
    _within(part.patience, f"{path}.patience", faults, low=1)
    if part.end_epoch is not None and part.end_epoch <= part.warmup_epochs:
        faults.add(f"{path}.end_epoch", f"this must be later than the warm-up's end at {part.warmup_epochs:g}, not {part.end_epoch:g}.")
    if part.name == "plateau" and not recipe.data.validation:
        faults.add("data.validation", "the schedule `plateau` needs data to validate on.")


def _check_training(recipe: Recipe, faults: Faults) -> None:
    part, path = recipe.training, "training"
    _within(part.batch, f"{path}.batch", faults, low=1, high=MAX_BATCH)
    for key in ("epochs", "accumulate", "cache_batch", "patience", "validate_every_epochs"):
        _within(getattr(part, key), f"{path}.{key}", faults, low=1)
    _within(part.clip_norm, f"{path}.clip_norm", faults, low=0, open_low=True)
    _within(part.seed, f"{path}.seed", faults, low=0)
    if part.average is not None and not 0 < part.average < 1:
        faults.add(f"{path}.average", f"this must be above 0 and below 1, not {part.average:g}.")
    monitors = DUAL_MONITORS if recipe.model.decoder is None else CAPTIONER_MONITORS
    _one_of(part.monitor, monitors, "figure of validation", f"{path}.monitor", faults)
    if part.accumulate >= 1 and (part.batch % part.accumulate or part.batch // part.accumulate < MIN_PAIRS):
        faults.add(f"{path}.batch", f"{part.batch} pairs do not make {part.accumulate} equal parts of at least {MIN_PAIRS}.")
    if part.patience is not None and not recipe.data.validation:
        faults.add("data.validation", "training that ends early needs data to validate on.")
