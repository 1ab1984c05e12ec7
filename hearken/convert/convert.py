"""One public checkpoint to one model folder: read, plan, rename, check, write.

Strict throughout: every tensor of the file is used, compared with ours, or dropped for a reason that is told; every tensor
of our network comes from the file, or is one that our network computes itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
from hearken.errors import CheckpointError, ModelError, show
from hearken.models import weights
from hearken.models.audio_table import build_audio
from hearken.models.config import AudioConfig, DualConfig
from hearken.models.dual import DualEncoder
from hearken.models.encoder import AudioEncoder

ACCOUNT = "conversion.json"
"""The file beside the weights that says where they came from."""


@dataclass(frozen=True)
class Report:
    """What became of a file: `num_used` tensors, those `compared` with our front end, those `dropped` and why.

    `kind` is that of the folder: "dual" or "audio_encoder". `beside` lay in the file next to the weights. `tokenizer` says
    where it came from; "" where the model has none.
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
    config: AudioConfig | DualConfig
    state: dict[str, Tensor]
    num_parameters: int
    made: tuple[str, ...]


def convert(path: Path, out: Path, *, name: str | None = None, tokenizer: Path | None = None, origin: Origin | None = None) -> Report:
    """Convert the file or `transformers` folder at `path` into the model folder `out`, and say what became of it.

    `name` is a format or an architecture where it is not to be found out; `tokenizer` a tokenizer.json for a text side
    whose own is not at hand. Raises CheckpointError for a wrong or damaged file, InputError, ModelError.
    """
    if (out / weights.CONFIG).exists() and not (out / ACCOUNT).exists():
        raise ModelError(f"The folder {show(out)} holds another model.", "Name another folder with --out.")
    done = convert_state(read(path), name)
    _check_finite(done)
    dual = isinstance(done.config, DualConfig)
    words = done.config.text.architecture.get("vocab_size") if isinstance(done.config, DualConfig) else None
    text, whence = find_tokenizer(done.plan.tokenizer, done.checkpoint.folder, tokenizer, words) if dual else (None, "")
    notes = [*done.plan.notes, *_changed(out, origin)]
    if dual and text is None:
        notes.append(f"No tokenizer: {whence}. The model hears, but reads no text until it is converted with --tokenizer FILE.")
    kind, config = (
        ("dual", done.config.to_json()) if isinstance(done.config, DualConfig) else ("audio_encoder", {"audio": asdict(done.config)})
    )
    compared = tuple(name for name in done.applied.tensors if name.startswith(FILTERS))
    report = Report(
        source=str(path), folder=str(out), format=done.format, title=done.plan.title, kind=kind, wrapper=done.checkpoint.wrapper,
        num_tensors=len(done.checkpoint.tensors), num_used=len(done.applied.used) - len(compared),
        num_parameters=done.num_parameters,
        compared=tuple(name.removeprefix(FILTERS) for name in compared), dropped=done.applied.dropped, made=done.made,
        beside=done.checkpoint.beside, tokenizer=whence if text else "", notes=tuple(notes), origin=origin or Origin(),
    )  # fmt: skip
    account = json.dumps(report.to_json(), indent=2) + "\n"
    weights.save(out, {"kind": kind, **config}, done.state, text, beside={ACCOUNT: account})
    return report


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


def _build(plan: Plan) -> tuple[nn.Module, AudioEncoder, AudioConfig | DualConfig]:
    """Our network, the audio encoder in it, and its whole configuration; without memory for numbers that nobody keeps."""
    with torch.device("cpu" if plan.own else "meta"):
        if isinstance(plan.config, DualConfig):
            dual = DualEncoder(plan.config)
            return dual, dual.audio.encoder, dual.config
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
