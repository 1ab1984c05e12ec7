"""What cannot be in a recipe together, although each part by itself can: found before any data are read or weights fetched.

The audio encoder is built here as torch's "meta" device has it, in shapes without numbers, which takes milliseconds and no memory.
"""

from __future__ import annotations

import json
from functools import lru_cache

import torch

from hearken.audio.front_ends import PASST_MEL
from hearken.augment.pairmix import PairMix
from hearken.errors import HearkenError, InputError
from hearken.frontend.jitter import Jitter
from hearken.losses.clap_two_scale import ClapTwoScale
from hearken.losses.table import LOSSES
from hearken.models.audio_table import audio_entry, build_audio, resolve
from hearken.models.config import AudioConfig
from hearken.models.encoder import AudioEncoder
from hearken.models.passt import PATCH, PaSST
from hearken.models.text_table import WORD2VEC
from hearken.train.augmentation import MASKS, build_augmentation
from hearken.train.optimizer import CAPTIONER_PARTS
from hearken.train.recipe import AudioPart, Recipe
from hearken.train.recipes.values import Faults

_PASST_MASKS = "passt"
_LOOKED_AT = ("passt", "panns", "panns_resnet", "panns_wavegram")
"""Modules of the encoders that are built here. What is wrong with others is found when training begins: for their first numbers
without numbers, torch imports so much that a list of recipes would take seconds longer."""
_ENCODERS, _PROJECTIONS = ("audio", "text"), ("audio_projection", "text_projection")


def check_together(recipe: Recipe, faults: Faults) -> None:
    """Note in `faults` what parts of `recipe` say against each other. Parts that are wrong by themselves are left alone."""
    wrong = {line.partition(":")[0] for line in faults.lines}

    def sound(*paths: str) -> bool:
        return not any(each == path or each.startswith(f"{path}.") for each in wrong for path in paths)

    if sound("training", "augment", "data.captions", "data.train"):
        _check_batches(recipe, faults)
    if sound("loss", "model.dim", "teachers", "training.monitor"):
        _check_loss(recipe, faults)
    if sound("schedule", "optimizer", "training.epochs"):
        _check_learning(recipe, faults)
    _check_names(recipe, faults)
    if not recipe.model.start and sound("model", "augment", "data.max_duration_s"):
        _check_network(recipe, faults)


def _check_batches(recipe: Recipe, faults: Faults) -> None:
    training, data = recipe.training, recipe.data
    for number, step in enumerate(_steps(recipe)):
        if isinstance(step, PairMix):
            path, mixed = f"augment.{number}.share", step.num_generated(training.batch)
            if step.share and not mixed:
                faults.add(path, f"{step.share:g} of a batch of {training.batch} is less than one pair.")
            elif mixed >= training.batch:
                faults.add(path, f"{step.share:g} of a batch of {training.batch} leaves no pair as it is.")
    once_each = data.captions == "one" and all(source.repeat == 1 for source in data.train)
    if data.positives == "caption" and not training.distinct_clips and not once_each:
        faults.add("data.positives", "by `caption`, two captions of one clip would be wrong for each other: set training.distinct_clips.")


def _steps(recipe: Recipe) -> tuple[object, ...]:
    """The transforms of a recipe in its order; none where one of them needs what is not here, such as EDA's WordNet."""
    try:
        return tuple(step for _, step in build_augmentation(recipe.augment).steps)
    except HearkenError:
        return ()


def _check_loss(recipe: Recipe, faults: Faults) -> None:
    if recipe.model.decoder is not None:
        return
    options = LOSSES[recipe.loss.name].options | recipe.loss.options
    if LOSSES[recipe.loss.name].kind is ClapTwoScale and not recipe.model.start and options["dim"] != recipe.model.dim:
        faults.add("loss.dim", f"this must be model.dim, {recipe.model.dim}, not {options['dim']}.")
    if recipe.teachers and recipe.training.monitor == "loss":
        faults.add("training.monitor", "the loss is not known in validation: teachers are not asked there. Take a mAP@10.")


def _check_learning(recipe: Recipe, faults: Faults) -> None:
    schedule, optimizer, epochs = recipe.schedule, recipe.optimizer, recipe.training.epochs
    if schedule.warmup_epochs > epochs:
        faults.add("schedule.warmup_epochs", f"the warm-up of {schedule.warmup_epochs:g} epochs is longer than training, {epochs}.")
    if schedule.name == "cosine" and schedule.final_rate > optimizer.rate:
        faults.add("schedule.final_rate", f"this must be at most optimizer.rate, {optimizer.rate:g}, not {schedule.final_rate:g}.")
    if recipe.model.decoder is not None:
        if set(CAPTIONER_PARTS) <= set(optimizer.frozen):
            faults.add("optimizer.frozen", "nothing that hears or writes is left to learn.")
        return
    learning = set(_ENCODERS)
    for part, kind in zip(_PROJECTIONS, _kinds(recipe.model.projection), strict=True):
        learning |= {part} if kind != "none" or recipe.model.start else set()
    if learning <= set(optimizer.frozen):
        faults.add("optimizer.frozen", "nothing that encodes sound or text is left to learn.")


def _kinds(projection: str) -> tuple[str, str]:
    audio, plus, text = projection.partition("+")
    return (audio, text) if plus else (audio, audio)


def _check_names(recipe: Recipe, faults: Faults) -> None:
    if recipe.name and recipe.model.start == recipe.name:
        faults.add("model.start", "a recipe cannot start from itself.")
    if recipe.name and recipe.name in recipe.teachers:
        faults.add("teachers", "a recipe cannot be its own teacher.")
    if recipe.model.text.words and recipe.model.text.name != WORD2VEC and not recipe.model.start:
        faults.add("model.text.words", f"only {WORD2VEC} reads word vectors.")


def _check_network(recipe: Recipe, faults: Faults) -> None:
    """What the audio encoder takes: options, the length of segments, patchout, masks, jitter, the size of the shared space."""
    part = recipe.model.audio
    if audio_entry(part.name).module not in _LOOKED_AT:
        return
    try:
        chosen = resolve(AudioConfig(part.name, dict(part.options), part.rule, part.segment_s))
        encoder = _encoder(part.name, json.dumps(chosen.options, sort_keys=True))
    except HearkenError as error:
        faults.add("model.audio.options", f"{error.message} {error.hint}".strip())
        return
    _check_length(recipe, encoder, chosen, faults)
    if chosen.rule == "frames" and encoder.mel_per_frame is None:
        faults.add("model.audio.rule", f"{part.name} has no feature frames to take the mean of.")
    if recipe.model.decoder is None and _kinds(recipe.model.projection)[0] == "none" and encoder.dim != recipe.model.dim:
        faults.add("model.dim", f"without a projection this must be the size of {part.name}, {encoder.dim}, not {recipe.model.dim}.")
    _check_spectrogram(recipe, encoder, faults)


@lru_cache(maxsize=64)
def _encoder(name: str, options: str) -> AudioEncoder:
    """The encoder without its numbers. Raises InputError for options that it cannot be built with."""
    try:
        with torch.device("meta"):
            return build_audio(name, **json.loads(options))
    except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RuntimeError) as error:
        raise InputError(f"{name} cannot be built with these options: {error}.") from error


def _check_length(recipe: Recipe, encoder: AudioEncoder, chosen: AudioConfig, faults: Faults) -> None:
    path, front_end, longest_s = "model.audio.segment_s", encoder.front_end, chosen.segment_s or encoder.segment_s
    if chosen.rule in ("whole", "d25_windows"):  # one window as long as the sound
        path, longest_s = "data.max_duration_s", recipe.data.max_duration_s or float("inf")
    if encoder.max_num_frames is not None and (
        longest_s == float("inf") or front_end.num_frames(round(longest_s * front_end.rate_hz)) > encoder.max_num_frames
    ):
        most_s = encoder.max_num_frames * front_end.hop / front_end.rate_hz
        asked = "and clips may have any length" if longest_s == float("inf") else f"not {longest_s:g}"
        faults.add(path, f"{recipe.model.audio.name} takes {most_s:.3g} s of sound at once, {asked}.")
    elif isinstance(encoder, PaSST) and chosen.rule in ("dcase2023", "d25"):
        _check_patchout(encoder, front_end.num_frames(round(longest_s * front_end.rate_hz)), longest_s, faults)


def _check_patchout(encoder: PaSST, num_frames: int, segment_s: float, faults: Faults) -> None:
    stride = encoder.patch_embed.proj.stride[0]
    rows, columns = ((size - PATCH) // stride + 1 for size in (encoder.front_end.num_mels, num_frames))
    columns = min(columns, encoder.time_new_pos_embed.shape[3])
    left_out = encoder.patchout.s_patchout_f, encoder.patchout.s_patchout_t
    if num_frames < PATCH:
        faults.add("model.audio.segment_s", f"PaSST needs at least {PATCH} spectrogram frames, and {segment_s:g} s have {num_frames}.")
    elif left_out[0] >= rows or left_out[1] >= columns:
        faults.add(
            "model.audio.options.patchout",
            f"segments of {segment_s:g} s have {rows} rows and {columns} columns, of which {left_out[0]} and {left_out[1]} cannot be left out.",
        )


def _check_spectrogram(recipe: Recipe, encoder: AudioEncoder, faults: Faults) -> None:
    part: AudioPart = recipe.model.audio
    for number, step in enumerate(recipe.augment):
        rule = step.options.get("rule", MASKS[0])
        if step.name == "spec_augment" and (problem := _mask_problem(rule, encoder)):
            faults.add(f"augment.{number}.rule", f"{part.name} {problem}")
    if part.jitter_hz is not None and min(part.jitter_hz) >= 1:
        jitter, front_end = Jitter(*part.jitter_hz), encoder.front_end
        high_hz = front_end.fmax_hz + jitter.fmax_range_hz // 2
        low_hz = front_end.fmax_hz + jitter.fmax_range_hz // 2 - jitter.fmax_range_hz
        if high_hz > front_end.rate_hz / 2 or low_hz <= front_end.fmin_hz + jitter.fmin_range_hz:
            band = f"{front_end.fmin_hz:g} to {front_end.fmax_hz:g} Hz of {front_end.rate_hz / 2:g}"
            faults.add("model.audio.jitter_hz", f"{list(part.jitter_hz)} moves the filters of {part.name} ({band}) out of their place.")


def _mask_problem(rule: object, encoder: AudioEncoder) -> str:
    """What is wrong with SpecAugment's `rule` for the encoder, "" for nothing (`Augmentation.install`)."""
    if rule == _PASST_MASKS:
        return "" if encoder.front_end.name == PASST_MEL.name else "does not read the spectrogram of the masks `passt`: take `panns`."
    return "" if any(hasattr(module, "augment") for module in encoder.modules()) else "has no place for these masks: take `passt`."
