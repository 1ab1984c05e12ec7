from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearken.errors import EvaluationError, InputError, ModelNotFoundError, RunError
from hearken.evaluate.open import OpenTask, open_task
from hearken.evaluate.systems import ExportedSystem, encode, folder_of, open_system
from hearken.metrics.relevance import Relevance
from hearken.runtime.catalog import find_model
from hearken.runtime.model import load_model
from hearken.types import FloatArray
from tests.evaluate.asking import SCORES, FakeSystem, small_task, write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def asked_of(**changes: object) -> OpenTask:
    return OpenTask(small_task(**changes), ("a.wav", "b.wav", "c.wav"))


def test_rows_are_clips_and_queries_in_the_order_of_the_task() -> None:
    for clips, order in ((("a.wav", "b.wav", "c.wav"), [0, 1, 2]), (("c.wav", "a.wav", "b.wav"), [2, 0, 1])):
        found = encode(FakeSystem(), asked_of(clips=clips))
        assert np.allclose(found.scores.rows(0, 5), SCORES[:, order], atol=1e-7)


def test_a_text_that_comes_twice_is_encoded_once() -> None:
    system = FakeSystem()
    relevance = Relevance.from_lists([[0], [1], [2]], 3)
    found = encode(system, asked_of(queries=("wind", "rain", "wind"), relevance=relevance))
    assert system.asked_texts == ["wind", "rain"]
    assert np.allclose(found.text, SCORES[[3, 0, 3]])


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    found = encode(FakeSystem(failing=["b.wav"]), asked_of())
    assert (found.task.clips, found.task.queries) == (("a.wav", "c.wav"), ("rain", "heavy rain", "a bell"))
    assert np.allclose(found.scores.rows(0, 3), SCORES[np.ix_([0, 1, 4], [0, 2])], atol=1e-7)
    assert [failure.path for failure in found.failures] == ["b.wav"]
    assert (found.facts["clips_failed"], found.task.record["clips_unreadable"], found.task.record["queries_of_unreadable"]) == (1, 1, 2)
    with pytest.raises(EvaluationError, match=r"None of the 3 clips of small can be read\. a\.wav cannot be read"):
        encode(FakeSystem(failing=["a.wav", "b.wav", "c.wav"]), asked_of())


def test_an_exported_model_hears_files_whole_or_their_start(corpus: Path) -> None:
    asked = open_task([str(corpus)], merged=False)
    told: list[tuple[int, int | None]] = []
    numbers, whole, failures = open_system("pocket").encode_sounds(asked, jobs=1, on_progress=lambda *done: told.append(done))
    assert (numbers, failures, told) == ([0, 1, 2], [], [(1, 3), (2, 3), (3, 3)])
    cut = open_system("pocket", max_duration_s=9.0)
    assert np.allclose(cut.encode_sounds(asked, jobs=1, on_progress=lambda *_: None)[1], whole, atol=1e-6)
    start = ExportedSystem(find_model("pocket"), 0.25)
    heard = start.encode_sounds(asked, jobs=1, on_progress=lambda *_: None)[1]
    assert not np.allclose(heard, whole, atol=1e-3)
    own = [
        load_model("pocket").embed([samples]).clip for _, samples in asked.listening(load_model("pocket").rate_hz, 0.25, jobs=1).sounds()
    ]
    assert np.allclose(heard, own, atol=1e-6)
    assert (cut.facts["runtime"], cut.facts["max_duration_s"]) == ("onnx", 9.0)


def test_two_clips_of_one_file_are_two(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    paths = tuple(str(tmp_path / name) for name in ("a.wav", "b.wav", "a.wav", "b.wav"))
    task = small_task(clips=("one", "two", "three", "four"), queries=("x",), relevance=Relevance.from_lists([[0]], 4))
    numbers, vectors, failures = open_system("pocket").encode_sounds(OpenTask(task, paths), jobs=2, on_progress=lambda *_: None)
    assert numbers == [0, 2]
    assert np.array_equal(vectors[0], vectors[1])
    assert [failure.path for failure in failures] == [paths[1], paths[3]]


def test_names_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/kim/one", "kim/two"):
        Path(folder).mkdir(parents=True)
        (Path(folder) / "run.json").write_text("{}")
    assert folder_of("kim/one") == Path("runs/kim/one")
    assert folder_of("kim/two") == Path("kim/two")
    assert folder_of("pocket") == Path("pocket")
    with pytest.raises(ModelNotFoundError, match="no model 'pokcet'"):
        open_system("pokcet")


class TestWithTorch:
    """Runs and weights."""

    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        pytest.importorskip("torch")
        from hearken.train.recipe import DataPart, Recipe
        from hearken.train.runs.checkpoint import write_best
        from hearken.train.runs.run import RunFolder
        from tests.train.small import model

        with RunFolder.create(tmp_path / "run", Recipe(name="mine", data=DataPart(max_duration_s=0.25))) as made:
            write_best(made, model(), {"figures": {}})
        return tmp_path / "run"

    def test_a_run_hears_what_its_recipe_says(self, run: Path, corpus: Path) -> None:
        import torch

        asked = open_task([str(corpus)], merged=False)
        system: Any = open_system(str(run), accelerator="cpu")
        numbers, vectors, failures = system.encode_sounds(asked, jobs=1, on_progress=lambda *_: None)
        assert (numbers, failures, system.facts["max_duration_s"], system.facts["device"]) == ([0, 1, 2], [], 0.25, "cpu")
        for number, samples in asked.listening(32_000, 0.25, jobs=1).sounds():
            with torch.no_grad():
                alone = system.dual.encode_audio(torch.from_numpy(samples.copy())[None])[0].numpy()
            assert np.allclose(vectors[number], alone, atol=1e-5), number
        assert open_system(str(run), max_duration_s=0.5, accelerator="cpu").facts["max_duration_s"] == 0.5

    def test_why_a_clip_cannot_be_read_is_told_as_for_an_exported_model(self, run: Path, tmp_path: Path) -> None:
        corpus = write_corpus(tmp_path / "damaged")
        (corpus.parent / "b.wav").write_bytes(b"no sound")
        asked = open_task([str(corpus)], merged=False)
        found = [
            system.encode_sounds(asked, jobs=1, on_progress=lambda *_: None)[2]
            for system in (open_system(str(run), accelerator="cpu"), open_system("pocket"), open_system("pocket", max_duration_s=0.25))
        ]
        assert [len(failures) for failures in found] == [1, 1, 1]
        assert len({failures[0].message for failures in found}) == 1
        assert "b.wav" in found[0][0].message
        assert "cannot be read." not in found[0][0].message

    def test_another_way_to_encode_takes_the_place_of_the_models_own(self, run: Path, corpus: Path) -> None:
        class Counting:
            cost: dict[str, float] = {"clips": 3.0}

            def to_json(self) -> dict[str, Any]:
                return {"what": "lengths"}

            def encode(self, samples: FloatArray, clip: str) -> FloatArray:
                return np.full(24, len(samples) + "abc".index(clip[0]), np.float32)

        told: list[tuple[int, int | None]] = []
        system: Any = open_system(str(run), accelerator="cpu", make_encoder=lambda *_: Counting())
        _, vectors, _ = system.encode_sounds(open_task([str(corpus)], merged=False), jobs=1, on_progress=lambda *done: told.append(done))
        assert vectors[:, 0].tolist() == [8_000.0, 8_001.0, 8_002.0]
        assert (told[-1], system.facts["encoder"], system.facts["cost"]) == ((3, 3), {"what": "lengths"}, {"clips": 3.0})

    def test_a_sound_that_an_encoder_refuses_is_one_that_failed(self, run: Path, corpus: Path) -> None:
        class Choosy:
            cost: dict[str, float] = {}

            def to_json(self) -> dict[str, Any]:
                return {}

            def encode(self, samples: FloatArray, clip: str) -> FloatArray:
                if clip == "b.wav":
                    raise InputError("Too short.", "Take a longer one.")
                return np.ones(24, np.float32)

        system: Any = open_system(str(run), accelerator="cpu", make_encoder=lambda *_: Choosy())
        asked = open_task([str(corpus)], merged=False)
        numbers, vectors, failures = system.encode_sounds(asked, jobs=1, on_progress=lambda *_: None)
        assert (numbers, len(vectors)) == ([0, 2], 2)
        assert [(failure.path, failure.stage, failure.message) for failure in failures] == [(asked.places[1], "embed", "Too short.")]

    def test_weights_have_one_digest_wherever_they_lie(self, run: Path) -> None:
        from hearken.evaluate.systems import weights_digest
        from tests.train.small import model

        dual = model()
        assert open_system(str(run), accelerator="cpu").facts["digest"] == weights_digest(dual)
        next(dual.parameters()).data.mul_(2.0)
        assert open_system(str(run), accelerator="cpu").facts["digest"] != weights_digest(dual)

    def test_what_is_not_here(self, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(EvaluationError, match="no CUDA device"):
            open_system(str(run), accelerator="cuda")
        record = json.loads((run / "run.json").read_text())
        del record["recipe"]["data"]
        (run / "run.json").write_text(json.dumps(record))
        with pytest.raises(RunError, match=r"run\.json cannot be read"):
            open_system(str(run), accelerator="cpu")
