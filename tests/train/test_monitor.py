"""What validation decides, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from hearken.errors import InputError
from hearken.train.monitor import MONITORS, Watch, is_over, look, value_of
from hearken.train.recipe import SchedulePart, TrainingPart

CONSTANT = SchedulePart("constant")


def after(values: list[float], schedule: SchedulePart = CONSTANT) -> list[Watch]:
    watches = [Watch()]
    for epoch, value in enumerate(values, start=1):
        watches.append(look(watches[-1], value, epoch, schedule))
    return watches[1:]


def test_the_best_is_strictly_better() -> None:
    watch = after([0.3, 0.5, 0.5, 0.4])[-1]
    assert (watch.best, watch.best_epoch, watch.bad) == (0.5, 2, 2)


def test_what_is_no_number_is_never_the_best() -> None:
    first, second, third = after([math.nan, 0.1, math.nan])
    assert (first.best, first.bad) == (None, 1)
    assert (second.best, second.best_epoch, second.bad) == (0.1, 2, 0)
    assert (third.best, third.bad) == (0.1, 1)


def test_training_ends_after_so_many_bad_ones() -> None:
    training = TrainingPart(patience=2)
    assert [is_over(watch, training) for watch in after([0.2, 0.1, 0.1])] == [False, False, True]
    assert not is_over(after([0.2, 0.1, 0.1])[-1], TrainingPart(patience=None))


@pytest.mark.parametrize(
    "losses", [[1.0, 0.9, 0.95, 0.93, 0.92, 0.91, 0.5, 0.6, 0.6, 0.6, 0.6], [2.0] * 9, [3.0, 2.999, 2.998, 2.0, 1.99, 1.98, 1.97]]
)
def test_plateaus_fall_when_torch_says_so(losses: list[float]) -> None:
    schedule = SchedulePart("plateau", factor=0.1, patience=2, threshold=0.01)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2, threshold=0.01, threshold_mode="abs")
    for watch, loss in zip(after([-loss for loss in losses], schedule), losses, strict=True):
        theirs.step(loss)
        assert watch.factor == pytest.approx(optimizer.param_groups[0]["lr"])


def test_the_figure_that_counts() -> None:
    seen = {"t2a_mAP@10": 0.2, "a2t_mAP@10": 0.4, "loss": 3.0, "CIDEr-D": 2.5}
    assert [value_of(seen, name) for name in MONITORS] == pytest.approx([0.2, 0.4, 0.3, -3.0, 2.5])
    with pytest.raises(InputError, match="no figure 'accuracy'"):
        value_of(seen, "accuracy")


def test_the_state_survives_a_checkpoint() -> None:
    watch = after([0.1, 0.3, 0.2], SchedulePart("plateau", patience=0))[-1]
    assert Watch(**watch.to_json()) == watch
    assert watch.factor != 1.0
