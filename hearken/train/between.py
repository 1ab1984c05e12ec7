"""Between the model before and the model after: how far to go.

Weights on the straight line between those before and those after fine-tuning make models that are often better than both, and that have
forgotten less (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", section 3). Which point is best is asked of held-out clips;
as these are few, the best figure is partly luck, so the point nearest to the model before is taken whose figure is no worse than one
standard error of the difference (the rule of Breiman et al. 1984, "Classification and Regression Trees", section 3.4.3). A tenth of
the gain is spared as well: the last part of the way brings least and forgets most (`benchmarks/bench_finetune.py`).

Legend: `Q` queries.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from hearken.models.dual import DualEncoder

SHARES = (0.25, 0.5, 0.75, 1.0)
"""The points that are tried: how much of the way is gone. 0 is the model before."""
SPARED = 0.1
"""The share of the gain that may be left for a point nearer to the model before."""


def between(before: DualEncoder, after: DualEncoder, share: float) -> DualEncoder:
    """Return a model whose weights are `share` of the way from those of `before` to those of `after`, in evaluation mode."""
    mixed = copy.deepcopy(after)
    with torch.no_grad():
        others = before.state_dict()
        for name, value in mixed.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.lerp(others[name].to(value), value, share))
    return mixed.eval()


def nearest(figures: Mapping[float, NDArray[np.float64]]) -> float:
    """Return the smallest share of those whose figures (Q,), one for each query, are as good as the best ones; 0, the model before, is among them.

    As good is what is behind the best on average by a standard error at most, or, of the points after 0, by a tenth of the gain.
    """
    best = max(sorted(figures), key=lambda share: float(figures[share].mean()))
    gain = float(figures[best].mean() - figures[0.0].mean())
    for share in sorted(figures):
        behind = figures[best] - figures[share]
        error = float(behind.std(ddof=1)) / len(behind) ** 0.5 if len(behind) > 1 else 0.0
        if float(behind.mean()) <= (max(error, SPARED * gain) if share > 0.0 else error):
            return share
    return best
