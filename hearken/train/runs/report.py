"""What a training run tells those who watch it, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import show


@dataclass(frozen=True)
class StepReport:
    """One step is done: `step` of `num_steps` in all, in `epoch` (counted from 1) of `num_epochs`.

    `loss` is not finite where the step was skipped; `temperature` is None for a model without
    one; `rate` is the learning rate; `clips_per_s` counts the pairs of all processes.
    """

    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    loss: float
    temperature: float | None
    rate: float
    clips_per_s: float


@dataclass(frozen=True)
class Validated:
    """The model was tried on what it does not learn from: `figures` such as `t2a_mAP@10` or `CIDEr-D`; `is_best` of all so far, by the recipe's monitor."""

    epoch: int
    step: int
    figures: dict[str, float]
    is_best: bool


@dataclass(frozen=True)
class Outcome:
    """What training came to: the folder `run`, the figures of the best model and its epoch, steps done and skipped.

    `finished` is false where it was asked to stop before its end. Without validation `best` is empty and `best_epoch` the last one.
    """

    run: Path
    best: dict[str, float]
    best_epoch: int
    steps: int
    skipped: int
    finished: bool


def left_out(record: Mapping[str, Any]) -> str:
    """Return what a run does not learn from, of the record of its data (`TrainingData.record`), in a line for each corpus; "" for nothing.

    Clips that are in validation or test too and are learnt from on purpose are told as well.
    """
    return "\n".join(line for corpus in record["train"] if (line := _left_out_of(corpus)))


def _left_out_of(corpus: Mapping[str, Any]) -> str:
    *reports, guard = corpus["leaks"]
    leaked = "in validation or test, or on a blacklist"
    counts = {
        "whose sound is not here": corpus["clips_without_sound"],
        "without a caption": corpus["clips_without_caption"],
        leaked: guard["dropped_clips"],
    }
    parts = [f"{count} {why}" for why, count in counts.items() if count]
    told = [f"left out: {', '.join(parts)}"] if parts else []
    if guard["policy"] == "allow" and (found := max((report["leaked_training_clips"] for report in reports), default=0)):
        told.append(f"at least {found} {leaked}, and learnt from on purpose (data.leaks: allow)")
    return f"{show(corpus['corpus'])}: {corpus['clips']} clips to learn from; {'; '.join(told)}." if told else ""
