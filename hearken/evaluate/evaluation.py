"""What came out: figures with their intervals, and the values of single queries and clips that they are means of.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hearken.metrics.confidence import Interval
from hearken.metrics.ranks import Ranks

Way = Literal["t2a", "a2t"]
WAYS: tuple[Way, ...] = ("t2a", "a2t")
WAY_TITLES = {"t2a": "text to audio", "a2t": "audio to text"}


@dataclass(frozen=True, eq=False)
class Direction:
    """One direction: who asks (`text to audio`: the queries Q; `audio to text`: the clips that have a caption), and what they found.

    `figures` by metric (`mAP@10`, `R@1`, `medR`, ...) are shares of 1, or ranks for `medR` and `meanR`. `values` has by metric the value
    of each that asked (Q,); figures that are no means (`medR`) have none. `askers` (Q,) are the numbers of the queries or clips that
    asked, `clusters` (Q,) the clip that each belongs to, `ranks` where the relevant items stand.
    """

    figures: dict[str, Interval]
    values: dict[str, NDArray[np.float64]]
    askers: NDArray[np.int64]
    clusters: NDArray[np.int64]
    ranks: Ranks


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well `system` does `task` (the digest of it in `task_digest`) by a named `definition` of the metrics.

    `facts` say how it was done: the model's digest, versions, test-time augmentation and what it cost, what was left out.
    """

    system: str
    task: str
    task_digest: str
    definition: str
    directions: dict[Way, Direction]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, Interval]:
        """All figures, by `t2a_mAP@10`, `a2t_R@1`, ..."""
        return {f"{way}_{name}": figure for way, direction in self.directions.items() for name, figure in direction.figures.items()}
