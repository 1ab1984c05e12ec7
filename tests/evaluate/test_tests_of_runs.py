"""The tests of a run: which there are, what is kept, what is made again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from hearken.audio.synth import save_wav
from hearken.errors import RecipeError, RunError
from hearken.evaluate import evaluate as module
from hearken.evaluate import tests_of_runs
from hearken.evaluate.evaluate import ask_corpora
from hearken.evaluate.open import open_task
from hearken.evaluate.store import load
from hearken.evaluate.tests_of_runs import (
    Trial,
    Tried,
    all_figures,
    corpus_of,
    kept_tests,
    key_of,
    percent,
    trials_of,
    try_out,
    wanted_metrics,
)
from hearken.metrics.confidence import Interval
from hearken.train.recipe import About, DataPart, Recipe, Row
from hearken.train.recipes.read import read_recipe
from hearken.train.runs.checkpoint import write_best
from hearken.train.runs.run import RunFolder
from hearken.types import FloatArray
from tests.train.small import model

CAPTIONS = {"a": ("a dog barks", "rain"), "b": ("rain",), "c": ("a tin roof",), "d": ("a dog",)}  # "rain" is said of two clips


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four clips of noise, of which the last is no sound."""
    folder = tmp_path_factory.mktemp("corpus")
    generator = np.random.default_rng(0)
    for name in "abc":
        save_wav(folder / f"{name}.wav", 0.1 * generator.standard_normal(20_000).astype(np.float32), 32_000)
    (folder / "d.wav").write_bytes(b"no sound")
    rows = [{"file": f"{name}.wav", "split": "test", "captions": captions} for name, captions in CAPTIONS.items()]
    (folder / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder / "clips.jsonl")


@pytest.fixture
def recipe(corpus: str) -> Recipe:
    return Recipe(name="mine", about=About("", "", (Row("T", "R", {"t2a_mAP@16": 1.0, "a2t_BLEU": 2.0}),)), data=DataPart(test=(corpus,)))


@pytest.fixture
def run(tmp_path: Path, recipe: Recipe) -> Path:
    with RunFolder.create(tmp_path / "run", recipe) as made:
        write_best(made, model(), {"figures": {}})
    return tmp_path / "run"


def tried(recipe: Recipe, run: Path) -> tuple[Tried, ...]:
    return try_out(recipe, run, accelerator="cpu")


def test_a_row_with_augmentation_is_a_test_of_its_own() -> None:
    recipe = read_recipe("kim2023/all")
    assert [trial.name for trial in trials_of(recipe)] == ["audiocaps-test", "audiocaps-test tta=100:5x20"]
    smoke = replace(recipe, data=replace(recipe.data, test=("clips.jsonl:test",)))
    assert [trial.name for trial in trials_of(smoke)] == ["clips.jsonl:test", "clips.jsonl:test tta=100:5x20"]
    assert trials_of(replace(recipe, data=DataPart())) == ()
    two = read_recipe("wavtext5k/a_cnn14")
    assert [trial.name for trial in trials_of(two)] == ["audiocaps-test", "clotho-evaluation"]
    assert [corpus_of(two, name) for name in ("clotho-evaluation", "", "elsewhere")] == [
        "clotho-evaluation",
        "audiocaps-test",
        "audiocaps-test",
    ]
    assert corpus_of(Recipe(), "elsewhere") == "elsewhere"


def test_rows_ask_for_more_figures_and_only_for_such_as_there_are() -> None:
    assert wanted_metrics(Recipe()) == ("mAP@10", "R@1", "R@5", "R@10", "medR", "meanR")
    row = Row("T", "R", {"dcase2025 t2a_mAP@16": 1, "a2t_R@50": 1, "t2a_R@2": 1, "t2a_SPIDEr": 1, "t2a_P@10": 1, "t2a_meanR": 1, "loss": 1})
    wanted = wanted_metrics(Recipe(about=About(rows=(row,))))
    assert wanted == ("mAP@10", "mAP@16", "R@1", "R@2", "R@5", "R@10", "R@50", "medR", "meanR")


def test_an_evaluation_is_made_and_kept(run: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_tests(run, recipe) == ()
    (made,) = tried(recipe, run)
    assert (made.definition, made.folder, made.num_failed) == ("any-of-n", run / "evaluations" / "clips", 1)
    stored = load(made.folder)
    assert stored.task.queries == ("a dog barks", "rain", "rain", "a tin roof")  # each caption is a query of its own; one has no sound
    assert stored.figures == made.figures
    assert made.figures["t2a_mAP@16"].method == "bootstrap"
    assert {"t2a_R@1", "a2t_R@10", "a2t_medR", "t2a_meanR"} <= made.figures.keys()
    ranks = stored.evaluation.directions["t2a"].ranks.values
    assert made.figures["t2a_meanR"].value == pytest.approx(ranks.mean())
    assert made.figures["t2a_mAP@16"].value == pytest.approx((1 / ranks).mean())
    assert kept_tests(run, recipe) == (made,)
    monkeypatch.setattr(tests_of_runs, "evaluate", lambda *_, **__: pytest.fail("made again"))
    assert tried(recipe, run) == (made,)
    assert kept_tests(run, replace(recipe, about=About(summary="in other words"))) == (made,)


def test_what_the_user_evaluated_counts_as_well(run: Path, recipe: Recipe) -> None:
    wish = module.Wish(metrics=wanted_metrics(recipe), max_duration_s=30.0)
    module.evaluate(str(run), recipe.data.test, wish, out=module.place_of(str(run), recipe.data.test, wish))
    assert len(kept_tests(run, recipe)) == 1


def test_what_is_no_longer_true_is_not_kept(run: Path, recipe: Recipe) -> None:
    (made,) = tried(recipe, run)
    row = Row("T", "R", {"t2a_R@3": 1.0})
    assert kept_tests(run, replace(recipe, about=About(rows=(row,)))) == ()
    assert kept_tests(run, replace(recipe, teachers=("x",))) == ()
    assert kept_tests(run, replace(recipe, data=DataPart())) == ()
    assert kept_tests(run.parent, recipe) == ()
    best = run / "best" / "model.safetensors"
    before = best.read_bytes()
    best.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert kept_tests(run, recipe) == ()
    best.write_bytes(before)
    assert len(kept_tests(run, recipe)) == 1
    record = made.folder / "evaluation.json"
    values = json.loads(record.read_text())
    values["facts"]["corpus"] = "another one of this name"
    record.write_text(json.dumps(values))
    assert kept_tests(run, recipe) == ()
    record.write_text("{")
    assert kept_tests(run, recipe) == ()
    assert tried(recipe, run)[0].figures == made.figures


class Silence:
    """Encodes all sounds alike."""

    cost = {"inputs": 7}

    def to_json(self) -> dict[str, Any]:
        return {"strategy": "none of them"}

    def encode(self, samples: FloatArray, clip: str) -> FloatArray:
        return np.full(24, 0.1, np.float32)


def test_augmented_beside_plain(run: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def encoder_of(wish: Any) -> Any:
        asked.append(wish.tta)
        return (lambda dual, name: Silence()) if wish.tta else None

    monkeypatch.setattr(module, "encoder_of", encoder_of)
    row = Row("T", "with", {"t2a_R@1": 1.0}, tta="4:2x2")
    recipe = replace(recipe, about=About(rows=(*recipe.about.rows, row)))
    plain, augmented = tried(recipe, run)
    assert asked == ["", "4:2x2"]
    assert augmented.folder == run / "evaluations" / "clips-tta-4-2x2"
    facts = load(augmented.folder).facts
    assert (facts["tta"], facts["cost"], facts["recipe"]) == ("4:2x2", {"inputs": 7}, "mine")
    assert augmented.figures["t2a_meanR"].value == 3.0  # all alike: every clip stands last
    corpus = recipe.data.test[0]
    figures = all_figures((plain, augmented))
    assert figures[key_of(row, corpus, "t2a_meanR")].value == 3.0
    assert figures[key_of(recipe.about.rows[0], corpus, "t2a_meanR")].value < 3.0
    assert kept_tests(run, recipe) == (plain, augmented)


def test_queries_with_several_clips(run: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ask_corpora", lambda references, wish: ("dcase2025", open_task(references, merged=True)))
    (made,) = tried(recipe, run)
    assert made.definition == "dcase2025"
    assert [name for name in made.figures if name.startswith("a2t")] == []
    assert kept_tests(run, recipe) == (made,)
    monkeypatch.setattr(module, "ask_corpora", ask_corpora)
    assert kept_tests(run, recipe) == (made,)


def test_clips_are_counted_while_it_goes(run: Path, recipe: Recipe) -> None:
    told: list[Any] = []

    class Watched:
        def __init__(self, trial: Trial) -> None:
            told.append(trial.corpus)

        def __enter__(self) -> Any:
            return lambda done, total: told.append((done, total))

        def __exit__(self, *_: object) -> None:
            told.append("end")

    try_out(recipe, run, accelerator="cpu", watch=Watched)
    assert told == [recipe.data.test[0], (3, 4), "end"]


def test_what_cannot_be_tried(run: Path, recipe: Recipe, tmp_path: Path) -> None:
    assert try_out(Recipe(), run) == ()
    with pytest.raises(RecipeError, match="has no split 'nothing'"):
        tried(replace(recipe, data=DataPart(test=(f"{recipe.data.test[0]}:nothing",))), run)
    with RunFolder.create(tmp_path / "begun", recipe):
        pass
    assert kept_tests(tmp_path / "begun", recipe) == ()
    with pytest.raises(RunError, match="has no model to try"):
        tried(recipe, tmp_path / "begun")


def test_units() -> None:
    assert [percent(name, 0.5) for name in ("t2a_R@1", "x a2t_mAP@10", "t2a_medR", "x tta=4:2x2 a2t_meanR")] == [50.0, 50.0, 0.5, 0.5]
    figure = Interval(0.5, 0.4, 0.6, "bootstrap")
    trial = Trial("c d", "4:2x2")
    assert all_figures([Tried(trial, "any-of-n", Path("f"), {"t2a_R@1": figure})]) == {"c d tta=4:2x2 t2a_R@1": figure}
