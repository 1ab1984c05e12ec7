"""Smoke forms: what they keep, that every recipe has one that is sound, and that each trains two real steps."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from hearken.models.captioner import Captioner
from hearken.models.dual import DualEncoder
from hearken.train.recipe import Recipe
from hearken.train.recipes.read import from_mapping, names, read_recipe
from hearken.train.recipes.smoke import NUM_STEPS, smoke
from hearken.train.runs.checkpoint import best_model
from hearken.train.runs.run import RunFolder
from hearken.train.session import run_recipe

SHARED = Path(__file__).resolve().parents[4] / "shared/audio/metadata.csv"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smoke")


def small(name: str, material: Path, corpus: str | None = None) -> Recipe:
    return smoke(read_recipe(name), corpus, material)


def content(recipe: Recipe) -> str:
    """What training depends on: two recipes of one content train alike."""
    values = recipe.to_json()
    return json.dumps({key: value for key, value in values.items() if key not in ("name", "about")}, sort_keys=True)


@cache
def distinct(material: Path, corpus: str | None) -> dict[str, str]:
    """One recipe for each content that smoke forms have."""
    found: dict[str, str] = {}
    for name in names():
        found.setdefault(content(small(name, material, corpus)), name)
    return {name: content for content, name in found.items()}


@pytest.mark.parametrize("name", names())
def test_every_smoke_form_is_sound_and_keeps_what_it_should(name: str, material: Path) -> None:
    full, form = read_recipe(name), small(name, material)
    from_mapping(json.loads(json.dumps(form.to_json())), name)
    assert form.name == f"{name}-smoke"
    assert (form.loss, form.optimizer, form.about.notes) == (full.loss, full.optimizer, full.about.notes)
    rows = tuple(replace(row, tta="4:2x2") if row.tta else row for row in full.about.rows)
    assert form.about.rows == rows
    assert [step.name for step in form.augment] == [step.name for step in full.augment]
    assert (form.schedule.name, form.model.temperature, form.model.projection) == (
        full.schedule.name,
        full.model.temperature,
        full.model.projection,
    )
    assert (form.model.text.pooling, form.model.text.policy, form.model.text.dropout) == (
        full.model.text.pooling,
        full.model.text.policy,
        full.model.text.dropout,
    )
    assert form.model.audio.jitter_hz == full.model.audio.jitter_hz
    assert form.model.audio.options.get("front_end") == full.model.audio.options.get("front_end")
    assert ("patchout" in form.model.audio.options) == full.model.audio.name.startswith("passt")
    assert (bool(form.model.start), len(form.teachers), form.training.clip_norm) == (
        bool(full.model.start),
        len(full.teachers),
        full.training.clip_norm,
    )
    assert bool(form.data.variations) == bool(full.data.variations)
    assert form.data.swap_probability == full.data.swap_probability
    assert form.training.epochs == 1
    assert (form.model.decoder is None) == (full.model.decoder is None)
    if form.model.decoder is not None and full.model.decoder is not None:
        assert (form.model.decoder.kind, form.model.decoder.vocabulary) == (full.model.decoder.kind, full.model.decoder.vocabulary)


def test_the_same_twice_is_the_same(material: Path) -> None:
    assert small("salsa/stage2", material) == small("salsa/stage2", material)


def test_encoders_stand_for_those_of_their_family(material: Path) -> None:
    stands = {
        name: small(name, material).model.audio.name
        for name in ("primus2023/passt-s20_15s", "kim2023/none", "wavtext5k/c_htsat", "dcase2022/baseline")
    }
    assert list(stands.values()) == ["passt_tiny", "cnn10_tiny", "htsat_mini", "crnn_dcase2022"]
    assert small("wavtext5k/d_cnn14-htsat", material).model.audio.options == {"wide": "cnn10_tiny", "narrow": "htsat_mini"}


def test_warm_up_and_ramp_shrink(material: Path) -> None:
    form = small("primus2023/passt-n_bert-base-code", material)
    assert form.schedule.warmup_epochs == pytest.approx(1 / 16)
    assert form.schedule.end_epoch == pytest.approx(15 / 16)


def test_accumulation_and_caching_stay_in_small(material: Path) -> None:
    full = read_recipe("salsa/stage1")
    full = replace(full, training=replace(full.training, accumulate=8, cache_batch=16))
    form = smoke(full, None, material).training
    assert (form.batch, form.accumulate, form.cache_batch, form.precision) == (4, 2, 2, "bf16")


@pytest.mark.parametrize(
    "corpus", [pytest.param(str(SHARED), marks=pytest.mark.skipif(not SHARED.exists(), reason="no shared sounds")), None]
)
def test_every_recipe_trains_two_real_steps(material: Path, tmp_path: Path, corpus: str | None) -> None:
    """On recordings where they are, with imitated sounds for one recipe else: recipes of one smoke form are trained once."""
    torch.set_num_threads(1)
    chosen = list(distinct(material, corpus))
    if corpus is None and SHARED.exists():
        chosen = chosen[:1]
    for number, name in enumerate(chosen):
        form = small(name, material, corpus)
        outcome = run_recipe(form, tmp_path / str(number), accelerator="cpu", loggers=())
        assert (outcome.steps, outcome.skipped, outcome.finished) == (NUM_STEPS, 0, True), name
        kind, figure, most = (DualEncoder, "t2a_mAP@10", 1) if form.model.decoder is None else (Captioner, "CIDEr-D", 10)
        assert 0 <= outcome.best[figure] <= most, name
        model = kind.from_pretrained(best_model(RunFolder.open(outcome.run)))
        assert all(torch.isfinite(weight).all() for weight in model.parameters()), name
