"""Every command means the same folder."""

from __future__ import annotations

from pathlib import Path

from hearken.cli.train.finetune import FOLDER
from hearken.train.runs.home import RUNS


def test_runs_are_below_the_folder_one_is_in() -> None:
    assert Path("runs") == RUNS
    assert FOLDER.parent == RUNS
