"""How somebody wants a model evaluated. Plain values, so that whoever asks needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from hearken.evaluate.evaluation import Way
from hearken.evaluate.measure import METRICS


@dataclass(frozen=True)
class Wish:
    """How to evaluate: by which definition ("": the one that fits the corpus), which metrics, with which intervals, and how sounds are encoded.

    `tta` is a strategy of test-time augmentation such as "100:5x20" at `tta_layer`, `windows` a window ensemble (`tta/`); both need torch.
    `max_duration_s` cuts longer sounds. `variations` names further words for the captions (`evaluate/rephrased.py`).
    """

    definition: str = ""
    metrics: tuple[str, ...] = METRICS
    ways: tuple[Way, ...] = ()
    interval: str = "bootstrap"
    seed: int = 0
    max_duration_s: float | None = None
    tta: str = ""
    tta_layer: str = "encoder"
    windows: str = ""
    variations: str = ""
    accelerator: str = "auto"
    precision: str = "32"
    jobs: int = 1
