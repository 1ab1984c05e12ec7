"""What a run tells: plain values that stay as they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from hearken.train.runs.report import Outcome, StepReport, Validated, left_out


def test_reports_are_values() -> None:
    step = StepReport(1, 2, 3, 4, 0.5, 0.05, 1e-4, 9.0)
    assert step == StepReport(epoch=1, num_epochs=2, step=3, num_steps=4, loss=0.5, temperature=0.05, rate=1e-4, clips_per_s=9.0)
    with pytest.raises(FrozenInstanceError):
        step.loss = 1.0  # type: ignore[misc]
    assert Validated(1, 3, {"loss": 1.0}, True).is_best
    assert not Outcome(Path("x"), {}, 1, 2, 0, False).finished


def corpus(*, silent: int = 0, wordless: int = 0, dropped: int = 0, policy: str = "drop", leaked: tuple[int, ...] = ()) -> dict[str, Any]:
    reports: list[dict[str, Any]] = [{"leaked_training_clips": count} for count in leaked]
    return {
        "corpus": "a\n.csv", "clips": 7, "clips_without_sound": silent, "clips_without_caption": wordless,
        "leaks": [*reports, {"policy": policy, "dropped_clips": dropped}],
    }  # fmt: skip


def test_what_is_left_out_is_told() -> None:
    assert left_out({"train": [corpus(), corpus(policy="allow"), corpus(policy="allow", leaked=(0,))]}) == ""
    told = left_out({"train": [corpus(silent=2, wordless=1, dropped=5, leaked=(5,)), corpus(), corpus(silent=3)]})
    assert told.splitlines() == [
        "a\\n.csv: 7 clips to learn from; left out: 2 whose sound is not here, 1 without a caption, 5 in validation or test, or on a blacklist.",
        "a\\n.csv: 7 clips to learn from; left out: 3 whose sound is not here.",
    ]
    assert left_out({"train": [corpus(policy="allow", leaked=(4, 6))]}) == (
        "a\\n.csv: 7 clips to learn from; at least 6 in validation or test, or on a blacklist, and learnt from on purpose (data.leaks: allow)."
    )
