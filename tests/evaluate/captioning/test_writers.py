from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hearken.caption.decoding import Decoding
from hearken.caption.heard import MadeCaption
from hearken.errors import EvaluationError, InputError, ModelNotFoundError, RunError
from hearken.evaluate.captioning.task import open_captions
from hearken.evaluate.captioning.writers import ExportedWriter, WriterWish, check_writer, decoding_for, is_trained, open_writer
from hearken.evaluate.open import OpenTask
from hearken.runtime.catalog import find_model, model_info
from hearken.types import FloatArray
from tests.evaluate.asking import CLIPS, write_corpus


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> OpenTask:
    return open_captions([str(write_corpus(tmp_path_factory.mktemp("corpus")))], need_sounds=True)[1]


class FakeCaptioner:
    """Says how many places it heard; belongs to pocket."""

    name, digest = "counter", "0" * 64

    def __init__(self, decoding: Decoding | None = None) -> None:
        self.model_digest = model_info(find_model("pocket")).digest
        self.asked: list[Decoding | None] = []
        if decoding:
            self.decoding = decoding

    def captions(self, heard: Sequence[FloatArray], decoding: Decoding | None = None) -> list[MadeCaption]:
        self.asked.append(decoding)
        return [MadeCaption(f"{len(places)} places of {places.shape[1]} numbers", 0.0) for places in heard]


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> FakeCaptioner:
    captioner = FakeCaptioner(Decoding(beam=2))
    monkeypatch.setattr("hearken.caption.catalog.open_captioner", lambda _: captioner)
    monkeypatch.setattr("hearken.evaluate.captioning.writers.check_writer", lambda *_: None)
    return captioner


def test_an_exported_captioner_reads_the_vectors_of_its_model(asked: OpenTask, counter: FakeCaptioner) -> None:
    told: list[tuple[int, int | None]] = []
    made = open_writer("counter").write(asked, on_progress=lambda *done: told.append(done))
    assert made.captions == dict.fromkeys(range(3), "2 places of 384 numbers")
    assert (made.failures, told) == ((), [(1, 3), (2, 3), (3, 3)])
    assert (made.facts["model"], made.facts["listens_with"], made.facts["decoding"]["beam"]) == ("counter", counter.model_digest, 2)
    ExportedWriter("counter", WriterWish(beam=5)).write(asked, on_progress=lambda *_: None)
    assert [each.beam for each in counter.asked if each] == [2, 2, 2, 5, 5, 5]
    ExportedWriter("counter", WriterWish(search="best_first")).write(asked, on_progress=lambda *_: None)
    assert counter.asked[6:] == [Decoding(beam=2, search="best_first")] * 3


def test_what_is_wished_of_a_search_and_nothing_else_changes() -> None:
    own = Decoding(7, 20, 0.5, 2)
    assert decoding_for(own, WriterWish()) == own
    assert decoding_for(own, WriterWish(beam=2, search="best_first")) == Decoding(2, 20, 0.5, 2, "best_first")
    for wish in (WriterWish(search="wide"), WriterWish(beam=1000)):
        with pytest.raises(InputError):
            decoding_for(own, wish)


def test_files_that_cannot_be_read_and_silence(tmp_path: Path, counter: FakeCaptioner) -> None:
    from hearken.audio.synth import save_wav

    corpus = write_corpus(tmp_path / "c")
    (corpus.parent / CLIPS[1]).write_bytes(b"nothing")
    save_wav(corpus.parent / CLIPS[2], np.zeros(16_000, np.float32))
    asked = open_captions([str(corpus)], need_sounds=True)[1]
    made = open_writer("counter").write(asked, on_progress=lambda *_: None)
    assert (sorted(made.captions), made.captions[2]) == ([0, 2], "Silence.")
    assert [Path(failure.path).name for failure in made.failures] == [CLIPS[1]]
    assert len(counter.asked) == 1, "nobody is asked about silence"


def test_a_captioner_that_searches_no_words_has_no_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.caption.catalog.open_captioner", lambda _: FakeCaptioner())
    monkeypatch.setattr("hearken.evaluate.captioning.writers.check_writer", lambda *_: None)
    for wish, option in ((WriterWish(beam=2), "--beam"), (WriterWish(search="beam"), "--search")):
        with pytest.raises(EvaluationError, match=f"counter searches no words: {option} "):
            ExportedWriter("counter", wish)
    assert ExportedWriter("counter", WriterWish()).facts["decoding"] is None


def test_what_is_no_captioner_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no search 'wide'"):
        check_writer("nonsense", WriterWish(search="wide"))
    with pytest.raises(ModelNotFoundError, match="no captioner 'nonsense'"):
        check_writer("nonsense", WriterWish())
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "config.json").write_text(json.dumps({"kind": "dual"}))
    with pytest.raises(EvaluationError, match="writes no captions"):
        check_writer(str(tmp_path), WriterWish())
    (tmp_path / "config.json").write_text(json.dumps({"kind": "captioner"}))
    assert is_trained(str(tmp_path))
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    with pytest.raises(RunError, match="has no captioner yet"):
        check_writer(str(run), WriterWish())
    monkeypatch.setattr("hearken.evaluate.captioning.writers._find", lambda _: None)
    for wish, option in ((WriterWish(tta="5:1x5"), "--tta"), (WriterWish(max_duration_s=3.0), "--max-duration")):
        with pytest.raises(EvaluationError, match=f"{option} is for captioners as they are trained"):
            check_writer("exported", wish)


def test_a_trained_captioner_writes_with_and_without_copies(tmp_path: Path, asked: OpenTask) -> None:
    torch = pytest.importorskip("torch")
    from hearken.models.captioner import Captioner
    from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig
    from hearken.text.vocabulary import WordVocabulary

    torch.manual_seed(0)
    words = WordVocabulary(["<sos>", "<eos>", "<pad>", "rain", "falls", "a", "dog"])
    Captioner(CaptionerConfig(AudioConfig("act_tiny"), DecoderConfig("cross", 32, 1, 2, 64)), words).save_pretrained(tmp_path)
    wish = WriterWish(accelerator="cpu", beam=2, max_duration_s=0.4)
    made = open_writer(str(tmp_path), wish).write(asked, on_progress=lambda *_: None)
    assert sorted(made.captions) == [0, 1, 2]
    assert set(" ".join(made.captions.values()).split()) <= set(words.words)
    assert (made.facts["runtime"], made.facts["max_duration_s"], made.facts["decoding"]["beam"]) == ("torch", 0.4, 2)
    tta = WriterWish(accelerator="cpu", beam=2, tta="2:1x2", max_duration_s=0.4)
    augmented = open_writer(str(tmp_path), tta).write(asked, on_progress=lambda *_: None)
    assert sorted(augmented.captions) == [0, 1, 2]
    assert (augmented.facts["tta"], augmented.facts["cost"]["clips"]) == ("2:1x2", 3)
    with pytest.raises(InputError):
        check_writer(str(tmp_path), WriterWish(tta="nonsense"))
