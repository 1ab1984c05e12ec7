"""A run's best weights as a model that can be run: `RUN/model`, which the path of the run stands for everywhere.

Numbers of the network and of what is exported are compared as with `hearken export`; a folder is there when they are equal.
"""

from __future__ import annotations

import re
from pathlib import Path

from hearken.errors import InputError, show
from hearken.export.folder import Card
from hearken.models.dual import DualEncoder
from hearken.runtime.catalog import RUN_MODEL, captioner_not_model, is_name, writes_captions
from hearken.train.runs.checkpoint import best_model
from hearken.train.runs.run import RunFolder
from hearken.zoo.publish import Published, Tell, check_target, publish

LICENCE = "that of the weights and sounds it was trained on"


def export_run(
    run: RunFolder | str | Path, *, out: Path | None = None, name: str | None = None, segment_s: float | None = None, int8: bool = False,
    tell: Tell | None = None,
) -> Published:  # fmt: skip
    """Export the best model of a training run to `out`, by default to `RUN/model`, and return what came of it.

    It is called `name`, by default like the run's folder. `segment_s`, `int8` (matrices in 8 bits, which costs a little) and `tell` as in
    `publish`. Raises RunError where there is no run, or no model in it yet, ModelError where it trains a captioner, InputError for an impossible name, and what `publish` raises; what
    was exported before stays then.
    """
    opened = run if isinstance(run, RunFolder) else RunFolder.open(run)
    if writes_captions(opened.path):
        raise captioner_not_model(opened.path)
    if name is not None and not is_name(name):
        raise InputError(f"{show(name)!r} cannot be the name of a model.", "Give --name: letters, digits and - _ . + at most one slash.")
    target = out or opened.path / RUN_MODEL
    check_target(target)
    dual = DualEncoder.from_pretrained(best_model(opened))
    card = Card(name or _name(opened.path), f"{dual.config.audio.name} and {dual.config.text.name}, trained by {opened.name}", LICENCE)
    return publish(dual, target, card, segment_s=segment_s, int8=int8, tell=tell)


def _name(folder: Path) -> str:
    """The run's folder as the name of a model, without what names cannot have."""
    made = re.sub(r"[^\w.+-]+|\.{2,}", "-", folder.resolve().name, flags=re.ASCII).strip("-.+")
    return made if is_name(made) else "model"
