"""The chart of captions: how their values are spread over clips.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hearken.errors import show
from hearken.evaluate.report.drawing import SERIES, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 24
_NAME_CHARS = 34


def value_chart(values: Mapping[str, NDArray[np.float64]], metric: str, *, name: str = "captions") -> str:
    """Return the histograms of the values of single clips (N,) by system, times 100; at most as many systems as there are colours.

    What lies above the 99th percentile of all is counted in the last bar: a few clips must not make the others narrow.
    """
    shown = dict(list(values.items())[: len(SERIES)])
    top = max(float(np.percentile(np.concatenate(list(shown.values())), 99)), 1e-9)
    edges = np.linspace(0.0, 100 * top, _BINS + 1)
    counts = {key: np.histogram(np.clip(100 * each, 0.0, edges[-1]), edges)[0] / len(each) for key, each in shown.items()}

    def paint(axes: Axes) -> None:
        for (key, shares), colour in zip(counts.items(), SERIES, strict=False):
            axes.stairs(100 * shares, edges, fill=True, color=colour, alpha=0.25, linewidth=0)
            axes.stairs(100 * shares, edges, color=colour, linewidth=1.6, label=_short(key))
        if len(counts) > 1:
            axes.legend(frameon=False)
        axes.set_xlabel(f"{metric} of a clip, times 100")
        axes.set_ylabel("% of the clips")

    medians = "; ".join(f"{key}: half of the clips are above {100 * float(np.median(each)):.1f}" for key, each in shown.items())
    return draw(paint, name=name, words=f"Histogram of {metric} of single clips. {medians}.")


def _short(name: str) -> str:
    safe = show(name)
    return safe if len(safe) <= _NAME_CHARS else safe[: _NAME_CHARS - 12] + "…" + safe[-11:]
