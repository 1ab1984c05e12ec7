"""Run folders: made whole, locked, gone on with by the same recipe alone, and nothing of anybody else is touched."""

from __future__ import annotations

import json
import pickle
import threading
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken.errors import RunError
from hearken.train.recipe import About, DecoderPart, Recipe, Row, Source, TrainingPart
from hearken.train.runs.compare import digest
from hearken.train.runs.run import RunFolder
from tests.processes import run_python

RECIPE = Recipe(name="small", training=TrainingPart(epochs=3, seed=11))

TRY = """
from pathlib import Path
from hearken.errors import RunError
from hearken.train.runs.run import RunFolder
from hearken.train.recipe import Recipe, TrainingPart
try:
    RunFolder.resume(sys.argv[1], Recipe(name="small", training=TrainingPart(epochs=3, seed=11)))
    print("entered")
except RunError as error:
    print(error.message)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "small"


def test_a_new_run_says_what_it_is(folder: Path) -> None:
    with RunFolder.create(folder, RECIPE, {"processes": 2}) as run:
        assert run.name == "small"
        assert run.recipe_json == json.loads(json.dumps(RECIPE.to_json()))
    record = json.loads((folder / "run.json").read_text())
    assert record == run.record
    assert record["format"] == 1
    (start,) = record["starts"]
    assert (start["seed"], start["processes"]) == (11, 2)
    assert {"at", "hearken", "commit", "python", "torch", "numpy", "platform", "num_threads"} <= set(start)
    assert len(record["recipe_sha256"]) == 64
    assert RunFolder.open(folder).record == record


def test_every_path_lies_in_the_folder(folder: Path) -> None:
    run = RunFolder(folder, {})
    paths = (run.log_path, run.tensorboard_path, run.checkpoints_path, run.best_path, run.ledger_path, run.stopped_path)
    assert [path.name for path in paths] == ["log.jsonl", "tensorboard", "checkpoints", "best", "failed.jsonl", "stopped.json"]
    assert {path.parent for path in paths} == {folder}


def test_a_run_is_begun_once(folder: Path) -> None:
    RunFolder.create(folder, RECIPE).release()
    (folder / "log.jsonl").write_text('{"step": 1}\n')
    before = (folder / "run.json").read_bytes()
    with pytest.raises(RunError, match=r"a training run in .*small already") as caught:
        RunFolder.create(folder, RECIPE)
    assert "--resume" in caught.value.hint
    assert "--run" in caught.value.hint
    assert (folder / "run.json").read_bytes() == before


def test_a_run_that_came_to_nothing_gives_way(folder: Path) -> None:
    """A first try with a wrong name or without its data must not stand in the way of the corrected one."""
    RunFolder.create(folder, RECIPE).release()
    (folder / "log.jsonl").touch()
    (folder / "failed.jsonl").write_text("{}\n")
    (folder / "tensorboard").mkdir()
    corrected = replace(RECIPE, training=replace(RECIPE.training, epochs=9))
    with RunFolder.create(folder, corrected) as run:
        assert run.record["recipe"]["training"]["epochs"] == 9
        with pytest.raises(RunError, match="Another process"):
            RunFolder.create(folder, RECIPE)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "run.json"]
    for kept in ("checkpoints", "best"):
        (folder / kept).mkdir()
        with pytest.raises(RunError, match="already"):
            RunFolder.create(folder, RECIPE)
        (folder / kept).rmdir()


def test_a_folder_of_something_else_is_not_touched(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis\n.txt").write_text("mine")
    for enter in (RunFolder.create, lambda path, recipe: RunFolder.enter(path, recipe, resume=True)):
        with pytest.raises(RunError, match=r"no training run: it holds thesis\\n\.txt"):
            enter(folder, RECIPE)
    assert [path.name for path in folder.iterdir()] == ["thesis\n.txt"]
    (folder.parent / "file").write_text("mine")
    with pytest.raises(RunError, match="cannot be written"):
        RunFolder.create(folder.parent / "file", RECIPE)


def test_what_a_killed_beginning_leaves_is_taken_over(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("lock", "run.json.part", "run.json.tmp-17-abc"):
        (folder / name).write_text("{")
    RunFolder.create(folder, RECIPE).release()
    assert RunFolder.open(folder).name == "small"


def test_going_on(folder: Path) -> None:
    RunFolder.create(folder, RECIPE).release()
    (folder / "stopped.json").write_text("{}")
    with RunFolder.resume(folder, RECIPE, {"processes": 4}) as run:
        assert [start.get("processes") for start in run.record["starts"]] == [None, 4]
        assert not run.stopped_path.exists()
    with RunFolder.enter(folder, RECIPE, resume=True) as run:
        assert len(run.record["starts"]) == 3
    (folder / "log.jsonl").write_text('{"step": 1}\n')
    with pytest.raises(RunError, match="already"):
        RunFolder.enter(folder, RECIPE)
    with RunFolder.enter(folder.parent / "other", RECIPE, resume=True) as run:
        assert len(run.record["starts"]) == 1


def test_runs_of_dual_encoders_say_nothing_of_decoders_and_those_that_did_go_on(folder: Path) -> None:
    RunFolder.create(folder, RECIPE).release()
    record = json.loads((folder / "run.json").read_text())
    assert "decoder" not in record["recipe"]["model"]  # as before there were captioners
    record["recipe"]["model"]["decoder"] = None
    record["recipe_sha256"] = digest(record["recipe"])
    (folder / "run.json").write_text(json.dumps(record))
    RunFolder.resume(folder, RECIPE).release()
    captioner = replace(RECIPE, model=replace(RECIPE.model, decoder=DecoderPart()))
    with pytest.raises(RunError, match=r"model\.decoder\.dropout was absent"):
        RunFolder.resume(folder, captioner)
    RunFolder.create(folder.parent / "captioner", captioner).release()
    assert RunFolder.open(folder.parent / "captioner").recipe_json["model"]["decoder"]["kind"] == "cross"


def test_another_recipe_is_refused_and_told(folder: Path) -> None:
    RunFolder.create(folder, RECIPE).release()
    before = (folder / "run.json").read_bytes()
    other = replace(RECIPE, training=TrainingPart(epochs=4, seed=11, patience=2), teachers=("one",))
    with pytest.raises(RunError) as caught:
        RunFolder.resume(folder, other)
    told = 'teachers was [], is absent; teachers.0 was absent, is "one"; training.epochs was 3, is 4; training.patience was null, is 2.'
    assert caught.value.message.endswith(f"is of another recipe: {told}")
    assert (folder / "run.json").read_bytes() == before
    RunFolder.resume(folder, replace(RECIPE, about=About("primus2023", "other words", (Row("3", "1", {"mAP@10": 30.0}),)))).release()


def test_there_is_no_run_to_open(folder: Path) -> None:
    with pytest.raises(RunError, match="no training run in"):
        RunFolder.open(folder)
    with pytest.raises(RunError, match="no training run in"):
        RunFolder.resume(folder, RECIPE)
    assert not folder.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "1"}', '{"format": 1}'])
def test_a_damaged_record(folder: Path, text: str) -> None:
    RunFolder.create(folder, RECIPE).release()
    (folder / "run.json").write_text(text)
    with pytest.raises(RunError, match="record"):
        RunFolder.open(folder)


def test_a_record_that_was_changed_or_is_newer(folder: Path) -> None:
    RunFolder.create(folder, RECIPE).release()
    path = folder / "run.json"
    path.write_text(path.read_text().replace('"epochs": 3', '"epochs": 4'))
    with pytest.raises(RunError, match="damaged"):
        RunFolder.open(folder)
    path.write_text('{"format": 2}')
    with pytest.raises(RunError, match="reads up to 1"):
        RunFolder.open(folder)


def test_one_process_trains_a_run(folder: Path) -> None:
    with RunFolder.create(folder, RECIPE):
        with pytest.raises(RunError, match="Another process is training"):
            RunFolder.resume(folder, RECIPE)
        assert "Another process is training" in run_python(TRY, folder).stdout
        assert RunFolder.open(folder).name == "small"  # reading is free
    assert run_python(TRY, folder).stdout == "entered\n"


def test_a_copy_for_another_process_holds_no_lock(folder: Path) -> None:
    run = RunFolder.create(folder, RECIPE)
    copy = pickle.loads(pickle.dumps(run))
    assert copy.record == run.record
    copy.release()
    with pytest.raises(RunError, match="Another process"):
        RunFolder.resume(folder, RECIPE)
    run.release()
    run.release()
    RunFolder.resume(folder, RECIPE).release()


def test_further_processes_wait_for_the_first(folder: Path) -> None:
    with pytest.raises(RunError, match="no training run"):
        RunFolder.join(folder, RECIPE, patience_s=0.1)
    later = threading.Timer(0.4, lambda: RunFolder.create(folder, RECIPE).release())
    later.start()
    try:
        assert RunFolder.join(folder, RECIPE, patience_s=30).name == "small"
    finally:
        later.join()
    with pytest.raises(RunError, match="another recipe"):
        RunFolder.join(folder, replace(RECIPE, name="other"))


def test_data_are_noted_once_and_then_compared(folder: Path) -> None:
    record = {"train": [{"corpus": "a.csv", "sha256": "ab", "num_clips": 7}], "leaks": ()}
    with RunFolder.create(folder, RECIPE) as run:
        run.add_data(record)
    with RunFolder.resume(folder, RECIPE) as run:
        run.add_data(record)
        with pytest.raises(RunError, match=r"data of the run .* have changed: train\.0\.num_clips was 7, is 8\."):
            run.add_data({"train": [{"corpus": "a.csv", "sha256": "ab", "num_clips": 8}], "leaks": ()})
        assert run.record["data"] == {"train": [{"corpus": "a.csv", "sha256": "ab", "num_clips": 7}], "leaks": []}


def test_why_it_stopped(folder: Path) -> None:
    with RunFolder.create(folder, RECIPE) as run:
        run.mark_stopped({"step": 10, "clips": ("a", "b"), "loss": float("nan")})
    assert json.loads((folder / "stopped.json").read_text()) == {"step": 10, "clips": ["a", "b"], "loss": "nan"}


def test_a_recipe_with_data_and_paths_comes_back(folder: Path) -> None:
    recipe = replace(RECIPE, data=replace(RECIPE.data, train=(Source("a.csv", ("train",)),)))
    RunFolder.create(folder, recipe).release()
    RunFolder.resume(folder, recipe).release()


def test_what_the_last_bits_depend_on_is_compared(folder: Path) -> None:
    with RunFolder.create(folder, RECIPE, {"processes": 2, "device": "cpu", "smoke": False}) as run:
        assert run.moved == ""
    with RunFolder.resume(folder, RECIPE, {"processes": 2, "device": "cpu"}) as run:
        assert run.moved == ""
    with RunFolder.resume(folder, RECIPE, {"processes": 1, "device": "cpu"}) as run:
        assert run.moved == "processes was 2, is 1"


def test_a_smoke_run_gives_its_place_to_the_next(folder: Path) -> None:
    RunFolder.clear_smoke(folder, "small")  # nothing is there
    with RunFolder.create(folder, RECIPE, {"smoke": True}):
        (folder / "best").mkdir()
        (folder / "best" / "config.json").write_text("{}")
        (folder / "log.jsonl").write_text("")
        with pytest.raises(RunError, match="Another process"):
            RunFolder.clear_smoke(folder, "small")
    RunFolder.clear_smoke(folder, "another")
    assert (folder / "best").is_dir()
    RunFolder.clear_smoke(folder, "small")
    assert [path.name for path in folder.iterdir() if path.name != "lock"] == []
    RunFolder.create(folder, RECIPE, {"smoke": False}).release()
    RunFolder.clear_smoke(folder, "small")
    assert RunFolder.open(folder).name == "small", "a real run stays"
