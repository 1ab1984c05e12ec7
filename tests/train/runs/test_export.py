"""A run's best model, exported into the run, which then stands for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from hearken.errors import InputError, ModelError, RunError
from hearken.export.check import MAX_DELTA, probe_sounds
from hearken.models.dual import DualEncoder
from hearken.runtime.catalog import find_model, read_config
from hearken.runtime.model import load_model
from hearken.train.recipe import DecoderPart, ModelPart, Recipe
from hearken.train.runs.checkpoint import write_best, write_checkpoint
from hearken.train.runs.export import export_run
from hearken.train.runs.run import RunFolder
from tests.export.tiny_dual import tiny_dual


@pytest.fixture(scope="module")
def dual() -> DualEncoder:
    return tiny_dual(segment_s=0.5)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "my run!", Recipe(name="mine"))


def test_the_run_stands_for_its_model(run: RunFolder, dual: DualEncoder) -> None:
    write_best(run, dual, {})
    with pytest.raises(ModelError, match="not exported yet") as caught:
        find_model(run.path)
    assert caught.value.hint.startswith(f"`hearken export '{run.path}'`")
    told: list[str] = []
    made = export_run(run, tell=told.append)
    assert (made.folder, made.name) == (run.path / "model", "my-run")
    assert find_model(run.path) == made.folder
    assert told == ["writing the graphs", "checking them against the network"]
    assert read_config(made.folder)["summary"] == "mn04 and tiny, trained by mine"
    model, sounds = load_model(run.path), probe_sounds(32_000, 0.5)
    np.testing.assert_allclose(model.encode_audio(sounds, 32_000), dual.encode_arrays(sounds, 32_000), atol=MAX_DELTA)


def test_another_place_and_name_and_eight_bits(run: RunFolder, dual: DualEncoder, tmp_path: Path) -> None:
    write_best(run, dual, {})
    made = export_run(run.path, out=tmp_path / "elsewhere", name="other", int8=True, segment_s=0.25)
    assert (made.folder, made.name, made.int8) == (tmp_path / "elsewhere", "other", ("text.onnx",))
    assert load_model(made.folder).policy.frame_s == 0.25
    with pytest.raises(ModelError, match="not exported yet"):
        find_model(run.path)


def test_before_the_first_validation_it_is_the_last_checkpoint(run: RunFolder, dual: DualEncoder) -> None:
    with pytest.raises(RunError, match="no model yet"):
        export_run(run)
    assert not (run.path / "model").exists()
    write_checkpoint(run, 3, model=dual, tensors={}, facts={})
    assert export_run(run).parity.ok


def test_what_cannot_be_exported_is_named(run: RunFolder, dual: DualEncoder, tmp_path: Path) -> None:
    write_best(run, dual, {})
    with pytest.raises(InputError, match="cannot be the name"):
        export_run(run, name="../up")
    with pytest.raises(RunError, match="no training run"):
        export_run(tmp_path)
    (run.path / "model").mkdir()
    (run.path / "model" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds more than an exported model"):
        export_run(run)


def test_a_newer_one_takes_its_place(run: RunFolder, dual: DualEncoder) -> None:
    write_best(run, dual, {})
    first = export_run(run)
    other = tiny_dual(segment_s=0.5)
    other.text_projection.weight.data.mul_(-1.0)
    write_best(run, other, {})
    assert export_run(run).digest != first.digest
    assert sorted(path.name for path in run.path.iterdir() if path.name.startswith((".", "model"))) == ["model"]


def test_a_captioners_run_is_no_model_for_searching(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "captioner", Recipe(name="mine", model=ModelPart(decoder=DecoderPart())))
    for open_it in (export_run, lambda run: find_model(run.path)):
        with pytest.raises(ModelError, match="is of a captioner, which writes captions and has no vectors") as caught:
            open_it(run)
        assert caught.value.hint.startswith(f"`hearken caption FILE --model {run.path}`")
