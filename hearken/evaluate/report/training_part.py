"""The part of the page on training: loss, rate and validation over the steps, and which epoch was kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hearken.evaluate.report.charts import MOST_LINES, Line, training_chart
from hearken.evaluate.report.published import heading_of
from hearken.evaluate.report.shown import Chart, Part
from hearken.evaluate.report.training import Training

_METRIC = "t2a_mAP@10"


def training_part(trainings: Sequence[Training]) -> Part | None:
    """Return the curves of one run with the epoch that was kept, or of several over each other; None where nothing was noted."""
    shown = [training for training in trainings if training.curves][:MOST_LINES]
    if not shown:
        return None
    part = Part("training", "Training")
    if len(shown) < len(trainings):
        part.intro.append(f"{len(shown)} of {len(trainings)} runs are drawn.")
    alone = shown[0] if len(shown) == 1 else None
    monitor = monitor_of(shown[0])
    best = best_step(alone, monitor) if alone else None
    for number, (curve, title, how) in enumerate(
        (
            ("loss", "loss of a step", {"smooth": True}),
            (f"validation/{_metric_of(monitor)}", f"validation, {heading_of(_metric_of(monitor))} {drawn_in(monitor)}", {"percent": True}),
            ("validation/loss", "loss in validation", {}),
            ("rate", "learning rate", {}),
        )
    ):
        lines = _curves(shown, curve)
        if lines:
            svg = training_chart(lines, title=title, name=f"training{number}", best=best if curve.startswith("validation") else None, **how)
            part.charts.append(Chart(svg, _words(curve, best)))
    return part


def drawn_in(monitor: str) -> str:
    """Return what a figure of validation is drawn in: a captioner's CIDEr-D goes to 10, so that a hundred times of it are no percent."""
    return "times 100" if _metric_of(monitor) == "CIDEr-D" else "in %"


def _curves(trainings: Sequence[Training], curve: str) -> list[Line]:
    found = [(training.folder.name, training.curves.get(curve)) for training in trainings]
    return [Line(name, each.steps.astype(np.float64), each.values) for name, each in found if each is not None and len(each.steps)]


def _words(curve: str, best: float | None) -> str:
    words = {
        "loss": "Thin: every step; thick: the mean over its neighbours.",
        "rate": "The learning rate.",
        "validation/loss": "On clips that were not learnt from.",
    }.get(curve, "On clips that were not learnt from; what decides which epoch is kept.")
    return words + (" The dashed line is the epoch that was kept." if best is not None and curve.startswith("validation") else "")


def monitor_of(training: Training) -> str:
    """Return the figure that decides which epoch of a run is kept."""
    settings = training.recipe.get("training")
    found = settings.get("monitor") if isinstance(settings, dict) else None
    return found if isinstance(found, str) else _METRIC


def best_step(training: Training, monitor: str) -> float | None:
    """Return the step whose validation was best by `monitor` (the first of equals); None without validation."""
    if monitor.startswith("mean_"):
        pair = [training.curves.get(f"validation/{way}_{monitor.removeprefix('mean_')}") for way in ("t2a", "a2t")]
        curves = [curve for curve in pair if curve is not None]
        if len(curves) < 2 or len(curves[0].steps) != len(curves[1].steps):
            return None
        return float(curves[0].steps[int((curves[0].values + curves[1].values).argmax())])
    curve = training.curves.get(f"validation/{monitor}")
    if curve is None or not len(curve.steps):
        return None
    return float(curve.steps[int(curve.values.argmin() if monitor == "loss" else curve.values.argmax())])


def _metric_of(monitor: str) -> str:
    return _METRIC if monitor in ("loss", "") or monitor.startswith("mean_") else monitor
