"""What a training run tells those who watch it, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StepReport:
    """One step is done: `step` of `num_steps` in all, in `epoch` (counted from 1) of `num_epochs`.

    `loss` is not finite where the step was skipped; `rate` is the learning rate; `clips_per_s` counts the pairs of all processes.
    """

    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    loss: float
    temperature: float
    rate: float
    clips_per_s: float


@dataclass(frozen=True)
class Validated:
    """The model was tried on what it does not learn from: `figures` such as `t2a_mAP@10`; `is_best` of all so far, by the recipe's monitor."""

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
