"""The file of a test-time augmentation curve, as `benchmarks/bench_tta.py` writes it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hearken.errors import InputError, show
from hearken.evaluate.report.charts import TtaPoint
from hearken.evaluate.report.published import unit_of
from hearken.metrics.confidence import Interval

_MOST_BYTES = 4_000_000


def read_tta(path: Path) -> tuple[TtaPoint, ...]:
    """Return the points of a curve: a JSON list of {name, tau, metric, value, low, high, seconds_per_clip}, the last one optional; or an
    object with such `points`, as `benchmarks/bench_tta.py` writes it. Of a name such as `mid:10` the number of copies is left out, so that
    the points of one way are joined.

    `metric` is such as t2a_mAP@10; `value`, `low` and `high` are shares of 1, or ranks where the metric is one (t2a_medR). tau = 1 is the
    sound as it is.

    Raises InputError, naming the file and the entry, where it is anything else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{show(path)} cannot be read: {error.strerror}.") from error
    try:
        entries = json.loads(data) if len(data) <= _MOST_BYTES else None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{show(path)} is no JSON: {show(str(error))}.") from error
    if isinstance(entries, dict):
        entries = entries.get("points")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{show(path)} holds no curve.", "It is a list of objects with name, tau, metric, value, low, high.")
    return tuple(_point(entry, f"{show(path)}, entry {number}") for number, entry in enumerate(entries, start=1))


def _point(entry: Any, where: str) -> TtaPoint:  # noqa: ANN401 - JSON
    if not isinstance(entry, dict):
        raise InputError(f"{where}, is no object.")
    name, metric, tau = entry.get("name"), entry.get("metric"), entry.get("tau")
    if not isinstance(name, str) or not isinstance(metric, str) or not isinstance(tau, int) or isinstance(tau, bool) or tau < 1:
        raise InputError(f"{where}, needs a name, a metric, and a whole number tau of at least 1.")
    value, low, high = (_number(entry, key, where) for key in ("value", "low", "high"))
    if not low <= value <= high:
        raise InputError(f"{where}: the value {value:g} is not between {low:g} and {high:g}.")
    if unit_of(metric) == "percent" and not 0.0 <= value <= 1.0:
        raise InputError(f"{where}: the value {value:g} is no share of 1.", "Percent are divided by 100.")
    cost = None if entry.get("seconds_per_clip") is None else _number(entry, "seconds_per_clip", where)
    return TtaPoint(name.removesuffix(f":{tau}"), tau, metric, Interval(value, low, high, "bootstrap"), cost)


def _number(entry: dict[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise InputError(f"{where}: {key} must be a number.")
    return float(value)
