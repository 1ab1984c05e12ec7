"""What is asked: clips, queries, and which clip answers which query. No sound and no model is in here.

Legend: `Q` queries, `N` clips, `M` relevant pairs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.metrics.relevance import IntArray, Relevance

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Task:
    """Clips (N) by id, query texts (Q), and their `relevance` (queries to clips).

    `grades` (M,) says how relevant each pair of `relevance` is, where somebody graded them. `paths` (N) says where the sounds are ("" where
    nobody knows), `labels` (N) the tags of each clip. `record` counts what was left out, and why.
    """

    name: str
    clips: tuple[str, ...]
    queries: tuple[str, ...]
    relevance: Relevance
    grades: NDArray[np.float64] | None = None
    paths: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def owners(self) -> IntArray:
        """The clip that each query belongs to (Q,), the first that is relevant: the captions of a clip are drawn together where figures are
        drawn again (`metrics/confidence.py`)."""
        return self.relevance.items[self.relevance.starts[:-1]]

    @property
    def asked(self) -> IntArray:
        """The clips that have a query, which alone can ask for captions."""
        return np.flatnonzero(self.relevance.transposed().counts)

    @property
    def digest(self) -> str:
        """SHA-256 of clips, queries and relevance: two systems with one digest were asked the same."""
        found = hashlib.sha256()
        for part in ("\0".join(self.clips), "\0".join(self.queries)):
            found.update(part.encode("utf-8", "surrogatepass") + b"\n")
        found.update(self.relevance.items.tobytes() + self.relevance.starts.tobytes())
        return found.hexdigest()
