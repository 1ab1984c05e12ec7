"""From a network to a model that can be run: written aside, checked against the network, and only then put in its place."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hearken.errors import InputError, show
from hearken.runtime.catalog import config_digest, files_bytes, read_config
from hearken.runtime.model import Model

if TYPE_CHECKING:
    from hearken.export.check import Parity
    from hearken.export.folder import Card
    from hearken.export.quantize import Loss
    from hearken.models.dual import DualEncoder

Tell = Callable[[str], None]
"""Gets a line for each step of something that takes long."""


@dataclass(frozen=True)
class Published:
    """A model that was exported: name, place, digest and bytes, how far it is from the network, and what eight bits cost."""

    name: str
    folder: Path
    digest: str
    size_bytes: int
    parity: Parity
    int8: tuple[str, ...] = ()
    loss: Loss | None = None


def publish(
    dual: DualEncoder, target: Path, card: Card, *, segment_s: float | None = None, int8: bool = False, tell: Tell | None = None
) -> Published:
    """Export `dual` to the folder `target` and return what came of it; an older model there is replaced, whole or not at all.

    `tell` gets a line for each step. Raises ModelError, and leaves nothing behind, when the graphs do not compute what
    the network computes; InputError when `target` holds something else than a model.
    """
    from hearken.export import check, folder
    from hearken.export.reference import Reference

    tell = tell or _nobody
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part-{uuid.uuid4().hex[:8]}")
    try:
        whole = aside / "whole"
        tell("writing the graphs")
        policy = folder.write_folder(dual, whole, card, segment_s=segment_s)
        tell("checking them against the network")
        exported = Model(whole)
        parity = check.compare(Reference(dual, policy), exported, rate_hz=exported.rate_hz, segment_s=policy.frame_s)
        check.require(parity)
        result = _quantized(exported, aside / "small", tell) if int8 else _Made(whole)
        put_in_place(result.folder, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    config = read_config(target)
    return Published(card.name, target, config_digest(config), files_bytes(target, config), parity, result.int8, result.loss)


def _nobody(step: str) -> None:
    """Tell `step` to nobody."""


@dataclass(frozen=True)
class _Made:
    folder: Path
    int8: tuple[str, ...] = ()
    loss: Loss | None = None


def _quantized(exported: Model, folder: Path, tell: Tell) -> _Made:
    """Make an 8-bit copy of the model in `folder`, and measure what it lost."""
    from hearken.export.folder import quantize_folder
    from hearken.export.quantize import measure

    tell("making them smaller")
    shutil.copytree(exported.folder, folder)
    names = tuple(quantize_folder(folder))
    tell("measuring the loss")
    return _Made(folder, names, measure(exported, Model(folder), rate_hz=exported.rate_hz))


def check_target(target: Path) -> None:
    """Raise InputError if `target` holds something else than a model; then it is not ours to replace."""
    if target.exists() and not (target.is_dir() and ((target / "config.json").is_file() or not any(target.iterdir()))):
        raise InputError(f"{show(target)} is there already, and it is no model.", "Name another folder with --out.")


def put_in_place(made: Path, target: Path) -> None:
    """Make the finished folder `made` visible as `target`, in place of an older model, which stays if that fails."""
    if not target.exists():
        made.replace(target)
        return
    old = made.with_name("old")
    target.replace(old)
    try:
        made.replace(target)
    except OSError:
        old.replace(target)
        raise
