"""WavCaps' `NTXent` as published: the mean over the whole matrix, right and wrong cells alike.

With s_ij = a_i · t_j / τ::

    L = -1/(2B²) Σ_ij ( log softmax_j(s_i·)_j + log softmax_i(s_·j)_i )

No paper describes it. Public code: XinhaoMei/WavCaps (a5a9649), `tools/losses.py`, where the lines that would pick the diagonal are
commented out; the published training goes through `soft_target` instead. Here for comparison, not for use.

Relations: `nt_xent` with every cell as a target. It does not know which text belongs to which sound, since any order of the texts gives the
same value; it is least, log B, where all scores are equal, so it draws everything together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.cross_entropy import cells, symmetric


class WavCapsNtXent(Loss):
    """The mean of minus log softmax over all cells, both directions halved, at the model's temperature."""

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = pairs.cosines / pairs.temperature
        return symmetric(scores, cells(torch.ones_like(scores, dtype=torch.bool), scores.dtype))
