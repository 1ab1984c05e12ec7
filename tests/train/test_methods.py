"""A decoder makes a captioner."""

from __future__ import annotations

from dataclasses import replace

from hearken.train.captioning.teach import CAPTIONING
from hearken.train.contrastive import CONTRASTIVE
from hearken.train.methods import method_of
from hearken.train.recipe import DecoderPart, ModelPart, Recipe


def test_the_decoder_decides() -> None:
    recipe = Recipe()
    assert method_of(recipe) is CONTRASTIVE
    assert method_of(replace(recipe, model=ModelPart(decoder=DecoderPart()))) is CAPTIONING
    assert method_of(replace(recipe, model=ModelPart(start="pocket"))) is CONTRASTIVE
