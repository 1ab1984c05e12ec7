"""Which method a recipe trains by: with a decoder it is of a captioner, without one of a dual encoder."""

from __future__ import annotations

from hearken.train.captioning.teach import CAPTIONING
from hearken.train.contrastive import CONTRASTIVE
from hearken.train.recipe import Recipe
from hearken.train.step import Method


def method_of(recipe: Recipe) -> Method:
    """Return the method of `recipe`."""
    return CONTRASTIVE if recipe.model.decoder is None else CAPTIONING
