"""What is found in folders, to whom an evaluation belongs, and that what is broken is told and left out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.report.collect import collect
from tests.evaluate.report.made import make_evaluation, make_run, make_zero_shot


def test_a_sweep_with_its_evaluations(tmp_path: Path) -> None:
    for number in (10, 2):
        make_run(tmp_path / "runs" / f"cnn-{number}", "cnn", seed=number)
        make_evaluation(tmp_path / "runs" / f"cnn-{number}" / "evaluations" / "toy")
    collected = collect([tmp_path / "runs"])
    assert [system.name for system in collected.systems] == ["cnn-2", "cnn-10"]
    assert [list(system.evaluations) for system in collected.systems] == [["toy"], ["toy"]]
    assert collected.skipped == ()
    assert [system.name for system in collected.named("cnn")] == ["cnn-2", "cnn-10"]
    assert [system.name for system in collected.named("cnn-10")] == ["cnn-10"]
    assert collected.named("cn") == ()


def test_recipes_of_a_paper_lie_a_level_deeper(tmp_path: Path) -> None:
    make_run(tmp_path / "kim2023" / "all-paper")
    make_evaluation(tmp_path / "kim2023" / "all-paper" / "evaluations" / "toy")
    assert [system.name for system in collect([tmp_path]).systems] == ["all-paper"]


def test_a_run_or_an_evaluation_alone(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    make_evaluation(tmp_path / "elsewhere" / "toy", system="pocket")
    alone = collect([tmp_path / "elsewhere" / "toy"]).systems
    assert [(system.name, system.training, list(system.evaluations)) for system in alone] == [("pocket", None, ["toy"])]
    both = collect([tmp_path / "run", tmp_path / "elsewhere"])
    assert [system.name for system in both.systems] == ["run", "pocket"]
    assert both.skipped == (f"{tmp_path / 'run'} has no evaluation; `hearken evaluate` makes one.",)


def test_an_evaluation_belongs_to_the_run_that_it_is_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "runs" / "cnn-0", "cnn")
    make_evaluation(tmp_path / "out" / "plain", system="runs/cnn-0")
    make_evaluation(tmp_path / "out" / "tta", system="runs/cnn-0 + TTA 5")
    make_evaluation(tmp_path / "out" / "other", system="runs/cnn-1")
    make_evaluation(tmp_path / "out" / "more", system="runs/cnn-1")
    monkeypatch.chdir(tmp_path)
    systems = collect(["out", "runs"]).systems
    assert [(system.name, sorted(system.evaluations)) for system in systems] == [("cnn-0", ["plain", "tta"]), ("cnn-1", ["more", "other"])]


def test_the_same_folder_counts_once(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    assert len(collect([tmp_path, tmp_path / "run", tmp_path / "link"]).systems) == 1


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    for place in ("a", "b", "c/b"):
        make_run(tmp_path / place / "run", place)
        make_evaluation(tmp_path / place / "run" / "evaluations" / "toy")
    names = [system.name for system in collect([tmp_path]).systems]
    assert names == ["a/run", "b/run", "b/run (2)"]


def test_what_is_broken_is_told_and_left_out(tmp_path: Path) -> None:
    make_run(tmp_path / "good")
    for name in ("fine", "empty", "torn", "foreign"):
        make_evaluation(tmp_path / "good" / "evaluations" / name)
    folder = tmp_path / "good" / "evaluations"
    (folder / "empty" / "scores.npz").write_bytes(b"")
    (folder / "torn" / "scores.npz").write_bytes((folder / "torn" / "scores.npz").read_bytes()[:200])
    (folder / "foreign" / "evaluation.json").write_text("[]")
    make_run(tmp_path / "damaged")
    (tmp_path / "damaged" / "run.json").write_text("{")
    (tmp_path / "half" / "checkpoints").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    collected = collect([tmp_path])
    assert [(system.name, list(system.evaluations)) for system in collected.systems] == [("good", ["fine"])]
    told = " ".join(collected.skipped)
    assert len(collected.skipped) == 5
    assert all(str(tmp_path / name) in told for name in ("damaged", "half"))
    assert all(str(folder / name) in told for name in ("empty", "torn", "foreign"))


def test_a_missing_file_of_an_evaluation(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "one", system="one")
    make_evaluation(tmp_path / "two", system="two")
    (tmp_path / "two" / "task.json").unlink()
    collected = collect([tmp_path])
    assert [system.name for system in collected.systems] == ["one"]
    assert "task.json" in collected.skipped[0]


@pytest.mark.parametrize("label", ["a\0b", "\ud800", "x/" * 4_000])
def test_a_label_that_is_no_path_is_a_name_all_the_same(tmp_path: Path, label: str) -> None:
    make_run(tmp_path / "run")
    make_evaluation(tmp_path / "one", system=label)
    (own,) = [system for system in collect([tmp_path]).systems if system.training is None]
    assert list(own.evaluations) == ["one"]
    assert own.name.isprintable()


def test_classifications_are_found_alone_and_in_runs(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    make_zero_shot(tmp_path / "run" / "evaluations" / "toy-zero-shot", system="run")
    make_zero_shot(tmp_path / "words", system="pocket")
    collected = collect([tmp_path, tmp_path / "words"])
    assert [each.system for each in collected.classified] == ["run", "pocket"]
    assert [list(system.evaluations) for system in collected.systems] == [["toy"]]
    assert collected.skipped == ()
    assert collect([tmp_path / "words"]).systems == ()
    (tmp_path / "words" / "zero_shot.json").write_text("{")
    (tmp_path / "run" / "evaluations" / "toy-zero-shot" / "classes.csv").write_text("class\n1")
    told = collect([tmp_path])
    assert [each.system for each in told.classified] == ["run"]
    assert any("zero_shot.json cannot be read" in sentence for sentence in told.skipped)
    assert any("classes.csv is left out" in sentence for sentence in told.skipped)


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="There is no folder"):
        collect([tmp_path / "none"])
    with pytest.raises(EvaluationError, match="holds neither a run nor an evaluation"):
        collect([tmp_path])
    make_evaluation(tmp_path / "one")
    (tmp_path / "one" / "evaluation.json").write_text(json.dumps({"format": 9}))
    with pytest.raises(EvaluationError, match="format 9"):
        collect([tmp_path])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "one")
    (tmp_path / "closed").mkdir(mode=0)
    try:
        assert "closed cannot be read" in collect([tmp_path]).skipped[0]
    finally:
        (tmp_path / "closed").chmod(0o700)
