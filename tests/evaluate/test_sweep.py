"""Sweeps: the order of recipes, what is kept, what fails, our figures beside the papers'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken.errors import DataError, RecipeError
from hearken.evaluate.sweep import Result, in_order, ours, sweep, to_json, why_none
from hearken.evaluate.tests_of_runs import Trial, Tried
from hearken.metrics.confidence import Interval
from hearken.train.recipe import DataPart, ModelPart, Recipe, Row
from hearken.train.recipes.listing import of_table
from hearken.train.recipes.read import read_recipe
from hearken.train.runs.report import Outcome
from hearken.train.validate import device_of


def named(name: str, start: str = "") -> Recipe:
    return Recipe(name=name, model=ModelPart(start=start))


def test_what_others_start_from_comes_first() -> None:
    order = [
        recipe.name for recipe in in_order([read_recipe("salsa/all_stage2"), read_recipe("salsa/stage2"), read_recipe("salsa/stage1")])
    ]
    assert order == ["salsa/all_stage1-code", "salsa/all_stage2-code", "salsa/stage1-code", "salsa/stage2-code"]


def test_recipes_that_start_from_each_other() -> None:
    one, two = "salsa/stage1-code", "salsa/stage2-code"
    recipes = {one: named(one, two), two: named(two, one)}
    with pytest.raises(RecipeError, match="start from each other"):
        in_order(recipes.values(), recipes.__getitem__)


def outcome(figures: Mapping[str, float], corpus: str = "x", tta: str = "") -> tuple[Tried, ...]:
    """One test with these figures, each from 0.1 below it to 0.1 above."""
    intervals = {name: Interval(value, value - 0.1, value + 0.1, "bootstrap") for name, value in figures.items()}
    return (Tried(Trial(corpus, tta), "any-of-n", Path("r/evaluations/x"), intervals),)


def finished(run: Path, *, done: bool = True) -> Outcome:
    return Outcome(run, {}, 1, 2, 0, done)


def test_an_error_ends_its_own_recipe_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, told = [], []
    monkeypatch.setattr("hearken.evaluate.sweep.try_out", lambda recipe, run, **_: outcome({"t2a_R@1": 0.5}))

    def train(recipe: Recipe, run: Path) -> Outcome:
        seen.append((recipe.name, run))
        if recipe.name == "b":
            raise DataError("Nothing is here.", "Bring it.")
        if recipe.name == "c":
            raise RuntimeError("CUDA error")
        return finished(run)

    results = sweep(
        [named("a"), named("b"), named("c")], tmp_path, train, tell=lambda recipe, number, total: told.append((recipe.name, number, total))
    )
    assert [(result.state, result.error) for result in results] == [
        ("trained", ""),
        ("failed", "Nothing is here. Bring it."),
        ("failed", "CUDA error"),
    ]
    assert seen == [(name, tmp_path / name) for name in "abc"]
    assert told == [("a", 1, 3), ("b", 2, 3), ("c", 3, 3)]
    assert results[0].figures == {"x t2a_R@1": Interval(0.5, 0.4, 0.6, "bootstrap")}


def test_one_that_is_stopped_ends_the_sweep(tmp_path: Path) -> None:
    results = sweep([named("a"), named("b")], tmp_path, lambda _, run: finished(run, done=False))
    assert [(result.recipe.name, result.state) for result in results] == [("a", "stopped")]


def test_recipes_start_from_the_runs_of_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.sweep.try_out", lambda *_, **__: ())
    starts = []

    def train(recipe: Recipe, run: Path) -> Outcome:
        starts.append((recipe.model.start, recipe.teachers))
        return finished(run)

    sweep([read_recipe("salsa/stage2"), named("x", "models/mine")], tmp_path, train)
    place = str(tmp_path / "salsa/stage1-code")
    assert starts == [(place, (place,)), ("models/mine", ())]


def test_what_is_finished_is_kept_and_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(named("a"), data=DataPart(test=("x",)))
    monkeypatch.setattr("hearken.evaluate.sweep.kept_tests", lambda *_: outcome({"t2a_R@1": 0.05}))
    monkeypatch.setattr("hearken.evaluate.sweep.try_out", lambda *_, **__: pytest.fail("tried again"))
    (result,) = sweep([recipe], tmp_path, lambda *_: pytest.fail("trained again"))
    assert (result.state, result.figures["x t2a_R@1"].value) == ("kept", 0.05)


def test_what_is_finished_and_lacks_a_test_is_tried_and_not_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(named("a"), data=DataPart(test=("x", "y")))
    both = (*outcome({"t2a_R@1": 0.05}), *outcome({"t2a_R@1": 0.5}, "y"))
    monkeypatch.setattr("hearken.evaluate.sweep.kept_tests", lambda *_: both[:1])
    monkeypatch.setattr("hearken.evaluate.sweep.try_out", lambda *_, **__: both)
    (result,) = sweep([recipe], tmp_path, lambda *_: pytest.fail("trained again"))
    assert (result.state, [figure.value for figure in result.figures.values()]) == ("kept", [0.05, 0.5])


def test_our_figures_stand_by_the_keys_of_the_row() -> None:
    entries = of_table("dcase2025/README")
    entry = next(entry for entry in entries if entry.row and entry.row.row == "ClothoV2")
    found = (*outcome({"t2a_R@1": 0.01}, "clotho-evaluation"), *outcome({"t2a_mAP@16": 0.02, "t2a_R@1": 0.03}, "dcase2025"))
    values = ours(entry, {entry.recipe.name: Result(entry.recipe, Path("r"), "trained", found)})
    assert {key: figure.value for key, figure in values.items()} == {"dcase2025 t2a_mAP@16": 0.02, "clotho-evaluation t2a_R@1": 0.01}
    assert ours(entry, {}) == {}


def test_a_row_with_augmentation_has_the_figures_with_augmentation() -> None:
    entries = [entry for entry in of_table("kim2023/table2") if entry.recipe.name == "kim2023/all-paper"]
    plain, augmented = (
        outcome({"t2a_R@1": 0.3, "t2a_meanR": 9.0}, "audiocaps-test"),
        outcome({"t2a_R@1": 0.4}, "audiocaps-test", "100:5x20"),
    )
    result = Result(entries[0].recipe, Path("r"), "trained", (*plain, *augmented))
    said = to_json(entries, [result])
    with_it = {row["row"]: row for row in said["rows"]}
    assert with_it["+ PairMix"]["ours"] == {"t2a_R@1": 30.0, "t2a_meanR": 9.0}
    assert with_it["+ PairMix"]["ours_low"] == pytest.approx({"t2a_R@1": 20.0, "t2a_meanR": 8.9})
    assert with_it["+ PairMix"]["ours_high"] == pytest.approx({"t2a_R@1": 40.0, "t2a_meanR": 9.1})
    assert (with_it["+ Multi-TTA"]["tta"], with_it["+ Multi-TTA"]["ours"]) == ("100:5x20", {"t2a_R@1": 40.0})
    (of_run,) = said["runs"]
    assert (of_run["state"], of_run["figures"]["audiocaps-test tta=100:5x20 t2a_R@1"]) == ("trained", 40.0)
    assert [(each["tta"], each["definition"], each["clips_failed"]) for each in of_run["evaluations"]] == [
        ("", "any-of-n", 0),
        ("100:5x20", "any-of-n", 0),
    ]
    without = to_json(entries, [replace(result, tests=plain)])
    assert next(row["ours"] for row in without["rows"] if row["tta"]) == {}


def test_a_metric_that_is_not_available_is_said_of_its_row() -> None:
    entries = [entry for entry in of_table("kim2023/table1") if entry.recipe.name == "kim2023/captioning_all-paper"]
    trials = (Trial("audiocaps-test"), Trial("audiocaps-test", "100:5x20"))
    figures = {"CIDEr-D": Interval(0.7, 0.6, 0.8, "bootstrap")}
    tests = tuple(Tried(trial, "captions", Path("r"), figures, 0, {"SPICE": "No Java.", "other": ""}) for trial in trials)
    result = Result(entries[0].recipe, Path("r"), "trained", tests)
    assert [why_none(entry, {entry.recipe.name: result}) for entry in entries] == [{"SPICE": "No Java."}] * 2
    assert why_none(entries[0], {}) == {}
    rows = to_json(entries, [result])["rows"]
    assert [(row["row"], row["ours"], row["not_available"]) for row in rows] == [
        ("+ PairMix", {"CIDEr-D": 70.0}, {"SPICE": "No Java."}),
        ("+ Multi-TTA", {"CIDEr-D": 70.0}, {"SPICE": "No Java."}),
    ]


def test_a_row_that_needs_more_than_training_has_no_figures_of_ours() -> None:
    entries = [entry for entry in of_table("dcase2022/table3") if entry.recipe.name == "dcase2022/baseline-paper"]
    result = Result(entries[0].recipe, Path("r"), "trained", outcome({"t2a_R@1": 0.3}, "clotho-evaluation"))
    said = to_json(entries, [result])
    assert {row["row"]: row["ours"] for row in said["rows"]} == {"Testing split": {"t2a_R@1": 30.0}, "Evaluation": {}}


def test_a_smoke_run_stands_for_its_recipe() -> None:
    entry = of_table("salsa/README")[0]
    recipe = entry.recipe
    small = replace(recipe, name=f"{recipe.name}-smoke", data=replace(recipe.data, test=("clips.jsonl:test",)))
    said = to_json([entry], [Result(small, Path("r"), "trained", outcome({"t2a_R@1": 0.4}, "clips.jsonl:test"))])
    assert said["rows"][0]["ours"] == {"t2a_R@1": 40.0}
    assert isinstance(entry.row, Row)


def test_a_smoke_run_has_another_strategy() -> None:
    entries = [entry for entry in of_table("kim2023/table2") if entry.row and entry.row.tta]
    recipe = entries[0].recipe
    rows = tuple(replace(row, tta="4:2x2") if row.tta else row for row in recipe.about.rows)
    small = replace(
        recipe, name=f"{recipe.name}-smoke", about=replace(recipe.about, rows=rows), data=replace(recipe.data, test=("t:test",))
    )
    found = (*outcome({"t2a_R@1": 0.3}, "t:test"), *outcome({"t2a_R@1": 0.4}, "t:test", "4:2x2"))
    assert to_json(entries, [Result(small, Path("r"), "trained", found)])["rows"][0]["ours"] == {"t2a_R@1": 40.0}


def test_the_device_to_try_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert [device_of(name) for name in ("auto", "cuda", "cpu", "mps")] == ["cuda", "cuda", "cpu", "cpu"]
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert device_of("auto") == "cpu"
