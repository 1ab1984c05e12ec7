"""Learning rates by hand: 4 steps an epoch."""

from __future__ import annotations

import pytest

from hearken.train.recipe import OptimizerPart, SchedulePart
from hearken.train.schedule import SCHEDULES, share

OPTIMIZER = OptimizerPart(rate=1e-3)


def rates(schedule: SchedulePart, steps: range, *, epochs: int = 4, plateau: float = 1.0) -> list[float]:
    return [share(schedule, OPTIMIZER, step=step, steps_per_epoch=4, epochs=epochs, plateau=plateau) for step in steps]


def test_the_warm_up_grows_by_equal_amounts() -> None:
    assert rates(SchedulePart("constant", warmup_epochs=1), range(6)) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert rates(SchedulePart("constant", warmup_epochs=0), range(2)) == [1.0, 1.0]


def test_the_cosine_ends_at_its_final_rate_and_stays_there() -> None:
    schedule = SchedulePart("cosine", warmup_epochs=1, final_rate=1e-4)
    assert rates(schedule, range(4, 17, 6)) == pytest.approx([1.0, 0.55, 0.1])  # begin, half way (0.1 + 0.9 / 2), end at step 16
    early = SchedulePart("cosine", warmup_epochs=1, final_rate=1e-4, end_epoch=3)
    assert rates(early, range(8, 16, 4)) == pytest.approx([0.55, 0.1])
    assert rates(early, range(12, 16)) == pytest.approx([0.1] * 4)


def test_steps_and_plateaus_multiply() -> None:
    stairs = SchedulePart("step", warmup_epochs=0, factor=0.1, every_epochs=2)
    assert rates(stairs, range(0, 20, 4), epochs=5) == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert rates(SchedulePart("plateau", warmup_epochs=0), range(1), plateau=0.01) == pytest.approx([0.01])
    floor = SchedulePart("plateau", warmup_epochs=0, min_rate=1e-4)
    assert rates(floor, range(1), plateau=0.01) == pytest.approx([0.1])


def test_every_schedule_is_known() -> None:
    assert {name: rates(SchedulePart(name, warmup_epochs=0), range(1)) for name in SCHEDULES} == {name: [1.0] for name in SCHEDULES}
