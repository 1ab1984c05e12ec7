"""Logs: a line for each step, nothing twice after going on, and no log that stops a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402

from hearken.errors import InputError, MissingExtraError, RunError  # noqa: E402
from hearken.train.recipe import Recipe  # noqa: E402
from hearken.train.runs import logs  # noqa: E402
from hearken.train.runs.checkpoint import write_checkpoint  # noqa: E402
from hearken.train.runs.logs import Log  # noqa: E402
from hearken.train.runs.run import RunFolder  # noqa: E402
from tests.train.small import model  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(tmp_path / "run", Recipe(name="small")) as made:
        yield made


def lines(run: RunFolder) -> list[Any]:
    return [json.loads(line) for line in run.log_path.read_text().splitlines()]


def checkpoint(run: RunFolder, step: int) -> None:
    assert write_checkpoint(run, step, model=model(), tensors={}, facts={})


def test_every_step_has_its_line_at_once(run: RunFolder) -> None:
    with Log(run, ()) as log:
        log.values(1, {"loss": 0.1 + 0.2, "rate": 1e-5})
        assert lines(run) == [{"step": 1, "loss": 0.1 + 0.2, "rate": 1e-5}]
        log.values(2, {"loss": float("nan"), "norm": float("-inf")})
        log.note(2, {"epoch": 1, "validation": {"t2a_mAP@10": 0.5, "loss": float("inf")}, "clips": ("a",)})
    assert lines(run)[1:] == [
        {"step": 2, "loss": "nan", "norm": "-inf"},
        {"step": 2, "epoch": 1, "validation": {"t2a_mAP@10": 0.5, "loss": "inf"}, "clips": ["a"]},
    ]
    assert not run.tensorboard_path.exists()


def test_other_processes_write_nothing(run: RunFolder) -> None:
    with Log(run, None) as log:
        log.values(1, {"loss": 1.0})
        log.note(1, {"a": 1})
    assert not run.log_path.exists()


def test_going_on_cuts_what_came_after_the_checkpoint(run: RunFolder) -> None:
    with Log(run, ()) as log:
        log.values(1, {"loss": 1.0})
        checkpoint(run, 1)
        log.note(1, {"validation": {"loss": 3.0}})  # of the same step, and yet not in the checkpoint
        log.values(2, {"loss": 2.0})
    with run.log_path.open("a") as file:
        file.write('{"step": 3, "lo')  # torn
    with Log(run, (), resume_step=1) as log:
        assert lines(run) == [{"step": 1, "loss": 1.0}]
        log.values(2, {"loss": 2.5})
    assert lines(run) == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 2.5}]
    with Log(run, ()):
        assert lines(run) == []


def test_a_log_that_lost_its_end_keeps_whole_lines(run: RunFolder) -> None:
    with Log(run, ()) as log:
        log.values(1, {"loss": 1.0})
        log.values(2, {"loss": 1.0})
        checkpoint(run, 2)
    run.log_path.write_bytes(run.log_path.read_bytes()[:-4])
    with Log(run, (), resume_step=2):
        assert [line["step"] for line in lines(run)] == [1]


def test_curves(run: RunFolder) -> None:
    with Log(run) as log:
        for step in (1, 2, 3):
            log.values(step, {"loss": float(step)})
            if step == 2:
                log.note(2, {"validation": {"t2a_mAP@10": 0.25}, "is_best": True})
                checkpoint(run, 2)
    with Log(run, resume_step=2) as log:
        log.values(3, {"loss": 30.0})
    curves = EventAccumulator(str(run.tensorboard_path)).Reload()
    assert [(event.step, event.value) for event in curves.Scalars("loss")] == [(1, 1.0), (2, 2.0), (3, 30.0)]
    assert [(event.step, event.value) for event in curves.Scalars("validation/t2a_mAP@10")] == [(2, 0.25)]
    assert set(curves.Tags()["scalars"]) == {"loss", "validation/t2a_mAP@10"}


class FakeWandb(ModuleType):
    """What we use of wandb, remembering how."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[Any] = []

    def init(self, **options: Any) -> FakeWandb:
        self.calls.append(options)
        return self

    def log(self, values: dict[str, float], step: int) -> None:
        self.calls.append((step, values))

    def finish(self) -> None:
        self.calls.append("finish")


def test_weights_and_biases_only_when_asked_for(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    Log(run, ()).close()
    assert fake.calls == []
    with Log(run, ("wandb", "wandb")) as log:
        log.values(1, {"loss": 2.0})
        log.note(1, {"validation": {"loss": 3.0}, "epoch": 1})
    first, *rest = fake.calls
    assert rest == [(1, {"loss": 2.0}), (1, {"validation/loss": 3.0}), "finish"]
    assert (first["name"], first["resume"], first["dir"], first["config"]) == ("small", "allow", str(run.path), run.recipe_json)
    assert "mode" not in first  # WANDB_MODE decides
    with Log(RunFolder.open(run.path), ("wandb",)):
        assert fake.calls[-1]["id"] == first["id"]  # it goes on with the same one


def test_what_is_missing_is_named(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match="Biases") as caught:
        Log(run, ("tensorboard", "wandb"))
    assert "pip install wandb" in caught.value.hint
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match="TensorBoard") as caught:
        Log(run)
    assert "--log none" in caught.value.hint
    with pytest.raises(InputError, match="no log 'mlflow'"):
        Log(run, ("mlflow",))


class Full:
    """A file, or a place for figures, on a full disk."""

    def _fail(self, *arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    title = "a place"
    write = flush = values = close = _fail


class Broken(Full):
    """A place for figures whose errors are of its own kind."""

    title = "another"

    def values(self, *arguments: Any) -> None:
        raise ZeroDivisionError

    close = values


def test_a_full_disk_stops_nothing(run: RunFolder) -> None:
    warned: list[str] = []
    log = Log(run, (), warn=warned.append)
    log._file.close()
    log._file, log._sinks = Full(), [Full(), Broken()]
    log.values(1, {"loss": 1.0})
    log.note(1, {"validation": {"loss": 1.0}})
    log.close()
    log.close()
    assert warned == [
        "log.jsonl takes no figures (No space left on device). Training goes on without it.",
        "a place takes no figures (No space left on device). Training goes on without it.",
        "another takes no figures (ZeroDivisionError). Training goes on without it.",
    ]


def test_curves_that_cannot_be_written_stop_nothing(run: RunFolder) -> None:
    warned: list[str] = []
    run.tensorboard_path.write_text("in the way")
    with Log(run, warn=warned.append) as log:
        log.values(1, {"loss": 1.0})
    assert lines(run) == [{"step": 1, "loss": 1.0}]
    assert len(warned) == 1
    assert warned[0].startswith("TensorBoard takes no figures (")


def test_weights_and_biases_that_cannot_be_reached_are_told_at_once(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWandb()
    monkeypatch.setattr(fake, "init", lambda **_: 1 / 0)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    with pytest.raises(RunError, match="Weights & Biases cannot be used: division by zero") as caught:
        Log(run, ("wandb",))
    assert "WANDB_MODE=offline" in caught.value.hint


def test_a_folder_of_the_name_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("wandb"):
        pytest.skip("it is installed")
    (tmp_path / "wandb").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtraError, match="Biases"):
        logs.check_kinds(("wandb",))
    logs.check_kinds(("tensorboard",))


def test_a_log_that_cannot_be_written(run: RunFolder) -> None:
    run.log_path.mkdir()
    with pytest.raises(RunError, match=r"log\.jsonl cannot be written"):
        Log(run, ())
    run.log_path.rmdir()
    with pytest.raises(RunError, match="cannot be written"):
        Log(run, (), resume_step=7)  # there is no such checkpoint
    assert logs.KINDS == ("tensorboard", "wandb")
