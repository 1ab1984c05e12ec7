"""The N-pair loss: one match against the negatives of all other classes of the batch at once.

With s_ij = a_i · t_j / τ and N_i the pairs of other clips than pair i's, in its two forms, either averaged over both directions::

    "mc" :  L = 1/B Σ_i log(1 + Σ_{j ∈ N_i} exp(s_ij - s_ii))
    "ovo":  L = 1/B Σ_i Σ_{j ∈ N_i} log(1 + exp(s_ij - s_ii))

Paper: Sohn (2016), section 3.2 ("multi-class" and "one against one"). There vectors are not of unit length, τ = 1, and their squared
length is added as a penalty; for unit vectors that is a constant, and τ plays the part of the free length. There the batch has one
pair of each class, which is why pairs of the same clip are left out here. No public code of the field has it apart from
InfoNCE; checked by hand.

Relations: "mc" is `nt_xent` with same_clip "removed", written the other way round (equal to the last digits). "ovo" is an upper bound of
it, and `ranking` with a soft hinge: τ · "ovo" comes to half of `ranking` with margin 0 as τ → 0.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from hearken.losses.base import Loss, Pairs


class NPair(Loss):
    """N-pair loss in both directions, of `form` "mc" (multi-class) or "ovo" (one against one)."""

    def __init__(self, form: Literal["mc", "ovo"] = "mc") -> None:
        super().__init__()
        self.form = form

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = pairs.cosines / pairs.temperature
        excess = (scores - scores.diagonal()[:, None], scores.T - scores.diagonal()[:, None])
        return sum((self._one_way(rows, pairs.same) for rows in excess), scores.new_zeros(())) / 2

    def _one_way(self, excess: Tensor, same: Tensor) -> Tensor:
        if self.form == "ovo":
            return functional.softplus(excess).masked_fill(same, 0).sum(1).mean()
        others = excess.masked_fill(same, torch.finfo(excess.dtype).min / 4)
        return functional.softplus(others.logsumexp(1)).mean()
