"""From a recipe's `model` to the network: parts by name with public, own or random weights, or all of it from another model.

Nothing is fetched unless the recipe says `weights: pretrained`; what is fetched stays in the models home.
"""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path

import torch

from hearken.audio.length import Padding
from hearken.convert.convert import convert
from hearken.convert.obtain import obtain
from hearken.errors import ModelError, ModelNotFoundError, RecipeError, RunError, show
from hearken.frontend.jitter import Jitter
from hearken.models import weights
from hearken.models.audio_table import audio_entry, build_tower, resolve
from hearken.models.build import load_audio
from hearken.models.captioner import Captioner
from hearken.models.concat import ConcatEncoder
from hearken.models.config import AudioConfig, DualConfig, Pooling
from hearken.models.dual import DualEncoder
from hearken.models.encoder import AudioEncoder
from hearken.models.text import TextTower
from hearken.models.text_table import build_text
from hearken.models.tower import AudioTower
from hearken.runtime.catalog import models_home
from hearken.train.recipe import AudioPart, ModelPart, Recipe, TextPart
from hearken.train.runs.home import RUNS

RANDOM, PRETRAINED = "random", "pretrained"
BEST = "best"
POCKET = "pocket"
_TAKEN_FROM = {"cnn14_wavcaps": "cnn14"}
"""Encoders whose authors began with the weights of another one, of which theirs is a part."""


def build_model(part: ModelPart, seed: int) -> DualEncoder:
    """Return the dual encoder of a recipe, in evaluation mode; what is random in it is a function of `seed`.

    Raises what reading, fetching and converting weights raise, and RunError where `start` names a run that has no model yet.
    """
    torch.manual_seed(seed)
    dual = start_model(part.start) if part.start else _from_parts(part)
    _jitter(dual.audio, part.audio)
    return dual


def build_tower_of(part: AudioPart, seed: int) -> tuple[AudioTower, AudioConfig]:
    """Return the audio side of a recipe alone, in evaluation mode, and what it was built by; what is random in it is a function of `seed`.

    Raises as `build_model`.
    """
    torch.manual_seed(seed)
    config = resolve(_audio(part))
    tower = build_tower(config)
    _fill_from(tower.encoder, part)
    _jitter(tower, part)
    return tower.eval(), config


def start_captioner(part: ModelPart, seed: int) -> Captioner:
    """Return the trained captioner that `part.start` names: a run's folder, a recipe whose run is in `runs/`, or a model folder.

    Raises RunError for a run without a model, and ModelNotFoundError and ModelError for what is no captioner.
    """
    torch.manual_seed(seed)
    captioner = Captioner.from_pretrained(_folder_of_run(part.start) or Path(part.start))
    _jitter(captioner.audio, part.audio)
    return captioner.eval()


def teacher_models(recipe: Recipe, rate_hz: int) -> tuple[DualEncoder, ...]:
    """Return the models that `recipe.teachers` name, for reading alone; they hear what the model hears that learns, at `rate_hz`.

    Raises RecipeError for one that expects another rate, and as `start_model`.
    """
    teachers = tuple(start_model(name).eval().requires_grad_(False) for name in recipe.teachers)
    for name, teacher in zip(recipe.teachers, teachers, strict=True):
        if teacher.rate_hz != rate_hz:
            raise RecipeError(
                f"The teacher {show(name)} hears {teacher.rate_hz} samples a second, and what learns from it {rate_hz}.",
                "Take teachers and a model of one sample rate.",
            )
    return teachers


def start_model(name: str) -> DualEncoder:
    """Return a trained model: "pocket", a run's folder, a recipe whose run is in `runs/`, a model folder, a checkpoint's name or hub id.

    Raises RunError for a run without a model, and what `DualEncoder.from_pretrained`, `obtain` and `convert` raise.
    """
    if (run := _folder_of_run(name)) is not None:
        return DualEncoder.from_pretrained(run)
    if (Path(name) / weights.CONFIG).is_file():
        return DualEncoder.from_pretrained(name)
    if name == POCKET:
        from hearken.convert.pocket import load_pocket

        return load_pocket()
    if difflib.get_close_matches(name, [POCKET]):
        raise ModelNotFoundError(f"There is no model {show(name)!r}.", f"The built-in one is called {POCKET}.")
    obtained = obtain(name, models_home() / "downloads")
    if (obtained.path / weights.CONFIG).is_file():
        return DualEncoder.from_pretrained(obtained.path)
    with tempfile.TemporaryDirectory() as folder_name:
        convert(obtained.path, Path(folder_name) / "weights", name=obtained.architecture, origin=obtained.origin)
        return DualEncoder.from_pretrained(Path(folder_name) / "weights")


def _folder_of_run(name: str) -> Path | None:
    """The folder of the best model of the run that `name` means, None if it means none. Raises RunError for a run without a model."""
    for folder in (Path(name), RUNS / name):
        if (folder / "run.json").is_file():
            if not (folder / BEST / weights.CONFIG).is_file():
                raise RunError(
                    f"The run {show(folder)} has no model yet.", f"Finish it first: hearken train ... --run {show(folder)} --resume."
                )
            return folder / BEST
    return None


def _from_parts(part: ModelPart) -> DualEncoder:
    text = _text(part.text)
    dual = DualEncoder(DualConfig(_audio(part.audio), text.config, part.projection, part.dim, part.temperature), text=text)
    _fill_from(dual.audio.encoder, part.audio)
    return dual.eval()


def _audio(part: AudioPart) -> AudioConfig:
    return AudioConfig(part.name, dict(part.options), part.rule, part.segment_s, _padding(part.padding))


def _jitter(tower: AudioTower, part: AudioPart) -> None:
    if part.jitter_hz is not None:
        tower.front_end.jitter = Jitter(*part.jitter_hz)


def _fill_from(encoder: AudioEncoder, part: AudioPart) -> None:
    """Give `encoder` the weights that `part` names, if any."""
    if part.weights == PRETRAINED:
        _fill_public(encoder, part)
    elif part.weights != RANDOM:
        _fill(encoder, load_audio(part.weights), part)


def _fill_public(encoder: AudioEncoder, part: AudioPart) -> None:
    """Give `encoder` the public weights of its name; of two encoders side by side, each its own."""
    if isinstance(encoder, ConcatEncoder):
        _fill_public(encoder.wide, AudioPart("cnn14", options={"front_end": ""}))
        _fill_public(encoder.narrow, AudioPart("htsat", options={"front_end": ""}))
    else:
        _fill(encoder, _public(_TAKEN_FROM.get(part.name, part.name)), part)


def _fill(encoder: AudioEncoder, trained: AudioEncoder, part: AudioPart) -> None:
    """Copy weights into `encoder`; the trained one may have heads that it lacks.

    Raises ModelError where they were trained on another spectrogram, unless the recipe names one itself; CheckpointError where they do not fit.
    """
    if encoder.front_end != trained.front_end and "front_end" not in part.options:
        raise ModelError(
            f"The weights {show(part.weights)!r} were trained on another spectrogram than {part.name!r} reads.",
            "Name the encoder that they belong to, or a front_end in its options if that is meant.",
        )
    state, own = trained.state_dict(), encoder.state_dict()
    weights.load_strict(
        encoder, {name: value for name, value in state.items() if name in own or part.name not in _TAKEN_FROM}, part.weights
    )


def _public(name: str) -> AudioEncoder:
    """The encoder `name` with its public weights: from the models home, and first fetched and converted into it if need be."""
    if name == POCKET:  # in the package
        from hearken.convert.pocket import load_pocket

        return load_pocket().audio.encoder
    folder = models_home() / "weights" / name
    if not (folder / weights.CONFIG).is_file():
        if not audio_entry(name).checkpoint:
            raise ModelError(f"There are no public weights of {name!r}.", "Say `weights: random`, or give a model folder.")
        obtained = obtain(name, models_home() / "downloads")
        convert(obtained.path, folder, name=obtained.architecture, origin=obtained.origin)
    return load_audio(folder)


def _text(part: TextPart) -> TextTower:
    pooling: Pooling | None = part.pooling  # type: ignore[assignment]  # read.py has looked
    source = part.name if part.weights in (RANDOM, PRETRAINED) else part.weights
    return build_text(
        source, pretrained=part.weights != RANDOM, pooling=pooling, policy=part.policy, dropout=part.dropout, words=part.words or None
    )  # fmt: skip


def _padding(name: str | None) -> Padding | None:
    return name  # type: ignore[return-value]  # read.py has looked
