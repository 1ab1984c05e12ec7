"""What a run tells: plain values that stay as they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hearken.train.runs.report import Outcome, StepReport, Validated


def test_reports_are_values() -> None:
    step = StepReport(1, 2, 3, 4, 0.5, 0.05, 1e-4, 9.0)
    assert step == StepReport(epoch=1, num_epochs=2, step=3, num_steps=4, loss=0.5, temperature=0.05, rate=1e-4, clips_per_s=9.0)
    with pytest.raises(FrozenInstanceError):
        step.loss = 1.0  # type: ignore[misc]
    assert Validated(1, 3, {"loss": 1.0}, True).is_best
    assert not Outcome(Path("x"), {}, 1, 2, 0, False).finished
