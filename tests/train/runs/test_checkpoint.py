"""Checkpoints: whole or not there, the newest whole one is found, and what is read is what was written, bit for bit."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from hearken.errors import RunError  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.train.recipe import Recipe  # noqa: E402
from hearken.train.runs import checkpoint  # noqa: E402
from hearken.train.runs.checkpoint import best_figures, best_model, last_checkpoint, log_size, write_best, write_checkpoint  # noqa: E402
from hearken.train.runs.run import RunFolder  # noqa: E402
from tests.models.small import dual_config, tokenizer  # noqa: E402

TENSORS = {"optimizer.a.exp_avg": torch.arange(6.0).reshape(2, 3), "optimizer.a.step": torch.tensor(7.0), "count": torch.tensor(3)}
FACTS = {"place": {"step": 5, "loss": 0.1 + 0.2, "best": None}, "scaler": {}}


@pytest.fixture(scope="module")
def model() -> DualEncoder:
    torch.manual_seed(0)
    return DualEncoder(dual_config(), tokenizer())


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(tmp_path / "run", Recipe(name="small")) as made:
        yield made


def write(run: RunFolder, step: int, model: DualEncoder, **more: Any) -> Path | None:
    return write_checkpoint(run, step, model=model, tensors=TENSORS, facts={**FACTS, "step": step}, **more)


def steps(run: RunFolder) -> list[str]:
    return sorted(path.name for path in run.checkpoints_path.iterdir())


def test_what_is_written_is_read(run: RunFolder, model: DualEncoder) -> None:
    assert last_checkpoint(run) is None
    folder = write(run, 5, model)
    last = last_checkpoint(run)
    assert last is not None
    assert (last.folder, last.step, last.facts) == (folder, 5, {**FACTS, "step": 5})
    assert str(folder).endswith("checkpoints/00000005".replace("/", checkpoint.os.sep))
    state, tensors = last.model_state(), last.tensors()
    assert {name: torch.equal(state[name], value) for name, value in model.state_dict().items()} == dict.fromkeys(model.state_dict(), True)
    assert all(torch.equal(tensors[name], value) and tensors[name].dtype == value.dtype for name, value in TENSORS.items())
    assert set(tensors) == set(TENSORS)
    again = DualEncoder.from_pretrained(folder)  # a checkpoint is a model folder
    assert torch.equal(again.encode_text(["a dog"]), model.eval().encode_text(["a dog"]))


def test_the_newest_two_stay(run: RunFolder, model: DualEncoder) -> None:
    for step in (1, 20, 300):
        write(run, step, model)
    assert steps(run) == ["00000020", "00000300"]
    (run.checkpoints_path / "00000400.part").mkdir()
    (run.checkpoints_path / "notes.txt").write_text("mine")
    write(run, 400, model)
    assert steps(run) == ["00000300", "00000400", "notes.txt"]


def damages(folder: Path) -> Iterator[str]:
    """Damage one file after the other of a checkpoint, in each way, and mend it."""
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 4
        for told, harmed in (("cut", content[:-3]), ("empty", b""), ("bit", bytes(flipped)), ("gone", None)):
            path.unlink()
            if harmed is not None:
                path.write_bytes(harmed)
            yield f"{path.name} {told}"
        path.write_bytes(content)


def test_a_damaged_one_falls_back_to_the_one_before(run: RunFolder, model: DualEncoder) -> None:
    write(run, 1, model)
    folder = write(run, 2, model)
    assert folder is not None
    tried = 0
    for told in damages(folder):
        warnings: list[str] = []
        last = last_checkpoint(run, warn=warnings.append)
        assert last is not None, told
        assert last.step == 1, told
        assert len(warnings) == 1, told
        assert "00000002 is damaged" in warnings[0]
        tried += 1
    assert tried == 4 * 5
    whole = last_checkpoint(run)
    assert whole is not None
    assert whole.step == 2
    for content in ("[]", "3", '{"digest": 1}', "null"):
        (folder / "state.json").write_text(content)
        assert last_checkpoint(run).step == 1  # type: ignore[union-attr]


def test_none_is_whole(run: RunFolder, model: DualEncoder) -> None:
    for step in (1, 2):
        folder = write(run, step, model)
        (folder / "state.safetensors").write_bytes(b"")
    with pytest.raises(RunError, match="None of the 2 checkpoints"):
        last_checkpoint(run)
    with pytest.raises(RunError, match="cannot be read"):
        checkpoint.Checkpoint(folder, 2, {}).tensors()


def test_after_falling_back_the_damaged_one_goes(run: RunFolder, model: DualEncoder) -> None:
    for step in (10, 20):
        write(run, step, model)
    (run.checkpoints_path / "00000020" / "state.json").write_text("")
    write(run, 15, model)
    assert steps(run) == ["00000010", "00000015"]


def test_one_of_the_same_step_is_replaced_whole(run: RunFolder, model: DualEncoder) -> None:
    write(run, 5, model)
    write_checkpoint(run, 5, model=model, tensors={}, facts={"other": 1})
    last = last_checkpoint(run)
    assert last is not None
    assert (last.facts, last.tensors()) == ({"other": 1}, {})
    assert steps(run) == ["00000005"]


class Killed(BaseException):
    """As if the process ended here: nothing is tidied up."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Let the file operation of that `number`, and all after it, fail as if the process were gone; the result lists those before."""
    done: list[str] = []

    def dying(name: str, real: Any) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            if len(done) >= number:
                raise Killed
            done.append(name)
            return real(*arguments, **more)

        return call

    for owner, name in (
        (Path, "replace"), (Path, "mkdir"), (Path, "open"), (Path, "write_text"), (checkpoint.shutil, "rmtree"), (checkpoint, "sync_folder"),
        (checkpoint, "save_file"), (Path, "unlink"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, dying(name, getattr(owner, name)))
    return done


@pytest.mark.parametrize("step", [2, 3])
def test_killed_anywhere_there_is_a_whole_one(tmp_path: Path, model: DualEncoder, step: int) -> None:
    """Step 2 is written again, step 3 is new."""
    with RunFolder.create(tmp_path / "whole", Recipe(name="small")) as begun:
        write(begun, 1, model)
        write(begun, 2, model)
    found: set[int] = set()
    for number in range(200):
        folder = tmp_path / "trial"
        shutil.copytree(tmp_path / "whole", folder)
        run = RunFolder.open(folder)
        with pytest.MonkeyPatch.context() as patched:
            done = kill_at(patched, number)
            try:
                write_checkpoint(run, step, model=model, tensors=TENSORS, facts={"again": True})
                over = True
            except Killed:
                over = False
        warnings: list[str] = []
        last = last_checkpoint(run, warn=warnings.append)
        assert last is not None, done
        assert last.step in (2, step), done
        assert warnings == [], done
        assert last.facts in ({"again": True}, {**FACTS, "step": 2}), done
        last.tensors()
        found.add(last.facts == {"again": True})
        write_checkpoint(run, 4, model=model, tensors={}, facts={})  # the next one leaves no trace of what was killed
        assert [name for name in steps(run) if not name.isdigit()] == []
        assert len(steps(run)) == 2
        shutil.rmtree(folder)
        if over:
            break
    assert over
    assert found == {False, True}
    assert number > 10


@pytest.mark.parametrize("what", ["checkpoint", "best"])
def test_a_full_disk_warns_and_leaves_what_was(run: RunFolder, model: DualEncoder, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(**more: Any) -> Path | None:
        return write(run, 6, model, **more) if what == "checkpoint" else write_best(run, model, {"figures": {"x": 2.0}}, **more)

    write(run, 5, model)
    write_best(run, model, {"figures": {"x": 1.0}})
    for owner, name in ((checkpoint, "sync_folder"), (checkpoint.weights, "save_file"), (checkpoint, "_write_json"), (Path, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, _full)
            warnings: list[str] = []
            assert attempt(warn=warnings.append) is None
        assert len(warnings) == 1
        assert "No space left on device" in warnings[0]
        assert "Training goes on" in warnings[0]
        assert steps(run) == ["00000005"]
        assert best_figures(run) == {"x": 1.0}
        assert {path.name for path in run.path.iterdir()} <= {"best", "checkpoints", "lock", "run.json"}
    assert attempt() is not None


def _full(*arguments: Any, **more: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_best_model(run: RunFolder, model: DualEncoder) -> None:
    assert best_figures(run) == {}
    with pytest.raises(RunError, match="no model yet"):
        best_model(run)
    last = write(run, 5, model)
    assert best_model(run) == last
    folder = write_best(run, model, {"epoch": 1, "figures": {"t2a_mAP@10": 0.25}})
    assert (folder, best_model(run), best_figures(run)) == (run.best_path, run.best_path, {"t2a_mAP@10": 0.25})
    write_best(run, model, {"epoch": 2, "figures": {"t2a_mAP@10": 0.5}})
    assert best_figures(run) == {"t2a_mAP@10": 0.5}
    assert DualEncoder.from_pretrained(run.best_path).dim == model.dim
    (run.best_path / "validation.json").write_text("[")
    with pytest.raises(RunError, match="figures"):
        best_figures(run)


def test_the_best_model_is_found_while_it_is_replaced(run: RunFolder, model: DualEncoder) -> None:
    write_best(run, model, {"figures": {"x": 1.0}})
    aside = run.path / "best.old"
    run.best_path.replace(aside)  # killed between two renames
    assert best_model(run) == aside
    assert best_figures(run) == {"x": 1.0}
    write_best(run, model, {"figures": {"x": 2.0}})
    assert (best_model(run), aside.exists()) == (run.best_path, False)


def test_the_length_of_the_log_is_kept(run: RunFolder, model: DualEncoder) -> None:
    write(run, 1, model)
    run.log_path.write_bytes(b"12345\n")
    write(run, 2, model)
    assert (log_size(run, 1), log_size(run, 2)) == (0, 6)
    with pytest.raises(OSError):
        log_size(run, 3)
    (run.checkpoints_path / "00000002" / "state.json").write_text("{}")
    with pytest.raises(OSError, match="damaged"):
        log_size(run, 2)


def test_state_is_plain_json(run: RunFolder, model: DualEncoder) -> None:
    folder = write(run, 5, model)
    state = json.loads((folder / "state.json").read_text())
    assert set(state) == {"format", "step", "facts", "log_size", "files", "digest"}
    assert set(state["files"]) == {"config.json", "model.safetensors", "tokenizer.json", "state.safetensors"}
    assert state["facts"]["place"]["loss"] == 0.1 + 0.2


def test_large_weights_are_not_copied(model: DualEncoder) -> None:
    state = model.state_dict()
    made = checkpoint.weights.apart(state)
    assert all(made[name].data_ptr() == value.data_ptr() for name, value in state.items())
