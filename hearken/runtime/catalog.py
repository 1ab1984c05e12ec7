"""Where models are, what they are called, and how one is known from another.

A model is a folder: `config.json` beside the files that it lists with their SHA-256. Its identity is a digest over those
digests, the front end and the length policy: everything that decides what vectors it gives.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import DigestError, ModelError, ModelNotFoundError, show

FORMAT = 1
IDENTITY = ("format", "dim", "num_features", "max_query_tokens", "front_end", "length_policy", "files")
"""The keys of a configuration that decide what vectors a model gives; its name and words do not."""
_NEEDED = (*IDENTITY, "name", "summary", "licence")
_REINSTALL = "Install Hearken, or make the model, again."
_ASSETS = Path(__file__).parents[1] / "assets"


@dataclass(frozen=True)
class ModelInfo:
    """One model that can be loaded by `name`: where it lies, and what its card says in short."""

    name: str
    path: str
    digest: str
    dim: int
    size_bytes: int
    licence: str
    summary: str


def list_models() -> list[ModelInfo]:
    """Return the models that come with Hearken, by name."""
    return [model_info(folder) for folder in sorted(_ASSETS.iterdir()) if (folder / "config.json").is_file()]


def model_info(folder: Path) -> ModelInfo:
    """Return the description of the model in `folder`. Raises ModelError when its configuration cannot be read."""
    config = read_config(folder)
    size = sum((folder / name).stat().st_size for name in config["files"] if (folder / name).is_file())
    return ModelInfo(config["name"], str(folder), config_digest(config), config["dim"], size, config["licence"], config["summary"])


def find_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by name or path. Raises ModelNotFoundError, listing the names there are."""
    for folder in (_ASSETS / str(name_or_path), Path(os.path.expanduser(name_or_path))):
        if (folder / "config.json").is_file():
            return folder
    names = ", ".join(info.name for info in list_models()) or "none"
    raise ModelNotFoundError(
        f"There is no model {show(str(name_or_path))!r}.", f"Built-in models: {names}. A path must be a folder with config.json."
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of the model in `folder`. Raises ModelError when it is damaged or too new."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        version = int(config["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model configuration {show(folder / 'config.json')} cannot be read: {error}.", _REINSTALL) from error
    if version > FORMAT:
        raise ModelError(f"The model in {show(folder)} has format {version}; this Hearken reads up to {FORMAT}.", "Upgrade Hearken.")
    missing = [key for key in _NEEDED if key not in config]
    if missing or not isinstance(config["files"], dict):
        raise ModelError(f"The model configuration {show(folder / 'config.json')} lacks {', '.join(missing) or 'its files'}.", _REINSTALL)
    return config


def config_digest(config: dict[str, Any]) -> str:
    """Return the identity of a model: SHA-256 (hex) of the IDENTITY part of its configuration, in canonical form."""
    identity = {key: config[key] for key in IDENTITY}
    return hashlib.sha256(json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_checked(folder: Path, name: str, config: dict[str, Any]) -> bytes:
    """Return the bytes of one of the model's files. Raises DigestError when they are not those that were shipped."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(f"The model file {show(folder / name)} cannot be read: {error.strerror}.", _REINSTALL) from error
    if hashlib.sha256(data).hexdigest() != config["files"][name]:
        raise DigestError(f"The model file {show(folder / name)} is damaged: its SHA-256 is not the one in config.json.", _REINSTALL)
    return data
