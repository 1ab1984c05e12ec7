"""What is said about a label, so that a model that knows sentences understands it: prompts with `{}` where the label stands.

The five are those that public models are tried with, together (`evaluate/templates.py` names the sources); of all sets there they gave a
library of everyday sounds the most right labels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PLACE = "{}"
PROMPTS = ("{}", "this is the sound of {}", "This is a sound of {}.", "{} can be heard", "The sound of {} can be heard.")


def read_label(label: str) -> str:
    """Return a label as words: `_` becomes a blank, runs of blanks one, and capitals small, so `Crackling_fire` is `crackling fire`.

    The sets of LAION and WavCaps write ESC-50's labels so; commas and brackets (`Gunshot, gunfire`, `Keyboard (musical)`) stay.
    """
    return re.sub(r"\s+", " ", label.replace("_", " ")).strip().lower()


def prompts_of(label: str, prompts: Sequence[str] = PROMPTS) -> list[str]:
    """Return what is said about a label: each of `prompts` with its words; no other brace means anything."""
    return [prompt.replace(PLACE, read_label(label)) for prompt in prompts]
