"""Where runs are unless one says otherwise; apart, since the commands ask before they load anything."""

from __future__ import annotations

from pathlib import Path

RUNS = Path("runs")
"""The run of a recipe is `runs/RECIPE`, below the folder one is in."""
