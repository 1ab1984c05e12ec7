"""What says of which recipe and of which weights an evaluation of a run is, so that it is known whether it still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hearken.errors import RunError, show
from hearken.runtime.catalog import RUN_RECORD
from hearken.train.runs.compare import digest, settled

BEST = Path("best", "model.safetensors")
"""The weights of a run that are tried."""


def marks_of(run: Path) -> dict[str, str]:
    """Return the name of the recipe of `run`, and digests of the recipe and the best weights.

    Raises RunError where there is no run, or no model in it.
    """
    recipe = recipe_of(run)
    try:
        with (run / BEST).open("rb") as file:
            weights = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"The run {show(run)} has no model to try: {error.strerror}.", "Finish it first, with --resume.") from error
    return {"recipe": str(recipe["name"]), "recipe_sha256": digest_of(recipe), "weights_sha256": weights}


def recipe_of(run: Path) -> dict[str, Any]:
    """Return the recipe of `run` as its `run.json` has it; needs no torch. Raises RunError where there is no run, or its record is damaged."""
    record = run / RUN_RECORD
    try:
        recipe = json.loads(record.read_text(encoding="utf-8"))["recipe"]
        if not (isinstance(recipe["name"], str) and isinstance(recipe["data"], dict)):
            raise ValueError("it holds no recipe")
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        raise RunError(f"{show(record)} cannot be read: {show(reason)}.", "It is the record of a run.") from error
    return dict(recipe)


def digest_of(recipe: Mapping[str, Any]) -> str:
    """Return the digest of a recipe as `run.json` has it, without what it says `about` itself, which changes no weight."""
    return digest({key: value for key, value in settled(recipe).items() if key != "about"})
