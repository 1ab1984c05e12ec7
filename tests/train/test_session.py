"""A run from the outside, alone and by two processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from hearken.errors import MissingExtraError, RunError
from hearken.train.runs.checkpoint import last_checkpoint
from hearken.train.runs.run import RunFolder
from hearken.train.session import run_recipe
from tests.train.feed.sounding import write_corpus
from tests.train.test_loop import Heard, recipe_of

ROOT = Path(__file__).resolve().parents[2]
_TWO = """
import sys
from pathlib import Path
from hearken.train.session import run_recipe
from tests.train.test_loop import recipe_of
if __name__ == "__main__":
    outcome = run_recipe(recipe_of(Path(sys.argv[1]), epochs=1), sys.argv[2], devices=2, accelerator="cpu", loggers=())
    print(f"rank done after {outcome.steps} steps")
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", 12)


def test_a_run_and_its_record(tmp_path: Path, table: Path) -> None:
    heard, firsts = Heard(stop_after=1), list[bool]()
    outcome = run_recipe(
        recipe_of(table, epochs=1), tmp_path / "run", accelerator="cpu", watchers=heard.watchers, loggers=(), on_start=firsts.append
    )
    assert not outcome.finished
    assert firsts == [True]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["starts"][0]["processes"] == 1
    with pytest.raises(RunError, match="already"):
        run_recipe(recipe_of(table, epochs=1), tmp_path / "run", accelerator="cpu", loggers=())
    assert run_recipe(recipe_of(table, epochs=1), tmp_path / "run", accelerator="cpu", resume=True, loggers=()).finished


def test_a_smoke_run_takes_the_place_of_the_one_before(tmp_path: Path, table: Path) -> None:
    for _ in range(2):
        assert run_recipe(recipe_of(table, epochs=1), tmp_path / "run", accelerator="cpu", loggers=(), smoke=True).finished
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 5
    real = recipe_of(table, epochs=1)
    run_recipe(real, tmp_path / "real", accelerator="cpu", loggers=())
    with pytest.raises(RunError, match="already"):
        run_recipe(real, tmp_path / "real", accelerator="cpu", loggers=(), smoke=True)


def test_a_log_that_is_not_installed_is_found_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match="Biases"):
        run_recipe(recipe_of(tmp_path / "no table"), tmp_path / "run", accelerator="cpu", loggers=("wandb",))
    assert not (tmp_path / "run").exists()


def two(tmp_path: Path, table: Path, folder: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "two.py"
    script.write_text(_TWO)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, str(script), str(table), str(tmp_path / folder)], capture_output=True, text=True, timeout=300, env=environment
    )


def test_two_processes_train_one_run(tmp_path: Path, table: Path) -> None:
    done = two(tmp_path, table, "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rank done after 4 steps") == 2
    checkpoint = last_checkpoint(RunFolder.open(tmp_path / "run"))
    assert checkpoint is not None
    assert checkpoint.step == 4
    assert all(bool(torch.isfinite(value).all()) for value in checkpoint.model_state().values())
    assert [json.loads(line)["step"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()] == [1, 2, 3, 4, 4]


def test_fault_T9_where_the_first_process_cannot_begin_none_waits(tmp_path: Path, table: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "diary.txt").write_text("not a run")
    done = two(tmp_path, table, "run")
    assert done.returncode != 0
    assert "is no training run" in done.stderr
    assert (tmp_path / "run" / "diary.txt").read_text() == "not a run"


@pytest.mark.skipif(os.name != "posix", reason="needs process groups and SIGKILL")
def test_fault_T9_where_one_of_two_processes_dies_both_end(tmp_path: Path, table: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(_TWO.replace("epochs=1", "epochs=100000"))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(
        [sys.executable, str(script), str(table), str(tmp_path / "run")], text=True, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )  # fmt: skip
    try:
        log, until = tmp_path / "run" / "log.jsonl", time.monotonic() + 240
        while not (log.exists() and log.stat().st_size) and first.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        os.kill(child_of(first.pid), signal.SIGKILL)
        _, told = first.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
    assert first.returncode not in (0, None)
    assert first.returncode == -signal.SIGKILL or "Another process of this training has ended" in told


def child_of(parent: int) -> int:
    """The process that `parent` started with the same script."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in listed.splitlines() if line.split()[1] == str(parent) and "two.py" in line)
