"""What a recipe of a captioner can say, and what of a dual encoder's has no meaning for it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from hearken.errors import InputError
from hearken.losses.captions import CAPTION_LOSSES
from hearken.losses.table import LOSSES
from hearken.models.config import DecoderConfig
from hearken.models.decoder import build_decoder
from hearken.train.recipe import DecoderPart, ModelPart, Recipe
from hearken.train.recipes.values import Faults

DECODERS = ("cross", "prefix")
_MOST = {"width": 65_536, "num_layers": 200, "num_heads": 1024, "hidden": 1_000_000, "least_count": 1_000_000, "num_pieces": 1_000_000}
LEAST_PIECES = 300
"""A vocabulary of pieces holds 256 bytes and its marks before the first piece."""
_NO_WORD = 4

Within = Callable[..., None]


def check_captioner(recipe: Recipe, faults: Faults, within: Within) -> None:
    """Note in `faults` what of a `recipe` with a decoder cannot be; `within` notes numbers out of their bounds."""
    part = recipe.model.decoder
    if part is not None and not recipe.model.start:
        _check_decoder(part, faults, within)
        _check_other_side(recipe.model, faults)
    if recipe.teachers:
        faults.add("teachers", "only dual encoders learn from teachers.")
    if recipe.training.cache_batch is not None:
        faults.add(
            "training.cache_batch",
            "gradient caching is for losses that compare all pairs of a batch; a captioner's does not: take training.accumulate.",
        )
    for number, step in enumerate(recipe.augment):
        if step.name == "eda":
            faults.add(
                f"augment.{number}",
                "captions that are to be written are not changed: it would harm what is learnt (Kim et al. 2023, section 4.3).",
            )
    for option in ("ignore", "average"):
        if option in recipe.loss.options:
            faults.add(f"loss.{option}", "what is behind a caption is left out in any case, and the mean is over the tokens that are left.")


def misplaced_loss(recipe: Recipe) -> str:
    """Return what is wrong with a loss that is of the other kind of model, "" for nothing."""
    name, is_captioner = recipe.loss.name, recipe.model.decoder is not None
    if is_captioner and name in LOSSES and name not in CAPTION_LOSSES:
        return f"{name} compares sounds with captions; a captioner learns by one of {', '.join(CAPTION_LOSSES)}."
    if not is_captioner and name in CAPTION_LOSSES and name not in LOSSES:
        return f"{name} is for captioners, which have a model.decoder."
    return ""


def _check_decoder(part: DecoderPart, faults: Faults, within: Within) -> None:
    path, before = "model.decoder", len(faults.lines)
    if part.kind not in DECODERS:
        faults.unknown(f"{path}.kind", "decoder", part.kind, DECODERS)
    for key, most in _MOST.items():
        within(getattr(part, key), f"{path}.{key}", faults, low=LEAST_PIECES if key == "num_pieces" else 1, high=most)
    within(part.dropout, f"{path}.dropout", faults, low=0, high=0.99)
    if len(faults.lines) == before and part.width % part.num_heads:
        faults.add(f"{path}.width", f"this must be a multiple of the {part.num_heads} heads, not {part.width}.")
    elif len(faults.lines) == before:
        config = DecoderConfig(part.kind, part.width, 1, part.num_heads, part.hidden, part.dropout)
        try:
            with torch.device("meta"):
                build_decoder(config, _NO_WORD, 1)
        except (InputError, RuntimeError) as error:
            faults.add(path, f"this cannot be built: {error}.")


def _check_other_side(part: ModelPart, faults: Faults) -> None:
    """Note what a captioner does not have."""
    plain = ModelPart()
    for key in ("text", "projection", "dim", "temperature"):
        if getattr(part, key) != getattr(plain, key):
            faults.add(f"model.{key}", "a captioner has none: leave it out beside model.decoder.")
