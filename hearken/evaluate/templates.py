"""What is said about a class: prompt templates, those that the authors of public models use and your own.

A template is a text with `{}` where the class stands. Several together are an ensemble: the class is the mean of the unit vectors of all
its prompts, again with unit length (Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021,
section 3.1.4). Templates as they stand in public code, read at the commits named.

Legend: `C` classes, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError
from hearken.evaluate.nearest import did_you_mean
from hearken.evaluate.unit_text import EncodeText, unit, unit_texts
from hearken.text.prompts import PLACE, PROMPTS, read_label

__all__ = ["PLACE", "STANDARD", "TEMPLATES", "TemplateSet", "class_vectors", "fill", "read_label", "templates_of"]

STANDARD = "laion"
"""The set that is used unless another is asked for."""


@dataclass(frozen=True)
class TemplateSet:
    """Templates under a `name`, and where they are from."""

    name: str
    templates: tuple[str, ...]
    source: str


TEMPLATES = {
    each.name: each
    for each in (
        TemplateSet("plain", ("{}",), "the label alone; WavCaps does so for UrbanSound8K (retrieval/zero_shot_classification.py, a5a9649)"),
        TemplateSet(
            "msclap", ("this is the sound of {}",), "microsoft/CLAP, examples/zero_shot_classification.py (0e37184), versions 2023"
        ),
        TemplateSet("laion-api", ("This is a sound of {}",), "LAION-AI/CLAP, experiment_scripts/esc50_api.py (1fd4c37)"),
        TemplateSet(
            "laion",
            ("This is a sound of {}.",),
            "LAION-AI/CLAP, evaluate/eval_zeroshot_classification.py (1fd4c37); also the default of transformers' zero-shot audio pipeline",
        ),
        TemplateSet("laion-music", ("This is a {} song.",), "LAION-AI/CLAP, the same file, for GTZAN"),
        TemplateSet(
            "wavcaps", ("{} can be heard",), "XinhaoMei/WavCaps, retrieval/zero_shot_classification.py (a5a9649), ESC-50 and VGGSound"
        ),
        TemplateSet("glap", ("The sound of {} can be heard.",), "xiaomi-research/dasheng-glap, README.md (e9b4b09), for sounds"),
        TemplateSet("glap-music", ("The music in the style of {}.",), "xiaomi-research/dasheng-glap, README.md (e9b4b09), for music"),
        TemplateSet("ensemble", PROMPTS, "the five for sounds above, together; nobody's published figure"),
    )
}
"""By name. `laion-api` and `laion` differ in the full stop, which changes word pieces and so figures."""


def templates_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the templates that `names` stand for, each once: a text with `{}` is a template, anything else the name of a set.

    Raises EvaluationError for a name that is none, a template with more than one `{}`, and for no name at all.
    """
    found: dict[str, None] = {}
    for name in names:
        if PLACE in name:
            if name.count(PLACE) > 1:
                raise EvaluationError(f"The template {name!r} has {name.count(PLACE)} places for the class.", "Write {} once.")
            found[name] = None
        elif name in TEMPLATES:
            found |= dict.fromkeys(TEMPLATES[name].templates)
        else:
            raise EvaluationError(
                f"{name!r} is no set of templates, and has no {{}}.",
                f"{did_you_mean(name, TEMPLATES)}Known: {', '.join(TEMPLATES)}; or your own text.",
            )
    if not found:
        raise EvaluationError("There is no template.", "The label alone is the set plain.")
    return tuple(found)


def fill(template: str, words: str) -> str:
    """Return `template` with `words` in place of `{}`; no other brace means anything."""
    return template.replace(PLACE, words)


def class_vectors(classes: Sequence[str], encode_text: EncodeText, templates: Sequence[str]) -> NDArray[np.float64]:
    """Return the vectors (C, D) of `classes`, unit length: of each, the mean of the unit vectors of its prompts.

    Labels are read by `read_label`, `templates` are texts with `{}`. Raises EvaluationError for a label without a word, two labels that read
    alike (each would beat the other, so neither could be right), and what `unit_texts` raises.
    """
    words = [read_label(name) for name in classes]
    seen: dict[str, str] = {}
    for name, reading in zip(classes, words, strict=True):
        if not reading:
            raise EvaluationError(f"The label {name!r} has no word.")
        if reading in seen:
            raise EvaluationError(
                f"The labels {seen[reading]!r} and {name!r} read alike.", "Give both clips the same label, or other words."
            )
        seen[reading] = name
    prompts = [fill(template, reading) for reading in words for template in templates]
    each = unit_texts(prompts, encode_text).reshape(len(words), len(templates), -1)
    return unit(each.mean(axis=1), words)
