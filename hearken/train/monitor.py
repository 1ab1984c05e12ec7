"""What validation decides: which weights are the best so far, when the learning rate falls, and when to stop.

Plain numbers in, a new state out; the state is part of every checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hearken.errors import InputError
from hearken.train.recipe import SchedulePart, TrainingPart

DUAL_MONITORS = ("t2a_mAP@10", "a2t_mAP@10", "mean_mAP@10", "loss")
CAPTIONER_MONITORS = ("CIDEr-D", "loss")
MONITORS = tuple(dict.fromkeys(DUAL_MONITORS + CAPTIONER_MONITORS))


@dataclass(frozen=True)
class Watch:
    """The validations so far: the `best` value of the figure that counts, in which epoch, and how many brought nothing better since.

    `plateau_best`, `plateau_bad` are the same for the plateau schedule, whose `factor` multiplies the learning rate. A value is turned round
    where smaller is better (`loss`), so that larger is better here.
    """

    best: float | None = None
    best_epoch: int = -1
    bad: int = 0
    plateau_best: float | None = None
    plateau_bad: int = 0
    factor: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain values; `Watch(**values)` makes it again."""
        return asdict(self)


def value_of(figures: Mapping[str, float], monitor: str) -> float:
    """Return the figure `monitor` out of `figures` so that larger is better. Raises InputError for one that is not there."""
    if monitor == "mean_mAP@10":
        return (figures["t2a_mAP@10"] + figures["a2t_mAP@10"]) / 2
    if monitor not in figures:
        raise InputError(f"Validation has no figure {monitor!r}.", f"One of {', '.join(MONITORS)}.")
    return -figures[monitor] if monitor == "loss" else figures[monitor]


def look(watch: Watch, value: float, epoch: int, schedule: SchedulePart) -> Watch:
    """Return the state after the validation of `epoch` gave `value` (larger is better; one that is no number is never better).

    The best is what is strictly better than all before. A plateau ends (the factor falls) when for more than `patience` validations in a row
    nothing was better than its best by more than `threshold` (absolute, as in the DCASE 2022 baseline), like torch's ReduceLROnPlateau.
    """
    is_best = value == value and (watch.best is None or value > watch.best)
    watch = replace(watch, best=value, best_epoch=epoch, bad=0) if is_best else replace(watch, bad=watch.bad + 1)
    if schedule.name != "plateau":
        return watch
    if value == value and (watch.plateau_best is None or value > watch.plateau_best + schedule.threshold):
        return replace(watch, plateau_best=value, plateau_bad=0)
    if watch.plateau_bad + 1 > schedule.patience:
        return replace(watch, plateau_bad=0, factor=watch.factor * schedule.factor)
    return replace(watch, plateau_bad=watch.plateau_bad + 1)


def is_over(watch: Watch, training: TrainingPart) -> bool:
    """Say whether training ends early: no better value for `patience` validations in a row."""
    return training.patience is not None and watch.bad >= training.patience
