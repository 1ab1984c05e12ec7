"""What makes an evaluation again: the `hearken evaluate` that its record tells of, as far as it does."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hearken.evaluate.measure import METRICS

if TYPE_CHECKING:
    from hearken.evaluate.captioning.store import StoredCaptions
    from hearken.evaluate.store import Stored

_BESIDES = " + "
"""Stands in the name of a member that is more than a model (`evaluate.label_of`): how it was made, the ensemble does not say."""
_OWN_LAYER = "encoder"


def evaluate_command(stored: Stored) -> str:
    """Return the command that makes an evaluation again; "" where its record does not tell (scores or a submission of somebody else's)."""
    facts = _mapping(stored.facts)
    models, together = _models(facts), _together(facts)
    corpora = _texts(_mapping(stored.task.record).get("corpora"))
    if not models or not corpora:
        return ""
    settings = _mapping(stored.settings)
    metrics = _texts(settings.get("metrics"))
    changed = [*(_options("--metric", metrics) if metrics and tuple(metrics) != METRICS else [])]
    changed += _told("--interval", settings.get("interval"), "bootstrap") + _told("--seed", settings.get("seed"), 0)
    words = [*models, *_options("--data", corpora), "--definition", stored.definition, *_done(facts), *together, *changed]
    return shlex.join(["hearken", "evaluate", *words])


def zero_shot_command(facts: Mapping[str, Any], record: Mapping[str, Any], templates: Iterable[str]) -> str:
    """Return the command that classifies again; "" where the record does not tell."""
    models, corpora = _models(facts), _texts(record.get("corpora"))
    if not models or not corpora:
        return ""
    words = [*models, *_options("--data", corpora), "--zero-shot", *_options("--template", templates), *_done(facts)]
    return shlex.join(["hearken", "evaluate", *words])


def captions_command(stored: StoredCaptions) -> str:
    """Return the command that evaluates captions again; of what is not told any more, that which measures it again."""
    found = stored.evaluation
    facts, corpora = _mapping(found.facts), _texts(_mapping(found.task.record).get("corpora"))
    table, models = facts.get("captions"), _models(facts)
    source = [table] if isinstance(table, str) and table else models if corpora else []
    decoding = _mapping(facts.get("decoding")) if models else {}
    besides = [
        *_told("--max-duration", facts.get("max_duration_s"), None),
        *_told("--tta", facts.get("tta"), ""),
        *_told("--beam", decoding.get("beam"), None),
        *_told("--search", decoding.get("search"), "beam"),
    ]
    changed = _told("--interval", found.interval, "bootstrap") + _told("--seed", found.seed, 0)
    words = (
        [*source, "--captions", *_options("--data", corpora), *(besides if models else [])]
        if source
        else [str(stored.folder), "--captions"]
    )
    return shlex.join(["hearken", "evaluate", *words, *changed])


def _models(facts: Mapping[str, Any]) -> list[str]:
    """The model, or the members of an ensemble; none where a member is more than a model."""
    model = facts.get("model")
    if isinstance(model, str) and model:
        return [model]
    members = _texts(facts.get("members"))
    return [] if any(_BESIDES in each for each in members) else members


def _together(facts: Mapping[str, Any]) -> list[str]:
    """How the members of an ensemble were put together."""
    if not facts.get("members"):
        return []
    fitted_on = _texts(facts.get("fitted_on"))
    return ["--ensemble", "fitted", *_options("--fit-on", fitted_on)] if fitted_on else ["--ensemble", "mean"]


def _done(facts: Mapping[str, Any]) -> list[str]:
    """What was done besides encoding sounds and captions as the model does."""
    layer = _mapping(facts.get("encoder")).get("layer")
    return [
        *_told("--max-duration", facts.get("max_duration_s"), None),
        *_told("--tta", facts.get("tta"), ""),
        *(_told("--tta-layer", layer, _OWN_LAYER) if facts.get("tta") else []),
        *_told("--windows", facts.get("windows"), ""),
        *_told("--rephrased", facts.get("variations"), ""),
    ]


def _told(option: str, value: object, default: object) -> list[str]:
    """An option, unless it says what goes without saying, or what no option says."""
    if value is None or value == default or isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    return [option, value if isinstance(value, str) else f"{value:g}"]


def _options(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _mapping(value: object) -> Mapping[str, Any]:
    """What another hand may have written: a mapping, or nothing."""
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []
