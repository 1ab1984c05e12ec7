"""The command that makes an evaluation again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.evaluate.report.commands import evaluate_command, zero_shot_command
from hearken.evaluate.store import Stored, load
from tests.evaluate.report.made import make_evaluation, make_task

BASE = "--data a.csv --data 'b c.csv' --definition any-of-n"


def stored(tmp_path: Path, facts: object, **settings: object) -> Stored:
    task = replace(make_task(), record={"corpora": ["a.csv", "b c.csv"]})
    make_evaluation(tmp_path / "one", task=task)
    found = load(tmp_path / "one")
    return replace(found, facts=facts, settings=found.settings | settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        ({"model": "pocket", "max_duration_s": None, "tta": "", "windows": "", "variations": ""}, f"hearken evaluate pocket {BASE}"),
        ({"model": "pocket", "max_duration_s": 2.5}, f"hearken evaluate pocket {BASE} --max-duration 2.5"),
        (
            {"model": "my run", "tta": "4:2x2", "encoder": {"layer": "encoder.blocks.2"}},
            f"hearken evaluate 'my run' {BASE} --tta 4:2x2 --tta-layer encoder.blocks.2",
        ),
        ({"model": "m", "tta": "4", "encoder": {"layer": "encoder"}}, f"hearken evaluate m {BASE} --tta 4"),
        ({"model": "m", "windows": "own,5", "variations": "eda"}, f"hearken evaluate m {BASE} --windows own,5 --rephrased eda"),
        ({"members": ["m", "n"]}, f"hearken evaluate m n {BASE} --ensemble mean"),
        ({"members": ["m", "n"], "fitted_on": ["val.csv"]}, f"hearken evaluate m n {BASE} --ensemble fitted --fit-on val.csv"),
        ({"members": ["m + TTA 4", "n"]}, ""),
        ({}, ""),
        ([1], ""),
        ({"model": 3, "members": 4}, ""),
    ],
)
def test_models_and_what_was_done_besides(tmp_path: Path, facts: object, command: str) -> None:
    assert evaluate_command(stored(tmp_path, facts)) == command


def test_settings_that_do_not_go_without_saying(tmp_path: Path) -> None:
    changed = stored(tmp_path, {"model": "m"}, interval="jackknife", seed=3, metrics=("MRR",))
    assert evaluate_command(changed) == f"hearken evaluate m {BASE} --metric MRR --interval jackknife --seed 3"


def test_without_a_corpus_there_is_none(tmp_path: Path) -> None:
    found = stored(tmp_path, {"model": "m"})
    assert evaluate_command(replace(found, task=replace(found.task, record={}))) == ""
    assert zero_shot_command({"model": "m"}, {}, ["{}"]) == ""


def test_classifications() -> None:
    command = zero_shot_command({"model": "m", "max_duration_s": 5.0}, {"corpora": ["a.csv"]}, ["{}", "sound of {}"])
    assert command == "hearken evaluate m --data a.csv --zero-shot --template '{}' --template 'sound of {}' --max-duration 5"
