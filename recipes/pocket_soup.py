"""Runs of the pocket recipe's joint training that differ in their seed alone: kept as they end, and averaged into one model.

From one start such runs end near each other, and the mean of their weights finds more than any of them, most of all for captions that
none of them has seen (model soups, Wortsman et al. 2022, section 3; here all runs count alike and none is chosen).
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from pocket_towers import Words
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from hearken.models.pocket import PocketAudio

Tower = TypeVar("Tower", bound=nn.Module)


def averaged(towers: Sequence[Tower]) -> Tower:
    """Return a copy whose weights are the mean of those of `towers`, which are alike in all else."""
    mean = copy.deepcopy(towers[0])
    with torch.no_grad():
        for target, *weights in zip(mean.parameters(), *(tower.parameters() for tower in towers), strict=True):
            target.copy_(torch.stack(weights).mean(0))
    return mean


def keep_run(towers: tuple[PocketAudio, Words], path: Path, settings: Mapping[str, Any]) -> None:
    """Write both towers to the file `path` (safetensors), with the settings that made them, in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.contiguous() for key, value in nn.ModuleList(towers).state_dict().items()}
    beside = path.with_name(f"{path.name}.part")
    save_file(weights, beside, {"settings": _told(settings)})
    os.replace(beside, path)


def take_run(towers: tuple[PocketAudio, Words], path: Path, settings: Mapping[str, Any]) -> bool:
    """Load into `towers` what `keep_run` wrote with the same `settings`, and say whether there was such a file."""
    if not path.exists():
        return False
    with safe_open(path, "pt") as file:
        if (file.metadata() or {}).get("settings") != _told(settings):
            return False
    nn.ModuleList(towers).load_state_dict(load_file(path))
    return True


def _told(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)
