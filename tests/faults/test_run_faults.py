"""Faults of training runs: processes that are killed or told to stop, disks that are full."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from benchmarks.kill_loader import make_sounds  # noqa: E402
from benchmarks.kill_train import recipe, rows  # noqa: E402
from hearken.train.loop import Watchers  # noqa: E402
from hearken.train.recipe import Recipe  # noqa: E402
from hearken.train.recipes.read import from_mapping  # noqa: E402
from hearken.train.runs import checkpoint  # noqa: E402
from hearken.train.runs.checkpoint import best_figures, last_checkpoint, write_best, write_checkpoint  # noqa: E402
from hearken.train.runs.run import RunFolder  # noqa: E402
from hearken.train.session import run_recipe  # noqa: E402
from tests.processes import ROOT  # noqa: E402
from tests.train.small import model  # noqa: E402

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to mount")
STOP_S = 60.0  # ten is the promise, which the benchmark measures; no test hangs on how busy a machine is


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 24 short sounds, four of them to validate with."""
    place = tmp_path_factory.mktemp("clips")
    path = place / "clips.jsonl"
    sounds = sorted(make_sounds(place / "sounds", 24).iterdir())
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(sounds)))
    return path


@posix
@pytest.mark.slow
def test_fault_T2_kill_at_random_moments_and_go_on() -> None:
    """Weights, optimizer, log: all is as an uninterrupted run leaves it; one run in four ends by SIGTERM (T3)."""
    words = ["--count", "1", "--clips", "24", "--epochs", "2", "--stop-s", str(STOP_S)]
    command = [sys.executable, str(ROOT / "benchmarks" / "kill_train.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every run ended as the uninterrupted one" in done.stdout


@posix
@pytest.mark.slow
def test_fault_T3_told_to_stop_it_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path: Path, table: Path) -> None:
    recipe_path, folder = tmp_path / "small.yaml", tmp_path / "run"
    recipe_path.write_text(json.dumps(recipe(table, 50)))
    for number in (signal.SIGINT, signal.SIGTERM):
        known = num_lines(folder)
        words = ["train", str(recipe_path), "--run", str(folder), "--resume", "--accelerator", "cpu", "--jobs", "1", "--log", "none"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, "-m", "hearken", *words], env=environment, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: num_lines(folder) > known + 1, process)  # noqa: B023 - asked at once
            process.send_signal(number)
            sent_s = time.monotonic()
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
        assert time.monotonic() - sent_s < STOP_S
        assert process.returncode == 128 + number, told
        match = re.search(r"Stopped after step (\d+), and all of it kept: `hearken train --run \S+ --resume` goes on\.", told)
        assert match, told
        last = last_checkpoint(RunFolder.open(folder))
        assert last is not None
        assert last.step == int(match[1]) == json.loads(folder.joinpath("log.jsonl").read_text().splitlines()[-1])["step"]


def num_lines(folder: Path) -> int:
    path = folder / "log.jsonl"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def wait_for(happened: Any, process: subprocess.Popen[str]) -> None:
    until_s = time.monotonic() + 240
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)]).returncode:
        pytest.skip("may not mount here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@root_only
def test_fault_T4_a_disk_that_fills_up_keeps_the_checkpoints_that_are_there(disk: Path) -> None:
    dual = model()
    tensors = {"optimizer.x": torch.zeros(300_000)}  # 1.2 MB

    def attempt(step: int) -> tuple[Path | None, list[str]]:
        warnings: list[str] = []
        return write_checkpoint(run, step, model=dual, tensors=tensors, facts={"step": step}, warn=warnings.append), warnings

    with RunFolder.create(disk / "run", Recipe(name="small")) as run:
        for step in (1, 2):
            assert attempt(step)[1] == []
        write_best(run, dual, {"figures": {"loss": 1.0}})
        free = shutil.disk_usage(disk).free
        size = sum(path.stat().st_size for path in (run.checkpoints_path / "00000002").iterdir())
        for left in (0, 10_000, size // 2, size - 300_000):
            filler = disk / "filler"
            filler.write_bytes(bytes(max(0, free - left)))
            written, warnings = attempt(3)
            assert written is None
            assert len(warnings) == 1
            assert "No space left on device" in warnings[0]
            last = last_checkpoint(run)
            assert last is not None
            assert (last.step, last.facts) == (2, {"step": 2})
            assert sorted(path.name for path in run.checkpoints_path.iterdir()) == ["00000001", "00000002"]
            assert best_figures(run) == {"loss": 1.0}
            filler.unlink()
        assert attempt(4)[1] == []
        assert last_checkpoint(run).step == 4  # type: ignore[union-attr]


def test_fault_T4_training_goes_on_without_its_checkpoints(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint, "sync_folder", full)
    small = from_mapping(recipe(table, 2), "here")
    watchers = Watchers(warn=warnings.append)
    outcome = run_recipe(small, tmp_path / "run", accelerator="cpu", jobs=1, loggers=(), watchers=watchers)
    assert outcome.finished
    assert outcome.steps > 2
    told = [line.split(" could")[0] for line in warnings]
    num_steps = outcome.steps // 2
    assert [line for line in told if "checkpoint" in line] == [f"The checkpoint of step {num_steps * epoch}" for epoch in (1, 2)]
    assert "The best model" in told
    assert all("No space left on device" in line for line in warnings if " could not be written" in line)
    assert last_checkpoint(RunFolder.open(tmp_path / "run")) is None
