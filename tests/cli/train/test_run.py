"""`hearken train RECIPE`: what it hands to training, what it prints, and how it ends; training itself is a stand-in here."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("yaml")

from hearken.cli.train import run as command
from hearken.errors import extra_hint
from hearken.train import session
from hearken.train.recipe import Recipe
from hearken.train.runs import export
from hearken.train.runs.checkpoint import write_best
from hearken.train.runs.report import Outcome, StepReport, Validated
from hearken.train.runs.run import RunFolder
from tests.cli.conftest import Result
from tests.train.small import model

FIGURES = {"t2a_mAP@10": 0.25, "t2a_R@1": 0.125, "a2t_mAP@10": 0.5, "loss": 1.5}


class FakeTraining:
    """Stands for `run_recipe`: remembers how it was called, tells of two steps, and leaves a best model."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.is_first = True
        self.finished = True
        self.signals: tuple[int, ...] = ()
        self.interrupted_as: type[BaseException] | None = None

    def __call__(self, recipe: Recipe, folder: Path, *, watchers: Any, on_start: Callable[[bool], None], **options: Any) -> Outcome:
        self.calls.append({"recipe": recipe, "folder": folder, **options})
        on_start(self.is_first)
        with RunFolder.enter(folder, recipe, resume=options["resume"]) as run:
            write_best(run, model(), {"figures": FIGURES})
        for step in (1, 2):
            watchers.on_step(StepReport(1, 1, step, 2, 1.0, 0.05, 1e-4, 9.0))
            try:
                for number in self.signals:
                    os.kill(os.getpid(), number)
            except KeyboardInterrupt as error:
                raise (self.interrupted_as or KeyboardInterrupt) from error
            if watchers.stop():
                return Outcome(folder, {}, 0, step, 0, finished=False)
        watchers.on_validated(Validated(1, 2, FIGURES, True))
        return Outcome(folder, FIGURES, 1, 1_200, 3, self.finished)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeTraining:
    fake = FakeTraining()
    monkeypatch.setattr(session, "run_recipe", fake)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("data: {train: [{corpus: clips.csv}]}\ntraining: {epochs: 3}\n")
    return fake


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Runs that were exported."""
    done: list[Path] = []

    class Made:
        folder = Path("runs/mine/model")

    def export_run(run: RunFolder, *, tell: Any = None) -> Made:
        done.append(run.path)
        if tell:
            tell("checking")
        return Made()

    monkeypatch.setattr(export, "export_run", export_run)
    return done


def test_a_recipe_is_trained_and_exported(training: FakeTraining, exported: list[Path], cli: Callable[..., Result]) -> None:
    done = cli("train", "mine.yaml", "--set", "training.epochs=2", "--jobs", "3", "--accelerator", "cpu")
    assert (done.code, exported) == (0, [Path("runs/mine")])
    (call,) = training.calls
    assert (call["recipe"].training.epochs, call["recipe"].name, call["folder"]) == (2, "mine", Path("runs/mine"))
    assert {key: call[key] for key in ("resume", "devices", "nodes", "accelerator", "jobs", "loggers")} == {
        "resume": False, "devices": 1, "nodes": 1, "accelerator": "cpu", "jobs": 3, "loggers": ("tensorboard",),
    }  # fmt: skip
    words = re.sub(r"\s+", " ", done.out)
    assert "run runs/mine steps 1 200 (3 skipped: not finite) best, epoch 1 text to audio: mAP@10 25.00 %, R@1 12.50 %" in words
    assert "audio to text: mAP@10 50.00 % loss 1.5000 model runs/mine/best" in words
    assert "hearken index DIR --model runs/mine" in words
    assert "epoch 1/1, step 2/2" in done.err
    assert "checking ..." in done.err


def test_json(training: FakeTraining, exported: list[Path], cli: Callable[..., Result]) -> None:
    done = cli("train", "mine.yaml", "--run", "here", "--json", "--log", "wandb", "--log", "none", "--devices", "2", "--nodes", "3")
    assert done.err == ""
    assert json.loads(done.out) == {
        "run": "here", "steps": 1_200, "skipped": 3, "best_epoch": 1, "best": FIGURES, "model": "here/best", "exported": "runs/mine/model",
        "test_percent": {}, "test_percent_low": {}, "test_percent_high": {}, "evaluations": [],
    }  # fmt: skip
    assert [training.calls[0][key] for key in ("loggers", "devices", "nodes")] == [("wandb",), 2, 3]
    assert json.loads(cli("train", "mine.yaml", "--run", "there", "--json", "--no-export").out)["exported"] is None
    assert exported == [Path("here")]


def test_going_on_needs_no_recipe(training: FakeTraining, exported: list[Path], cli: Callable[..., Result]) -> None:
    assert cli("train", "mine.yaml", "--set", "training.epochs=7", "--no-export").code == 0
    again = cli("train", "mine.yaml")
    assert again.code == 1
    assert "--resume goes on with it" in again.err
    assert cli("train", "--run", "runs/mine", "--resume", "--no-export").code == 0
    assert training.calls[-1]["recipe"] == training.calls[0]["recipe"]
    other = cli("train", "mine.yaml", "--resume")
    assert (other.code, "training.epochs was 7, is 3" in other.err) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_how_to_go_on(
    training: FakeTraining, exported: list[Path], cli: Callable[..., Result], number: signal.Signals
) -> None:
    training.signals = (number,)  # the first step asks before it comes
    training.__class__ = _Asked
    done = cli("train", "mine.yaml", "--run", "a run")
    assert done.code == 128 + number
    assert "Stopped after step 1, and all of it kept: `hearken train --run 'a run' --resume` goes on." in done.err
    assert exported == []


class _Asked(FakeTraining):
    def __call__(self, recipe: Recipe, folder: Path, *, watchers: Any, **options: Any) -> Outcome:
        watchers.stop()
        return super().__call__(recipe, folder, watchers=watchers, **options)


@pytest.mark.parametrize("shape", [KeyboardInterrupt, ImportError])  # the second where a module in C++ is just being loaded
def test_interrupted_before_the_first_step(
    training: FakeTraining, exported: list[Path], cli: Callable[..., Result], shape: type[BaseException]
) -> None:
    training.signals, training.interrupted_as = (signal.SIGTERM,), shape
    done = cli("train", "mine.yaml")
    assert done.code == 143
    assert "What the last checkpoint holds is kept: `hearken train --run runs/mine --resume` goes on." in done.err


def test_a_process_that_is_not_the_first_says_nothing(training: FakeTraining, exported: list[Path], cli: Callable[..., Result]) -> None:
    training.is_first = False
    assert cli("train", "mine.yaml") == Result(0, "", "")
    training.finished = False  # when all were told to stop, the first may still write, and Fabric would kill it if this one failed
    assert cli("train", "mine.yaml", "--run", "another") == Result(0, "", "")
    assert exported == []


def test_smoke(training: FakeTraining, exported: list[Path], cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("hearken.train.recipes.smoke.smoke", lambda recipe, data: asked.append((recipe.name, data)) or recipe)
    assert cli("train", "mine.yaml", "--smoke", "--data", "corpus").code == 0
    assert (asked, exported) == ([("mine", "corpus")], [])
    assert training.calls[-1]["smoke"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Usage"),
        (("--resume",), "Name a recipe"),
        (("--run", "x"), "Name a recipe"),
        (("--run", "x", "--resume", "--set", "a=1"), "leave --smoke and --set out"),
        (("mine.yaml", "--data", "x"), "--data goes with --smoke"),
        (("mine.yaml", "--log", "mlflow"), "mlflow"),
        (("mine.yaml", "--devices", "0"), "devices"),
    ],
)  # fmt: skip
def test_wrong_usage(training: FakeTraining, cli: Callable[..., Result], words: tuple[str, ...], told: str) -> None:
    done = cli("train", *words)
    assert done.code == 2
    assert told in done.err + done.out
    assert training.calls == []


def test_what_is_missing_is_named(training: FakeTraining, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    done = cli("train", "mine.yaml")
    assert done.code == 1
    assert "Training needs torch, " in done.err
    assert extra_hint("train") in done.err
