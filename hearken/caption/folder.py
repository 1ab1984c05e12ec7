"""A captioner's folder: `config.json` beside the files that it lists with their SHA-256, as for the models that it listens with.

Its identity is a digest over all that decides what it writes. Two designs: ``decoder`` (a small network, `captioner.py`) and ``patterns`` (the
nearest of many real captions, `patterns.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.caption.decoding import Decoding
from hearken.errors import FormatVersionError, InputError, ModelError, show
from hearken.runtime.catalog import read_checked

FORMAT = 1
KIND = "captioner"
DESIGNS = {"decoder": ("decoder.onnx", "vocabulary.json"), "patterns": ("bank.json", "bank.npy")}
"""The files that each design needs."""
IDENTITY = ("format", "kind", "design", "model_digest", "dim", "max_places", "decoding", "patterns", "files")
"""The keys of a configuration that decide what is written; a key that is not there counts as absent."""
_NEEDED = {"name": str, "summary": str, "licence": str, "model_digest": str, "dim": int, "max_places": int, "decoding": dict, "files": dict}
_AGAIN = "Install Hearken, or make the captioner, again."


@dataclass(frozen=True)
class CaptionerFolder:
    """What `config.json` says of a captioner in `path`; `model_digest` is that of the dual encoder whose vectors (size `dim`) it reads.

    Captions with a score below `unsure_below` were mostly wrong when it was made; None where nobody measured that.
    """

    path: Path
    name: str
    summary: str
    licence: str
    digest: str
    model_digest: str
    design: str
    dim: int
    max_places: int
    decoding: Decoding
    unsure_below: float | None
    config: dict[str, Any]

    def read(self, name: str) -> bytes:
        """Return the bytes of one of its files. Raises ModelError, or DigestError where they are not those that were shipped."""
        return read_checked(self.path, name, self.config)


def read_folder(path: Path) -> CaptionerFolder:
    """Return what the captioner in `path` says of itself.

    Raises ModelError for a configuration that cannot be read or lacks something, FormatVersionError for that of a newer Hearken.
    """
    where = path / "config.json"
    try:
        config = json.loads(where.read_text(encoding="utf-8"))
        kind, version = config["kind"], int(config["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"The captioner's configuration {show(where)} cannot be read: {error}.", _AGAIN) from error
    if kind != KIND:
        raise ModelError(f"The model in {show(path)} is no captioner.", "`hearken models` lists what there is.")
    if version > FORMAT:
        raise FormatVersionError(
            f"The captioner in {show(path)} has format {version}; this Hearken reads up to {FORMAT}.", "Upgrade Hearken."
        )
    _check(where, config)
    try:
        decoding = Decoding(**config["decoding"])
    except (TypeError, InputError) as error:
        raise ModelError(f"The captioner's configuration {show(where)} misnames something: {error}.", _AGAIN) from error
    return CaptionerFolder(
        path=path, name=config["name"], summary=config["summary"], licence=config["licence"], digest=digest_of(config),
        model_digest=config["model_digest"], design=config.get("design", "decoder"), dim=config["dim"], max_places=config["max_places"],
        decoding=decoding, unsure_below=config.get("unsure_below"), config=config,
    )  # fmt: skip


def digest_of(config: dict[str, Any]) -> str:
    """Return the identity of a captioner: SHA-256 (hex) of the IDENTITY part of its configuration, in canonical form."""
    identity = {key: config[key] for key in IDENTITY if key in config}
    return hashlib.sha256(json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check(where: Path, config: dict[str, Any]) -> None:
    """Raise ModelError unless everything is there and of its type."""
    wrong = [key for key, kind in _NEEDED.items() if not isinstance(config.get(key), kind)]
    design = config.get("design", "decoder")
    if wrong:
        raise ModelError(f"The captioner's configuration {show(where)} lacks {', '.join(wrong)}.", _AGAIN)
    if design not in DESIGNS:
        raise ModelError(
            f"The captioner's configuration {show(where)} names a design {design!r}.", "Upgrade Hearken, or make the captioner again."
        )
    missing = [name for name in DESIGNS[design] if not isinstance(config["files"].get(name), str)]
    if not isinstance(config.get("unsure_below", 0.0), int | float):
        raise ModelError(f"The captioner's configuration {show(where)} has no number in unsure_below.", _AGAIN)
    if missing or config["dim"] < 1 or config["max_places"] < 1:
        raise ModelError(f"The captioner's configuration {show(where)} makes no sense: {', '.join(missing) or 'its sizes'}.", _AGAIN)
