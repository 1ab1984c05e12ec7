"""The triplet loss with polynomial weights: how hard a match and its hardest negative are pulled depends on where they stand.

With p = c_ii and n the largest cosine of sound i (then of text i) with another clip::

    L = 1/B Σ_i Σ_{both directions} [n + m > p] · [ max(0, 0.2 p² - 0.7 p + 0.5) + max(0, 0.9 n² - 0.4 n + 0.03) ]

A match of p ≥ 1 - 10⁻⁵ counts as done, its negatives included.

Paper: Wei et al. (2020, Universal weighting metric learning for cross-modal matching), the polynomial loss with hardest
negatives; for sound Mei et al. (2022, On metric learning for audio-text cross-modal retrieval). Public code:
XinhaoMei/audio-text_retrieval (13c21d9) `WeightTriplet`, with m = 0.2. Where it finds no triplet it returns a zero
that nothing depends on; ours has zero gradients.

Relations: `hardest_triplet` has the same triplets and the straight line n - p + m in the polynomials' place; both vanish together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_weight

_DONE = 1 - 1e-5


class WeightedTriplet(Loss):
    """Polynomial triplet loss with hardest negatives in both directions."""

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = check_weight("margin", margin)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        cosines, alone = pairs.cosines, pairs.same.all(1)
        negatives = cosines.masked_fill(pairs.same, -2)  # below every cosine
        return sum((self._one_way(cosines.diagonal(), negatives.amax(axis), alone) for axis in (1, 0)), cosines.new_zeros(()))

    def _one_way(self, match: Tensor, negative: Tensor, alone: Tensor) -> Tensor:
        counts = (negative + self.margin > match) & (match < _DONE) & ~alone
        pulled = (0.2 * match.square() - 0.7 * match + 0.5).clamp_min(0)
        pushed = (0.9 * negative.square() - 0.4 * negative + 0.03).clamp_min(0)
        return torch.where(counts, pulled + pushed, 0).sum() / len(match)
