"""A run's folder as a report needs it: its recipe, its record, and the curves of what was written while it learnt.

All is read as the JSON that it is, so nothing here needs torch; what is broken in a log is counted and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show

RUN_RECORD, RUN_LOG = "run.json", "log.jsonl"
_RUN_FORMAT = 1
_MAX_RECORD_BYTES = 64_000_000
_MAX_LINE_BYTES = 1_000_000
_MAX_STEP = 1 << 53
_MOST = 1e100
"""What is larger is as good as infinite, and no chart can hold it."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A figure over time: `steps` (P,) ascending, `values` (P,), all finite and below 1e100."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Training:
    """A run's folder: the `name` of its `recipe` (plain values), its `record` (all of `run.json`), and what was written while it learnt:
    `curves` by name, `loss`, `rate`, ..., and `validation/t2a_mAP@10`, ..."""

    folder: Path
    name: str
    recipe: dict[str, Any]
    record: dict[str, Any]
    curves: dict[str, Curve]

    @property
    def seed(self) -> int:
        """The seed that it was trained with."""
        found = _mapping(self.recipe.get("training")).get("seed")
        return found if isinstance(found, int) else 0

    @property
    def is_smoke(self) -> bool:
        """Whether it was a trial of a few steps, whose figures mean nothing."""
        starts = self.record.get("starts")
        first = starts[0] if isinstance(starts, list) and starts else {}
        return _mapping(first).get("smoke") is True


def read_training(folder: Path, skipped: list[str]) -> Training:
    """Return the run in `folder`; lines of its log that cannot be read are counted in `skipped`. Raises EvaluationError for a broken record."""
    record = _record(folder / RUN_RECORD)
    version, recipe = record.get("format"), record.get("recipe")
    if not isinstance(version, int) or not isinstance(recipe, dict):
        raise EvaluationError(f"{show(folder / RUN_RECORD)} is no record of a training run.")
    if version > _RUN_FORMAT:
        raise EvaluationError(f"The run in {show(folder)} has format {version}, of a newer Hearken.", "Upgrade Hearken.")
    name = recipe.get("name")
    return Training(folder, show(name) if isinstance(name, str) and name else folder.name, recipe, record, _curves(folder, skipped))


def _curves(folder: Path, skipped: list[str]) -> dict[str, Curve]:
    points: dict[str, dict[int, float]] = {}
    broken = 0
    for line in _lines(folder / RUN_LOG, skipped):
        if line is None or not isinstance(step := line.get("step"), int) or not 0 <= step < _MAX_STEP:
            broken += 1
            continue
        for name, value in _figures(line):
            points.setdefault(name, {})[step] = value
    if broken:
        skipped.append(f"{show(folder / RUN_LOG)} has lines that cannot be read and are left out: {broken}.")
    curves = {}
    for name, found in points.items():
        steps = sorted(found)
        curves[show(name)] = Curve(np.array(steps, np.int64), np.array([found[step] for step in steps], np.float64))
    return curves


def _lines(path: Path, skipped: list[str]) -> Iterator[dict[str, Any] | None]:
    """The lines of a log, None for one that is broken; a last one without its end is being written, and no fault."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                if not line.endswith(b"\n") and len(line) < _MAX_LINE_BYTES:
                    return
                yield _object(line)
    except FileNotFoundError:
        return
    except OSError as error:
        skipped.append(f"{show(path)} cannot be read: {error.strerror}.")


def _figures(line: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The figures of a line by name, those one level down with the name above them."""
    for name, value in line.items():
        inner = {f"{name}/{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        for key, each in inner.items():
            number = None if key in ("step", "epoch") else _finite(each)
            if number is not None:
                yield key, number


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < _MOST else None


def _record(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(_MAX_RECORD_BYTES + 1)
    found = _object(data) if len(data) <= _MAX_RECORD_BYTES else None
    if found is None:
        raise EvaluationError(f"{show(path)} cannot be read as JSON.")
    return found


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
