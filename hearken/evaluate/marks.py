"""What says of which recipe and of which weights an evaluation of a run is, so that it is known whether it still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hearken.errors import RunError, show
from hearken.runtime.catalog import RUN_RECORD
from hearken.train.runs.compare import digest

BEST = Path("best", "model.safetensors")
"""The weights of a run that are tried."""


def marks_of(run: Path) -> dict[str, str]:
    """Return the name of the recipe of `run`, and digests of the recipe and the best weights.

    Raises RunError where there is no run, or no model in it.
    """
    try:
        record = json.loads((run / RUN_RECORD).read_text(encoding="utf-8"))
        recipe_sha256 = digest_of(record["recipe"])
        name = str(record["recipe"]["name"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(f"{show(run / RUN_RECORD)} cannot be read: {show(str(error))}.", "It is the record of a run.") from error
    try:
        with (run / BEST).open("rb") as file:
            weights = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"The run {show(run)} has no model to try: {error.strerror}.", "Finish it first, with --resume.") from error
    return {"recipe": name, "recipe_sha256": recipe_sha256, "weights_sha256": weights}


def digest_of(recipe: Mapping[str, Any]) -> str:
    """Return the digest of a recipe as `run.json` has it, without what it says `about` itself, which changes no weight."""
    return digest({key: value for key, value in recipe.items() if key != "about"})
