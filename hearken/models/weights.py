"""Model folders: `config.json`, `model.safetensors` and, for a text side, `tokenizer.json`, for a captioner `vocabulary.json`. No pickle.

Files are written beside their place and moved there together, the configuration last, so that a folder with a
configuration is whole. Loading is strict: every weight must be there, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hearken.errors import CheckpointError, ModelError, ModelNotFoundError, show
from hearken.files import replacing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FORMAT = 1
CONFIG, WEIGHTS, TOKENIZER, VOCABULARY = "config.json", "model.safetensors", "tokenizer.json", "vocabulary.json"
_SHOWN = 10


@dataclass(frozen=True)
class Saved:
    """What a model folder holds: its configuration (without `format` and `kind`), weights by name, and tokenizer text."""

    folder: Path
    config: dict[str, Any]
    state: dict[str, Tensor]
    tokenizer_json: str | None

    def tokenizer(self) -> Tokenizer | None:
        """Return the tokenizer, or None where the folder has none. Raises ModelError for a damaged one."""
        from tokenizers import Tokenizer

        if self.tokenizer_json is None:
            return None
        try:
            return Tokenizer.from_str(self.tokenizer_json)
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(f"The tokenizer in {show(self.folder)} is damaged: {error}.") from error


def save(
    folder: Path, config: Mapping[str, Any], state: Mapping[str, Tensor], tokenizer_json: str | None = None, *,
    beside: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write a model folder, replacing one that is there; `config` names its `kind`, `beside` are texts of further files.

    Raises ModelError when it cannot be written; a model that was there is then still whole.
    """
    text = json.dumps({"format": FORMAT, **config}, indent=2, ensure_ascii=False) + "\n"
    tensors = apart(state)
    new = not folder.is_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as files:  # all are written before the first takes its place
            files.enter_context(replacing(folder / CONFIG)).write_text(text, encoding="utf-8")
            texts = dict(beside or {}) | ({} if tokenizer_json is None else {TOKENIZER: tokenizer_json})
            for name, content in texts.items():
                files.enter_context(replacing(folder / name)).write_text(content, encoding="utf-8")
            save_file(tensors, files.enter_context(replacing(folder / WEIGHTS)), metadata={"format": "pt"})
        if tokenizer_json is None:
            (folder / TOKENIZER).unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The model cannot be written to {show(folder)}: {error}.") from error
    finally:
        if new and not (folder / CONFIG).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def apart(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return `state` as safetensors wants it: on the CPU, contiguous, no two in the same memory.

    Only what is not so already is copied: a large model is not held twice.
    """
    made: dict[str, Tensor] = {}
    places: set[int] = set()
    for name, tensor in state.items():
        plain = tensor.detach().cpu().contiguous()
        place = plain.untyped_storage().data_ptr()
        made[name] = plain.clone() if place in places else plain
        places.add(place)
    return made


def read(folder: Path, kind: str | None = None) -> Saved:
    """Return what the model folder holds.

    Raises ModelNotFoundError when there is no configuration, ModelError when it is damaged, of a newer format or of
    another kind than `kind`, CheckpointError when the weights are missing or damaged.
    """
    config = read_config(folder, kind)
    try:
        state = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError, ValueError, struct.error) as error:
        raise CheckpointError(
            f"The weights {show(folder / WEIGHTS)} cannot be read: {error}.", "Save or convert the model again."
        ) from error
    path = folder / TOKENIZER
    try:
        tokenizer = path.read_text(encoding="utf-8") if path.is_file() else None
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer {show(path)} cannot be read: {error}.") from error
    return Saved(folder, {key: value for key, value in config.items() if key not in ("format", "kind")}, state, tokenizer)


def read_config(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Return the checked `config.json` of a model folder, with `format` and `kind`. Raises as `read`."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"There is no model in {show(folder)}: it has no {CONFIG}.") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"The model configuration {show(path)} cannot be read: {error}.") from error
    version = config.get("format") if isinstance(config, dict) else None
    if not isinstance(version, int) or "kind" not in config:
        hint = "A model of another program is converted by hearken convert; an exported one is loaded by hearken.load_model."
        raise ModelError(f"{show(path)} is no configuration of a Hearken model for training.", hint)
    if version > FORMAT:
        raise ModelError(f"The model in {show(folder)} has format {version}; this Hearken reads up to {FORMAT}.", "Upgrade Hearken.")
    if kind is not None and config["kind"] != kind:
        raise ModelError(f"The model in {show(folder)} is of kind {config['kind']!r}, not {kind!r}.")
    return dict(config)


def load_strict(module: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Copy `state` into `module`: every name and shape must agree. Raises CheckpointError that lists up to 10 that do not."""
    own = module.state_dict()
    wrong = [f"missing {name}" for name in own if name not in state]
    wrong += [f"unexpected {name}" for name in state if name not in own]
    shapes = ((name, tuple(state[name].shape), tuple(own[name].shape)) for name in own if name in state)
    wrong += [f"{name} is {theirs}, not {ours}" for name, theirs, ours in shapes if theirs != ours]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise CheckpointError(f"The weights of {show(source)} do not fit: {'; '.join(wrong[:_SHOWN])}{more}.")
    module.load_state_dict(dict(state), strict=True)
