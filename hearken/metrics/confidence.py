"""How sure a figure is: intervals of 95 % by the jackknife and by the bootstrap.

Legend: `Q` values, one of each query.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval from `low` to `high`; `method` is "jackknife" or "bootstrap", "" where there is none (low = high = value)."""

    value: float
    low: float
    high: float
    method: str = ""
