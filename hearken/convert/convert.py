"""One public checkpoint to one model folder: read, plan, rename, check, write.

Strict throughout: every tensor of the file is used, compared with ours, or dropped for a reason that is told; every tensor
of our network comes from the file, or is one that our network computes itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hearken.convert.filters import FILTERS, check_filters
from hearken.convert.formats import find_format
from hearken.convert.obtain import Origin
from hearken.convert.plan import Plan
from hearken.convert.read import Checkpoint, read
from hearken.convert.rules import MAX_LISTED, Applied, Dropped, apply, check_fit
from hearken.convert.tokenizers import find_tokenizer
from hearken.convert.words import find_words
from hearken.errors import CheckpointError, InputError, ModelError, show
from hearken.models import weights
from hearken.models.audio_table import build_audio
from hearken.models.captioner import Captioner
from hearken.models.config import AudioConfig, CaptionerConfig, DualConfig
from hearken.models.dual import DualEncoder
from hearken.models.encoder import AudioEncoder
from hearken.text.vocabulary import END, START, WordVocabulary

ACCOUNT = "conversion.json"
"""The file beside the weights that says where they came from."""


@dataclass(frozen=True)
class Report:
    """What became of a file: `num_used` tensors, those `compared` with our front end, those `dropped` and why.

    `kind` is that of the folder: "dual", "captioner" or "audio_encoder". `beside` lay in the file next to the weights. `tokenizer` and
    `vocabulary` say where these came from; "" where the model has none.
    """

    source: str
    folder: str
    format: str
    title: str
    kind: str
    wrapper: str
    num_tensors: int
    num_used: int
    num_parameters: int
    compared: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    made: tuple[str, ...]
    beside: tuple[str, ...]
    tokenizer: str
    notes: tuple[str, ...]
    origin: Origin
    vocabulary: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the report as nested mappings of plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Converted:
    """A checkpoint that has become ours but is not written yet.

    `state` is it by our names, `config` what it belongs to, `num_parameters` those of our network, which keeps no frozen
    filters; `made` are the names that it filled itself.
    """

    checkpoint: Checkpoint
    format: str
    plan: Plan
    applied: Applied
    config: AudioConfig | DualConfig | CaptionerConfig
    state: dict[str, Tensor]
    num_parameters: int
    made: tuple[str, ...]


def convert(
    path: Path, out: Path, *, name: str | None = None, tokenizer: Path | None = None, vocabulary: Path | None = None,
    origin: Origin | None = None,
) -> Report:  # fmt: skip
    """Convert the file or `transformers` folder at `path` into the model folder `out`, and say what became of it.

    `name` is a format or an architecture where it is not to be found out; `tokenizer` a tokenizer.json for a text side
    whose own is not at hand; `vocabulary` the words of a captioner (`words.find_words`). Raises CheckpointError for a wrong or damaged file,
    InputError, ModelError.
    """
    if (out / weights.CONFIG).exists() and not (out / ACCOUNT).exists():
        raise ModelError(f"The folder {show(out)} holds another model.", "Name another folder with --out.")
    done = convert_state(read(path), name)
    _check_finite(done)
    kind, config = _described(done.config)
    beside = _beside(done, tokenizer, vocabulary)
    compared = tuple(name for name in done.applied.tensors if name.startswith(FILTERS))
    report = Report(
        source=str(path), folder=str(out), format=done.format, title=done.plan.title, kind=kind, wrapper=done.checkpoint.wrapper,
        num_tensors=len(done.checkpoint.tensors), num_used=len(done.applied.used) - len(compared),
        num_parameters=done.num_parameters,
        compared=tuple(name.removeprefix(FILTERS) for name in compared), dropped=done.applied.dropped, made=done.made,
        beside=done.checkpoint.beside, tokenizer=beside.tokenizer_from, notes=(*done.plan.notes, *_changed(out, origin), *beside.notes),
        origin=origin or Origin(), vocabulary=beside.vocabulary_from,
    )  # fmt: skip
    texts = beside.texts | {ACCOUNT: json.dumps(report.to_json(), indent=2) + "\n"}
    weights.save(out, {"kind": kind, **config}, done.state, beside.tokenizer, beside=texts)
    return report


@dataclass(frozen=True)
class _Beside:
    """What stands beside the weights: the text of a tokenizer, further files by name, where both came from, and what is to be said."""

    tokenizer: str | None = None
    tokenizer_from: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    vocabulary_from: str = ""
    notes: tuple[str, ...] = ()


def _beside(done: Converted, tokenizer: Path | None, vocabulary: Path | None) -> _Beside:
    if isinstance(done.config, CaptionerConfig):
        words, whence = find_words(vocabulary, done.checkpoint.path, done.plan.num_words)
        text = json.dumps(words.to_json(), ensure_ascii=False) + "\n"
        return _Beside(texts={weights.VOCABULARY: text}, vocabulary_from=whence, notes=_doubts(whence))
    if vocabulary is not None:
        raise InputError(f"{done.plan.title} is no captioner and has no list of words.", "Leave --vocabulary out.")
    if not isinstance(done.config, DualConfig):
        return _Beside()
    found, whence = find_tokenizer(done.plan.tokenizer, done.checkpoint.folder, tokenizer, done.config.text.architecture.get("vocab_size"))
    if found is None:
        note = f"No tokenizer: {whence}. The model hears, but reads no text until it is converted with --tokenizer FILE."
        return _Beside(notes=(note,))
    return _Beside(found, whence)


def _doubts(whence: str) -> tuple[str, ...]:
    if not whence.endswith(".csv"):
        return ()
    return (
        f"The words are numbered as they first come in {show(whence)}; that there are as many as in the file is all that can be compared.",
    )


def _described(config: AudioConfig | DualConfig | CaptionerConfig) -> tuple[str, dict[str, Any]]:
    """The kind of a model folder, and its configuration as plain values."""
    if isinstance(config, AudioConfig):
        return "audio_encoder", {"audio": asdict(config)}
    return "dual" if isinstance(config, DualConfig) else "captioner", config.to_json()


def _check_finite(done: Converted) -> None:
    """Raise CheckpointError where a weight is no number: one such makes every vector one."""
    bad = [key for key, tensor in done.state.items() if tensor.is_floating_point() and tensor.numel() and not _is_finite(tensor)]
    if bad:
        more = f" and {len(bad) - MAX_LISTED} more" if len(bad) > MAX_LISTED else ""
        message = f"The weights of {done.plan.title} hold what is no number: {', '.join(bad[:MAX_LISTED])}{more}."
        raise CheckpointError(message, "The training that wrote this file had failed; take an earlier checkpoint.")


def _is_finite(tensor: Tensor) -> bool:
    return all(math.isfinite(float(extreme)) for extreme in torch.aminmax(tensor))


def _changed(out: Path, origin: Origin | None) -> list[str]:
    """A note when the file is another one than `out` was made from under the same name: nobody published a digest to go by."""
    try:
        before = json.loads((out / ACCOUNT).read_text(encoding="utf-8"))["origin"]
        name, sha256 = before["name"], before["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if not origin or not sha256 or name != origin.name or sha256 == origin.sha256:
        return []
    return [f"This is another file than the one converted here before, whose SHA-256 was {show(str(sha256))}."]


def convert_state(checkpoint: Checkpoint, name: str | None = None) -> Converted:
    """Return `checkpoint` under our names, checked. Raises CheckpointError, and InputError for an unknown `name`."""
    entry, asked = find_format(checkpoint.tensors, name)
    plan = entry.plan(checkpoint, asked)
    applied = apply(plan.rules, checkpoint.tensors, plan.title)
    model, encoder, config = _build(plan)
    filters = {key: tensor for key, tensor in applied.tensors.items() if key.startswith(FILTERS)}
    if filters:
        check_filters(filters, encoder.front_end, plan.title)
    wanted = model.state_dict()
    state = {key: _shaped(tensor, wanted.get(key)) for key, tensor in applied.tensors.items() if key not in filters}
    made = _complete(state, wanted, plan)
    check_fit(state, wanted, plan.title)
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    return Converted(checkpoint, entry.name, plan, applied, config, {key: state[key] for key in wanted}, num_parameters, made)


def _build(plan: Plan) -> tuple[nn.Module, AudioEncoder, AudioConfig | DualConfig | CaptionerConfig]:
    """Our network, the audio encoder in it, and its whole configuration; without memory for numbers that nobody keeps."""
    with torch.device("cpu" if plan.own else "meta"):
        if isinstance(plan.config, DualConfig):
            dual = DualEncoder(plan.config)
            return dual, dual.audio.encoder, dual.config
        if isinstance(plan.config, CaptionerConfig):  # which words they are decides no shape
            captioner = Captioner(plan.config, WordVocabulary([START, END, *map(str, range(2, plan.num_words))]))
            return captioner, captioner.audio.encoder, captioner.config
        encoder = build_audio(plan.config.name, **plan.config.options)
        return encoder, encoder, plan.config


def _shaped(tensor: Tensor, wanted: Tensor | None) -> Tensor:
    """`tensor` in the precision of ours; a single number loses its axes where ours has none."""
    if wanted is None or tensor.is_floating_point() != wanted.is_floating_point():
        return tensor
    if not wanted.ndim and tensor.numel() == 1:
        tensor = tensor.reshape(())
    return tensor.to(wanted.dtype)


def _complete(state: dict[str, Tensor], wanted: Mapping[str, Tensor], plan: Plan) -> tuple[str, ...]:
    """Add to `state` what the plan says that the file lacks by right; return its names."""
    made = []
    for key, tensor in wanted.items():
        if key in state:
            continue
        if any(re.fullmatch(pattern, key) for pattern in plan.own):
            state[key] = tensor.detach().clone()
        elif any(re.fullmatch(pattern, key) for pattern in plan.zeros):
            state[key] = torch.zeros(tensor.shape, dtype=tensor.dtype)
        else:
            continue
        made.append(key)
    return tuple(made)
