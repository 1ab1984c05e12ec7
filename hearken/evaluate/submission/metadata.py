"""The YAML beside a submission: who made it, with what system, how large that is, and how well it did on the development set.

DCASE publishes a template for each year. Its pages could not be read in full here, so the keys below follow what is common to the public
ones of those years and are not compared with the official file: docs say so, and every key that a user's own file adds is kept.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from hearken.data.rows import read_text
from hearken.errors import DataError, MissingDataError, MissingExtraError, SubmissionError, extra_hint, show
from hearken.evaluate.submission.challenges import Challenge
from hearken.evaluate.submission.faults import Faults, brief, nearest
from hearken.evaluate.submission.yaml_text import to_yaml
from hearken.limits import MAX_YAML_MB

_MAX_ABBREVIATION = 10
_MAX_DEPTH = 20
_HINT = "Fill it in the file of --meta, or give --label NAME_INSTITUTE_TASK_1."
_PARTS = ("submission", "system", "results")
_PERSON = {
    "lastname": None, "firstname": None, "email": None, "corresponding": True,
    "affiliation": {"abbreviation": None, "institute": None, "department": None, "location": None},
}  # fmt: skip
_DATASET = {"name": None, "purpose": None, "url": None, "data_types": None, "data_instances": {"audio": None, "caption": None}}
COMMENTS = {
    "submission": "Who. What is null is not known to Hearken: fill it in.",
    "submission.label": "Last name of the corresponding author _ institute _ task _ number of the submission (1 to 4)",
    "submission.abbreviation": f"At most {_MAX_ABBREVIATION} characters",
    "submission.authors": "In the order of the report; one of them is the corresponding author",
    "system": "What",
    "system.complexity.total_parameters": "Of everything that runs when a query is answered, ensembles summed",
    "results": "How well, on the evaluation split of Clotho, which is the development-testing split",
}


def template(challenge: Challenge) -> dict[str, Any]:
    """Return all keys of the metadata for `challenge`, with null for what has to be filled in."""
    description = dict.fromkeys((
        "input_sampling_rate", "acoustic_features", "audio_embeddings", "data_augmentation", "audio_modelling", "text_modelling",
        "word_embeddings", "loss_function", "optimizer", "learning_rate", "ensemble_num_systems", "metric_monitored",
    ))  # fmt: skip
    return {
        "submission": {"label": None, "name": None, "abbreviation": None, "authors": [copy.deepcopy(_PERSON)]},
        "system": {
            "description": description,
            "complexity": {"total_parameters": None},
            "train_datasets": [copy.deepcopy(_DATASET)],
            "validation_datasets": [copy.deepcopy(_DATASET)],
            "source_code": None,
        },
        "results": {"development_testing": dict.fromkeys(_results(challenge))},
    }


def _results(challenge: Challenge) -> tuple[str, ...]:
    first = [name for name in challenge.figures if name.startswith("R@")]
    return (*first, *(name for name in challenge.figures if name not in first))


def complete(
    challenge: Challenge, given: Mapping[str, Any], *, label: str | None = None, figures: Mapping[str, float] | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return the metadata of a submission: the template with what is `given`, the `label`, and `figures` where nobody gave results.

    Raises SubmissionError, with all faults, for a label that is missing or not of the challenge's form, and what `check_metadata` finds.
    """
    made = _merged(template(challenge), given, 0)
    if label is not None and isinstance(made["submission"], dict):
        made["submission"]["label"] = label
    if figures and not _given(given, "results", "development_testing"):
        results = {name: round(float(figures[name]), 6) for name in _results(challenge) if name in figures}
        made["results"] = {**_mapping(made["results"]), "development_testing": results}
    faults = Faults()
    check_metadata(made, challenge, faults)
    if faults.count:
        lines = "".join(f"\n  {line}" for line in faults.lines)
        raise SubmissionError(f"The metadata cannot be handed in to {challenge.name}:{lines}", _HINT)
    return made


def check_metadata(values: Mapping[str, Any], challenge: Challenge, faults: Faults) -> None:
    """Note in `faults` what is wrong with the metadata: parts missing or unknown, label, abbreviation, authors, results that are no shares."""
    for part in _PARTS:
        if not isinstance(values.get(part), dict):
            faults.add("metadata", None, "it is missing, or not a mapping.", part)
    for part in values:
        if part not in _PARTS and (near := nearest(str(part), _PARTS)):
            faults.add("metadata", None, f"there is no part {brief(str(part))}{near}.")
    submission, results = _mapping(values.get("submission")), _mapping(values.get("results"))
    _check_label(submission.get("label"), challenge, faults)
    short = submission.get("abbreviation")
    if isinstance(short, str) and len(short) > _MAX_ABBREVIATION:
        faults.add(
            "metadata", None, f"{brief(short)} has {len(short)} characters, more than {_MAX_ABBREVIATION}.", "submission.abbreviation"
        )
    _check_authors(submission.get("authors"), faults)
    for name, value in _mapping(results.get("development_testing")).items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0.0 <= value <= 1.0):
            faults.add("metadata", None, f"{brief(str(value))} is no share from 0 to 1.", f"results.development_testing.{name}")


def _check_label(label: object, challenge: Challenge, faults: Faults) -> None:
    form = f"NAME_INSTITUTE_{challenge.task}_N, N from 1 to 4"
    if not isinstance(label, str) or not label:
        faults.add("metadata", None, f"there is none; it should be {form}.", "submission.label")
    elif not re.fullmatch(rf"[^\W_][\w-]*_[^\W_][\w-]*_{challenge.task}_[1-4]", label, re.IGNORECASE):
        faults.add("metadata", None, f"{brief(label)} should be {form}.", "submission.label")


def _check_authors(authors: object, faults: Faults) -> None:
    if not isinstance(authors, list) or not authors or not all(isinstance(author, dict) for author in authors):
        faults.add("metadata", None, "there should be a list of one or more authors.", "submission.authors")
    elif sum(author.get("corresponding") is True for author in authors) != 1:
        faults.add("metadata", None, "one author, and one alone, should have `corresponding: true`.", "submission.authors")


def open_questions(values: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the keys, such as `submission.name`, that are still null."""
    found: list[str] = []
    for key, value in values.items():
        here = f"{path}{key}"
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, Mapping):
                found += open_questions(part, f"{here}.")
            elif part is None:
                found.append(here)
    return list(dict.fromkeys(found))


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the values of a YAML file. Raises SubmissionError for what is none, MissingExtraError without PyYAML."""
    from hearken.data.yaml_value import load_yaml

    def fail(line: int | None, message: str) -> NoReturn:
        raise SubmissionError(f"{show(path)}{f', line {line}' if line else ''}: {message}", "Correct the file.")

    try:
        found = load_yaml(read_text(path, max_mb=MAX_YAML_MB), fail)
    except MissingExtraError as error:
        raise MissingExtraError("Reading metadata needs PyYAML.", extra_hint("report")) from error
    except DataError as error:
        raise SubmissionError(error.message, "Check the path." if isinstance(error, MissingDataError) else "Check the file.") from error
    if not isinstance(found, dict):
        fail(None, "there should be a mapping with submission, system and results.")
    return found


def metadata_text(values: Mapping[str, Any], challenge: Challenge) -> str:
    """Return the metadata as the YAML to hand in."""
    head = f"# Metadata of a submission to {challenge.title} ({challenge.homepage}).\n# Compare the keys with the template of that page.\n"
    return head + to_yaml(values, COMMENTS)


def _merged(base: dict[str, Any], over: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """`base` with what `over` has in its place; mappings go together, lists do not."""
    made = dict(base)
    for key, value in over.items():
        old = made.get(str(key))
        both = isinstance(value, Mapping) and isinstance(old, dict) and depth < _MAX_DEPTH
        made[str(key)] = _merged(old, value, depth + 1) if both and isinstance(old, dict) else value
    return made


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _given(values: Mapping[str, Any], *keys: str) -> bool:
    found: object = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found is not None
