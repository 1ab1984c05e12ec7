"""The tests of a captioner's run: made, kept, measured again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from hearken.audio.synth import save_wav
from hearken.errors import EvaluationError
from hearken.evaluate import caption_tests
from hearken.evaluate.caption_tests import can_have_more, metrics_of, reasons
from hearken.evaluate.captioning import evaluate as module
from hearken.evaluate.captioning.store import load
from hearken.evaluate.tests_of_runs import Tried, all_figures, kept_tests, key_of, try_out, wanted_metrics
from hearken.metrics.captioning.java import JavaMetrics
from hearken.train.recipe import About, DataPart, DecoderPart, ModelPart, Named, Recipe, Row, Source, TrainingPart
from hearken.train.runs.checkpoint import write_best
from hearken.train.runs.run import RunFolder
from tests.train.captioning.small_captioner import captioner

CAPTIONS = {"a": ("a dog barks", "rain"), "b": ("rain on tin",), "c": ("a tin roof",), "d": ("a dog",)}


@pytest.fixture(autouse=True)
def few_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are quick everywhere."""
    monkeypatch.setattr(caption_tests, "USUAL", ("BLEU-1",))
    monkeypatch.setattr("hearken.evaluate.captioning.scores.USUAL", ("BLEU-1",))


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Its test set has four clips of noise, of which the last is no sound."""
    generator = np.random.default_rng(0)
    for name in "abc":
        save_wav(tmp_path / f"{name}.wav", 0.1 * generator.standard_normal(20_000).astype(np.float32), 32_000)
    (tmp_path / "d.wav").write_bytes(b"no sound")
    rows = [{"file": f"{name}.wav", "split": "test", "captions": captions} for name, captions in CAPTIONS.items()]
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    about = About("", "", (Row("T", "R", {"CIDEr-D": 1.0, "t2a_R@1": 2.0}),))
    corpus = str(tmp_path / "clips.jsonl")
    return Recipe(
        name="mine", about=about, model=ModelPart(decoder=DecoderPart()),
        data=DataPart(train=(Source(corpus),), validation=(corpus,), test=(corpus,), max_duration_s=1.0),
        augment=(Named("noise", {"probability": 0.5}),), loss=Named("label_smoothing"), training=TrainingPart(monitor="loss"),
    )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, recipe: Recipe) -> Path:
    with RunFolder.create(tmp_path / "run", recipe) as made:
        write_best(made, captioner(), {"figures": {}})
    return tmp_path / "run"


def tried(recipe: Recipe, run: Path) -> tuple[Tried, ...]:
    return try_out(recipe, run, accelerator="cpu")


def test_rows_ask_for_more_figures_and_only_for_such_as_there_are(recipe: Recipe) -> None:
    assert wanted_metrics(recipe) == metrics_of(["CIDEr-D", "t2a_R@1", "BLEU-1"]) == ("BLEU-1", "CIDEr-D")


def test_captions_are_written_once_and_kept(run: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_tests(run, recipe) == ()
    (made,) = tried(recipe, run)
    assert (made.definition, made.folder, made.num_failed) == ("captions", run / "evaluations" / "clips-captions", 1)
    stored = load(made.folder).evaluation
    assert (set(made.figures), stored.figures, stored.facts["recipe"]) == ({"BLEU-1", "CIDEr-D"}, made.figures, "mine")
    assert kept_tests(run, recipe) == (made,)
    monkeypatch.setattr(module, "open_writer", lambda *_: pytest.fail("written anew"))
    assert tried(recipe, run) == (made,)
    more = replace(recipe, about=About(rows=(Row("T", "R", {"ROUGE-L": 1.0}),)))  # of the same captions
    assert kept_tests(run, more) == ()
    (again,) = tried(more, run)
    assert set(again.figures) == {"BLEU-1", "ROUGE-L", "CIDEr-D"}
    assert kept_tests(run, recipe)[0].figures == again.figures


def test_captions_of_other_weights_or_another_search_are_not_kept(run: Path, recipe: Recipe) -> None:
    (made,) = tried(recipe, run)
    record = made.folder / "evaluation.json"
    before = record.read_text()
    for name, other in (("weights_sha256", "0"), ("corpus", "elsewhere"), ("decoding", {"beam": 9})):
        values = json.loads(before)
        values["facts"][name] = other
        record.write_text(json.dumps(values))
        assert kept_tests(run, recipe) == ()
    record.write_text("{")
    assert kept_tests(run, recipe) == ()
    with pytest.raises(EvaluationError, match="another kind"):  # whosever it is, it stays
        tried(recipe, run)
    record.unlink()
    assert tried(recipe, run)[0].figures == made.figures


def test_a_row_with_augmentation_is_decoded_with_it(run: Path, recipe: Recipe) -> None:
    row = Row("T", "with", {"CIDEr-D": 1.0}, tta="2:1x2")
    recipe = replace(recipe, about=About(rows=(*recipe.about.rows, row)))
    plain, augmented = tried(recipe, run)
    assert augmented.folder == run / "evaluations" / "clips-tta-2-1x2-captions"
    facts = load(augmented.folder).evaluation.facts
    assert (facts["tta"], load(plain.folder).evaluation.facts["tta"]) == ("2:1x2", "")
    assert key_of(row, recipe.data.test[0], "CIDEr-D") in all_figures((plain, augmented))
    assert kept_tests(run, recipe) == (plain, augmented)


def test_what_was_not_available_is_an_answer_until_it_can_be_had(run: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(recipe, about=About(rows=(Row("T", "R", {"SPICE": 1.0, "SPIDEr": 1.0}),)))
    monkeypatch.setattr(JavaMetrics, "why_not", lambda *_: "There is no Java.")
    (made,) = tried(recipe, run)
    assert made.not_available == {"SPICE": "There is no Java.", "SPIDEr": "It needs SPICE."}
    assert kept_tests(run, recipe) == tried(recipe, run) == (made,)
    assert not can_have_more(made.not_available)
    monkeypatch.setattr(JavaMetrics, "why_not", lambda *_: "")
    assert can_have_more(made.not_available)
    assert not can_have_more(["SPIDEr"])
    assert reasons({"SPIDEr": "None."}) == {"SPIDEr": "None."}
