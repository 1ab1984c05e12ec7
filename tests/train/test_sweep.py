"""Sweeps: the order of recipes, what is kept, what fails, our figures beside the papers'."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import DataError, RecipeError
from hearken.train.recipe import ModelPart, Recipe, Row
from hearken.train.recipes.listing import of_table
from hearken.train.recipes.read import read_recipe
from hearken.train.runs.compare import digest, plain
from hearken.train.runs.report import Outcome
from hearken.train.sweep import TESTS, Result, figure, in_order, kept_figures, ours, sweep, to_json
from hearken.train.validate import Embedded, device_of


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


# two sounds, three texts: text 0 and 1 belong to sound 0, text 2 to sound 1; cosines are the entries of `text` itself
EMBEDDED = Embedded(
    audio=np.eye(2, dtype=np.float32), text=np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32),
    relevant=np.array([[True, False], [True, False], [False, True]]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("t2a_R@1", 200 / 3),  # texts 0 and 2 have their sound first
        ("t2a_R@50", 100),
        ("t2a_mAP@10", 100 * (1 + 0.5 + 1) / 3),
        ("t2a_mAP@1", 200 / 3),
        ("t2a_meanR", (1 + 2 + 1) / 3),
        ("a2t_R@1", 50),  # sound 0: texts 0, 2, 1; sound 1: texts 1, 2, 0
        ("a2t_meanR", 1.5),
        ("a2t_mAP@10", 100 * ((1 + 2 / 3) / 2 + 0.5) / 2),
    ],
)  # fmt: skip
def test_figures_by_hand(metric: str, value: float) -> None:
    assert figure(EMBEDDED, metric) == pytest.approx(value)


def test_a_figure_that_is_none() -> None:
    with pytest.raises(RecipeError, match="no figure 'mAP'"):
        figure(EMBEDDED, "mAP")


def finished(run: Path, *, done: bool = True) -> Outcome:
    return Outcome(run, {}, 1, 2, 0, done)


def test_an_error_ends_its_own_recipe_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, told = [], []
    monkeypatch.setattr("hearken.train.sweep.try_out", lambda recipe, run, **_: {"x t2a_R@1": 50.0})

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
    assert results[0].figures == {"x t2a_R@1": 50.0}


def test_one_that_is_stopped_ends_the_sweep(tmp_path: Path) -> None:
    results = sweep([named("a"), named("b")], tmp_path, lambda _, run: finished(run, done=False))
    assert [(result.recipe.name, result.state) for result in results] == [("a", "stopped")]


def test_recipes_start_from_the_runs_of_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.train.sweep.try_out", lambda *_, **__: {})
    starts = []

    def train(recipe: Recipe, run: Path) -> Outcome:
        starts.append((recipe.model.start, recipe.teachers))
        return finished(run)

    sweep([read_recipe("salsa/stage2"), named("x", "models/mine")], tmp_path, train)
    place = str(tmp_path / "salsa/stage1-code")
    assert starts == [(place, (place,)), ("models/mine", ())]


def test_what_is_finished_is_kept_and_not_trained_again(tmp_path: Path) -> None:
    recipe, run = named("a"), tmp_path / "a"
    assert kept_figures(run, recipe) is None
    run.mkdir()
    (run / "run.json").write_text("{}")
    assert kept_figures(run, recipe) is None
    (run / TESTS).write_text(json.dumps({"recipe_sha256": digest(plain(recipe.to_json())), "percent": {"x t2a_R@1": 5}}))
    assert kept_figures(run, recipe) == {"x t2a_R@1": 5.0}
    results = sweep([recipe], tmp_path, lambda *_: pytest.fail("trained again"))
    assert (results[0].state, results[0].figures) == ("kept", {"x t2a_R@1": 5.0})
    assert kept_figures(run, replace(recipe, teachers=("b",))) is None
    (run / TESTS).write_text("{")
    assert kept_figures(run, recipe) is None


def test_our_figures_stand_by_the_keys_of_the_row() -> None:
    entries = of_table("dcase2025/README")
    entry = next(entry for entry in entries if entry.row and entry.row.row == "ClothoV2")
    figures = {"clotho-evaluation t2a_R@1": 1.0, "dcase2025 t2a_mAP@16": 2.0, "dcase2025 t2a_R@1": 3.0}
    found = ours(entry, {entry.recipe.name: Result(entry.recipe, Path("r"), "trained", figures)})
    assert found == {"dcase2025 t2a_mAP@16": 2.0, "clotho-evaluation t2a_R@1": 1.0}
    assert ours(entry, {}) == {}


def test_a_row_that_needs_more_than_training_has_no_figures_of_ours() -> None:
    entries = [entry for entry in of_table("kim2023/table2") if entry.recipe.name == "kim2023/all-paper"]
    result = Result(entries[0].recipe, Path("r"), "trained", {"audiocaps-test t2a_R@1": 30.0})
    said = to_json(entries, [result])
    assert {row["row"]: row["ours"] for row in said["rows"]} == {"+ PairMix": {"t2a_R@1": 30.0}, "+ Multi-TTA": {}}
    assert said["runs"][0]["state"] == "trained"


def test_a_smoke_run_stands_for_its_recipe() -> None:
    entry = of_table("salsa/README")[0]
    recipe = entry.recipe
    small = replace(recipe, name=f"{recipe.name}-smoke", data=replace(recipe.data, test=("clips.jsonl:test",)))
    said = to_json([entry], [Result(small, Path("r"), "trained", {"clips.jsonl:test t2a_R@1": 40.0})])
    assert said["rows"][0]["ours"] == {"t2a_R@1": 40.0}
    assert isinstance(entry.row, Row)


def test_the_device_to_try_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert [device_of(name) for name in ("auto", "cuda", "cpu", "mps")] == ["cuda", "cuda", "cpu", "cpu"]
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert device_of("auto") == "cpu"
