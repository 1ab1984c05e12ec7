"""A run's records, read without torch: curves, and what is broken in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.report.training import read_training
from tests.evaluate.report.made import make_run


def test_a_run(tmp_path: Path) -> None:
    make_run(tmp_path, "kim2023/all-paper", seed=7)
    skipped: list[str] = []
    training = read_training(tmp_path, skipped)
    assert (training.name, training.seed, training.is_smoke, skipped) == ("kim2023/all-paper", 7, False, [])
    assert sorted(training.curves) == ["loss", "rate", "validation/t2a_mAP@10"]
    assert training.curves["loss"].steps.tolist() == [1, 2, 3]
    assert training.curves["loss"].values.tolist() == [4.0, 2.0, 4.0 / 3]
    assert training.curves["validation/t2a_mAP@10"].values.tolist() == [0.25]


def test_a_smoke_run_is_known(tmp_path: Path) -> None:
    make_run(tmp_path, smoke=True)
    assert read_training(tmp_path, []).is_smoke


def test_a_log_that_is_broken_in_the_middle_is_told_and_one_being_written_is_not(tmp_path: Path) -> None:
    make_run(tmp_path)
    lines = [
        '{"step": 1, "loss": 3.0}',
        "not JSON",
        '["a list"]',
        '{"loss": 1.0}',
        '{"step": 2, "loss": "nan", "on": true}',
        '{"step": 3, "lo',
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    skipped: list[str] = []
    curves = read_training(tmp_path, skipped).curves
    assert {name: (curve.steps.tolist(), curve.values.tolist()) for name, curve in curves.items()} == {"loss": ([1], [3.0])}
    assert skipped == [f"{tmp_path / 'log.jsonl'} has lines that cannot be read and are left out: 3."]


def test_what_is_written_twice_counts_as_it_was_written_last(tmp_path: Path) -> None:
    make_run(tmp_path)
    (tmp_path / "log.jsonl").write_text('{"step": 2, "loss": 1.0}\n{"step": 1, "loss": 5.0}\n{"step": 2, "loss": 0.5}\n')
    curve = read_training(tmp_path, []).curves["loss"]
    assert (curve.steps.tolist(), curve.values.tolist()) == ([1, 2], [5.0, 0.5])


def test_numbers_beyond_all_bounds_are_left_out(tmp_path: Path) -> None:
    make_run(tmp_path)
    lines = [
        {"step": 10**30, "loss": 1.0},
        {"step": -1, "loss": 1.0},
        {"step": 1, "loss": 10**400, "rate": 2},
        {"step": 2, "loss": float("inf"), "rate": True},
        {"step": 3, "loss": -1e308},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    skipped: list[str] = []
    curves = read_training(tmp_path, skipped).curves
    assert {name: curve.values.tolist() for name, curve in curves.items()} == {"rate": [2.0]}
    assert "left out: 2" in skipped[0]


def test_without_a_log_there_are_no_curves(tmp_path: Path) -> None:
    make_run(tmp_path)
    (tmp_path / "log.jsonl").unlink()
    assert read_training(tmp_path, []).curves == {}


@pytest.mark.parametrize(
    "record", ["", "{", "[]", "{}", '{"format": 1, "recipe": []}', '{"format": "1", "recipe": {}}', "[" * 100_000, "\x00"]
)
def test_a_broken_record_is_an_error(tmp_path: Path, record: str) -> None:
    (tmp_path / "run.json").write_text(record)
    with pytest.raises(EvaluationError, match=r"run\.json"):
        read_training(tmp_path, [])


def test_a_record_of_a_newer_hearken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": 2, "recipe": {}}))
    with pytest.raises(EvaluationError, match="format 2"):
        read_training(tmp_path, [])


@pytest.mark.parametrize("recipe", [{}, {"name": 3, "training": [], "data": 1}, {"training": {"seed": "x"}}])
def test_a_strange_recipe_is_no_crash(tmp_path: Path, recipe: dict[str, object]) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "recipe": recipe, "starts": [1]}))
    training = read_training(tmp_path, [])
    assert (training.name, training.seed, training.is_smoke) == (tmp_path.name, 0, False)
