"""What a recipe of a captioner can say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hearken.errors import RecipeError
from hearken.train.recipes.read import from_mapping, read_recipe


def of(**changed: Any) -> dict[str, Any]:
    return {
        "name": "x", "model": {"audio": {"name": "act_tiny", "weights": "random"}, "decoder": {}}, "data": {"train": [{"corpus": "clips.csv"}]},
        "loss": "label_smoothing", "training": {"monitor": "CIDEr-D"}, **changed,
    }  # fmt: skip


def model(**changed: Any) -> dict[str, Any]:
    return {"audio": {"name": "act_tiny", "weights": "random"}, "decoder": {}, **changed}


def test_a_captioner() -> None:
    recipe = from_mapping(of(), "x")
    assert recipe.model.decoder is not None
    assert (recipe.model.decoder.kind, recipe.model.decoder.num_heads, recipe.model.decoder.vocabulary) == ("cross", 8, "words")
    assert from_mapping(recipe.to_json(), "x") == recipe


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": model(decoder={"kind": "cros"})}, "model.decoder.kind: there is no decoder 'cros'; nearest: cross"),
        ({"model": model(decoder={"width": 30, "num_heads": 4})}, "model.decoder.width: this must be a multiple of the 4 heads, not 30"),
        ({"model": model(decoder={"num_layers": 0})}, "model.decoder.num_layers: this must be at least 1"),
        ({"model": model(decoder={"dropout": 1})}, "model.decoder.dropout: this must be at least 0 and at most 0.99"),
        ({"model": model(decoder={"num_pieces": 100})}, "model.decoder.num_pieces: this must be at least 300"),
        ({"model": model(decoder={"vocabulary": "letters"})}, "model.decoder.vocabulary: this must be one of words, pieces"),
        ({"model": model(text={"name": "bert-tiny"})}, "model.text: a captioner has none"),
        ({"model": model(projection="mlp")}, "model.projection: a captioner has none"),
        ({"model": model(dim=512)}, "model.dim: a captioner has none"),
        ({"model": model(temperature={"value": 0.07})}, "model.temperature: a captioner has none"),
        ({"loss": "nt_xent"}, "loss: nt_xent compares sounds with captions; a captioner learns by one of cross_entropy, label_smoothing"),
        ({"loss": {"name": "label_smoothing", "smoothing": 1.5}}, "loss: Labels are smoothed by at least 0"),
        ({"loss": {"name": "label_smoothing", "average": "rows"}}, "loss.average: what is behind a caption is left out in any case"),
        ({"loss": "label_smoothin"}, "loss: There is no loss of captions 'label_smoothin'"),
        ({"teachers": ["runs/one"]}, "teachers: only dual encoders learn from teachers"),
        ({"augment": ["eda"]}, "augment.0: captions that are to be written are not changed"),
        ({"training": {"monitor": "CIDEr-D", "cache_batch": 8}}, "training.cache_batch: gradient caching is for losses that compare all pairs"),
        ({"training": {"monitor": "t2a_mAP@10"}}, "training.monitor: there is no figure of validation"),
        ({"optimizer": {"rates": {"text": 1.0e-4}}}, "optimizer.rates.text: there is no part of the model"),
        ({"optimizer": {"frozen": ["temperature"]}}, "optimizer.frozen.0: there is no part of the model"),
        ({"optimizer": {"frozen": ["audio", "decoder"]}}, "optimizer.frozen: nothing that hears or writes is left to learn"),
    ],
)  # fmt: skip
def test_what_cannot_be(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(said)):
        from_mapping(of(**changed), "x")


def test_what_is_for_captioners_alone() -> None:
    for setting, said in (
        ("loss=label_smoothing", "label_smoothing is for captioners"),
        ("training.monitor=CIDEr-D", "no figure of validation 'CIDEr-D'"),
        ("optimizer.frozen=[decoder]", "no part of the model 'decoder'"),
    ):
        with pytest.raises(RecipeError, match=said):
            read_recipe("kim2023/none", (setting,))


def test_one_that_starts_from_another_needs_nothing_of_its_own() -> None:
    recipe = from_mapping(of(model={"start": "runs/one", "decoder": {}, "dim": 12}), "x")
    assert recipe.model.start == "runs/one"


def test_frozen_ears_and_batch_statistics() -> None:
    recipe = from_mapping(of(optimizer={"frozen": ["audio", "batch_statistics"], "rates": {"decoder": 1.0e-4}}), "x")
    assert recipe.optimizer.frozen == ("audio", "batch_statistics")
