"""The learning rate of every step, as a pure function of where training is.

A rate is a share of the full rate: 1 after the warm-up. Primus et al. (2023), section 2.6: one warm-up epoch, then a cosine from 2e-5
to 1e-7. Plateaus are the one thing that depends on what happened: `monitor.py` keeps their factor.
"""

from __future__ import annotations

import math

from hearken.train.recipe import OptimizerPart, SchedulePart

SCHEDULES = ("constant", "cosine", "step", "plateau")


def share(schedule: SchedulePart, optimizer: OptimizerPart, *, step: int, steps_per_epoch: int, epochs: int, plateau: float = 1.0) -> float:
    """Return the share of the full learning rate for update `step` (from 0); `plateau` is the factor of plateaus so far.

    The warm-up grows by equal amounts and is complete with its last step. The cosine runs from there to `end_epoch` (or `epochs`),
    at which `final_rate` is reached; later it stays there.
    """
    warm_steps = round(schedule.warmup_epochs * steps_per_epoch)
    if step < warm_steps:
        return (step + 1) / warm_steps
    value = {"cosine": _cosine, "step": _step}.get(schedule.name, _constant)(schedule, optimizer, step, warm_steps, steps_per_epoch, epochs)
    return max(value * plateau, min(1.0, schedule.min_rate / optimizer.rate))


def _constant(*_: object) -> float:
    return 1.0


def _cosine(schedule: SchedulePart, optimizer: OptimizerPart, step: int, warm_steps: int, steps_per_epoch: int, epochs: int) -> float:
    end = (epochs if schedule.end_epoch is None else schedule.end_epoch) * steps_per_epoch
    done = min(1.0, (step - warm_steps) / max(1.0, end - warm_steps))
    last = schedule.final_rate / optimizer.rate
    return last + (1.0 - last) * 0.5 * (1.0 + math.cos(math.pi * done))


def _step(schedule: SchedulePart, optimizer: OptimizerPart, step: int, warm_steps: int, steps_per_epoch: int, epochs: int) -> float:
    del optimizer, warm_steps, epochs
    return float(schedule.factor ** (step // steps_per_epoch // schedule.every_epochs))
