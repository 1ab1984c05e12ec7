"""A recipe is plain data: JSON and back, and the defaults of Primus et al. (2023)."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from hearken.train.recipe import About, Named, Recipe, Row, Source
from hearken.train.recipes.read import from_mapping

RECIPE = replace(
    Recipe(
        name="mine", about=About("kim2023", rows=(Row("T", "R", {"t2a_R@1": 5.0}, "more"),)), augment=(Named("noise", {"snr_db": [5, 40]}),)
    ),
    data=replace(Recipe().data, train=(Source("clotho", ("development",)),)),
)


def test_json_and_back() -> None:
    assert from_mapping(json.loads(json.dumps(RECIPE.to_json())), "mine") == RECIPE


def test_the_defaults_are_those_of_primus_2023() -> None:
    recipe = Recipe()
    assert (recipe.model.audio.name, recipe.model.dim, recipe.model.projection) == ("passt_n", 1024, "linear")
    assert (recipe.optimizer.rate, recipe.schedule.final_rate, recipe.schedule.warmup_epochs) == (2e-5, 1e-7, 1.0)
    assert (recipe.training.epochs, recipe.training.batch, recipe.data.max_duration_s, recipe.loss.name) == (16, 64, 30.0, "nt_xent")


def test_nothing_changes_it() -> None:
    with pytest.raises(FrozenInstanceError):
        RECIPE.name = "other"  # type: ignore[misc]
