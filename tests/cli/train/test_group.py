"""The words after `hearken train`: a command of its own, or else a recipe to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from hearken.cli.main import app
from hearken.cli.train.group import TrainGroup
from tests.processes import ROOT


@pytest.fixture
def group() -> TrainGroup:
    made = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    assert isinstance(made, TrainGroup)
    return made


def chosen(group: TrainGroup, *words: str) -> tuple[str, list[str]]:
    """The command that `hearken train WORDS` calls, and its words."""
    context: Any = group.make_context("train", list(words), resilient_parsing=True)
    name, _, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    assert name is not None
    return name, rest


def test_a_recipe_is_run(group: TrainGroup) -> None:
    assert chosen(group, "primus2023/passt-n_bert-base", "--smoke") == ("run", ["primus2023/passt-n_bert-base", "--smoke"])
    assert chosen(group, "--run", "here", "--resume") == ("run", ["--run", "here", "--resume"])
    assert chosen(group, "--list") == ("run", ["--list"])
    assert chosen(group, "run", "x") == ("run", ["x"])


def test_the_commands_have_their_names(group: TrainGroup) -> None:
    for name in set(group.commands) - {"run"}:
        assert chosen(group, name, "x") == (name, ["x"])


def test_help_is_that_of_the_group(group: TrainGroup) -> None:
    def helped(*words: str) -> str:
        command = [sys.executable, "-m", "hearken", "train", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        return " ".join((done.stdout + done.stderr).split())

    assert "hearken train RECIPE" in helped("--help")
    assert "Commands:" in helped("-h")
    assert helped().startswith("Usage: hearken train")
    assert "--resume" in helped("run", "--help")


def test_help_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no torch')\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "hearken", "train", "run", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
