"""From a network to a model that can be run: written aside, checked against the network, and only then put in its place."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hearken.errors import InputError, ModelError, show
from hearken.runtime.catalog import config_digest, files_bytes, read_config
from hearken.runtime.model import Model

if TYPE_CHECKING:
    from hearken.export.check import Encodes, Parity
    from hearken.export.folder import Card
    from hearken.export.quantize import Loss
    from hearken.models.dual import DualEncoder

Tell = Callable[[str], None]
"""Gets a line for each step of something that takes long."""
_STALE_S = 86_400.0


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
    the network computes; InputError when `target` holds more than a model.
    """
    from hearken.export import folder
    from hearken.export.reference import Reference

    tell = tell or _nobody
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent, f".{target.name}.part-*")
    aside = target.with_name(f".{target.name}.part-{uuid.uuid4().hex[:8]}")
    try:
        whole = aside / "whole"
        tell("writing the graphs")
        policy = folder.write_folder(dual, whole, card, segment_s=segment_s)
        tell("checking them against the network")
        parity = _checked(Reference(dual, policy), whole, policy.chunk_s)
        result = _quantized(whole, aside / "small", tell) if int8 else _Made(whole)
        put_in_place(result.folder, target)  # by now nobody has its files open, or Windows would refuse
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    config = read_config(target)
    return Published(card.name, target, config_digest(config), files_bytes(target, config), parity, result.int8, result.loss)


def _nobody(step: str) -> None:
    """Tell `step` to nobody."""


def _checked(reference: Encodes, folder: Path, segment_s: float) -> Parity:
    """How far the model in `folder` is from `reference`. Raises ModelError when that is too far."""
    from hearken.export import check

    exported = Model(folder)
    parity = check.compare(reference, exported, rate_hz=exported.rate_hz, segment_s=segment_s)
    check.require(parity)
    return parity


@dataclass(frozen=True)
class _Made:
    folder: Path
    int8: tuple[str, ...] = ()
    loss: Loss | None = None


def _quantized(whole: Path, folder: Path, tell: Tell) -> _Made:
    """Make an 8-bit copy of the model `whole` in `folder`, and measure what it lost."""
    from hearken.export.folder import quantize_folder
    from hearken.export.quantize import measure

    tell("making them smaller")
    shutil.copytree(whole, folder)
    names = tuple(quantize_folder(folder))
    tell("measuring the loss")
    exact = Model(whole)
    return _Made(folder, names, measure(exact, Model(folder), rate_hz=exact.rate_hz))


def check_target(target: Path) -> None:
    """Raise InputError if nothing can be written there, or if `target` holds anything but an exported model: that is not ours to replace."""
    above = next(parent for parent in target.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(
            f"{show(target)} cannot be made: nothing can be written to {show(above)}.",
            "Name another folder with --out, or in $HEARKEN_MODELS.",
        )
    if target.exists() and not _is_replaceable(target):
        raise InputError(f"{show(target)} is there already, and holds more than an exported model.", "Name another folder with --out.")


def _is_replaceable(target: Path) -> bool:
    """Say whether `target` is an empty folder, or one with nothing but the files of an exported model."""
    if not target.is_dir():
        return False
    inside = {path.name for path in target.iterdir()}
    try:
        return not inside or inside <= {"config.json", *read_config(target)["files"]}
    except ModelError:
        return False


def sweep(folder: Path, pattern: str) -> None:
    """Remove what exports that were killed left in `folder` under names like `pattern`, once it is older than any that still runs."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)


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
