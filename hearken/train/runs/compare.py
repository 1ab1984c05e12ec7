"""What differs between two recipes, or two records of data, in words."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from hearken.errors import show

_SHOWN = 5  # so many differences are told
_UNTOLD = "about"  # what a recipe says of itself changes no number


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they come back from a JSON file: tuples are lists, keys are texts."""
    return dict(json.loads(json.dumps(values, default=str)))


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as any reader of JSON takes them: numbers that are not finite become "nan", "inf", "-inf"."""
    return {str(name): _finite(value) for name, value in values.items()}


def digest(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain values: equal for equal ones, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def settled(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe of a record without `model.decoder` where that is null: so are the recipes of dual encoders, and all older ones, written."""
    model = recipe.get("model")
    if not isinstance(model, Mapping) or model.get("decoder", "") is not None:
        return dict(recipe)
    return {**recipe, "model": {key: value for key, value in model.items() if key != "decoder"}}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return what differs between two nested mappings, as "training.epochs was 16, is 20; ...", or "" where nothing does.

    What a recipe says `about` itself does not count.
    """
    before, after = _flat(old), _flat(new)
    changed = [key for key in sorted(before | after) if _differ(key, before, after)]
    told = [f"{key} was {_told(before, key)}, is {_told(after, key)}" for key in changed[:_SHOWN]]
    return "; ".join(told) + (f"; and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else "")


def _finite(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, Mapping):
        return finite(value)
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _differ(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    same = key in before and key in after and before[key] == after[key]
    return not same and key.partition(".")[0] != _UNTOLD


def _told(values: Mapping[str, Any], key: str) -> str:
    return show(json.dumps(values[key], ensure_ascii=False)) if key in values else "absent"


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested mappings and lists as one mapping: their leaves, and what is empty, by dotted names."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        inner = {str(place): part for place, part in enumerate(item)} if isinstance(item, list) else item
        found |= _flat(inner, f"{above}{key}.") if isinstance(inner, Mapping) and inner else {f"{above}{key}": item}
    return found
