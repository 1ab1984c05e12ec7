"""The contrastive loss in its first sense: matching pairs are drawn together, others pushed until a margin lies between them.

With the distance d_ij = |a_i - t_j| = √(2 - 2 a_i · t_j), matching cells P (equal clip) and all other cells N of the matrix::

    L = 1/2 [ mean_{(i,j) ∈ P} d_ij²  +  mean_{(i,j) ∈ N} max(0, m - d_ij)² ]

Paper: Hadsell, Chopra and LeCun (2006), eq. 4, a sum over given pairs, matching or not; Xie et al. (2022), section 4.2, describe it
among the challenge's losses. The pairs are here all sounds with all texts of a batch, and either kind is averaged for itself, because
there are B - 1 times as many of the second kind. No public code of the field trains with it; checked by hand.

Relations: absolute distances count here and in `sigmoid`, where all other losses compare a match with what does not match. Taken one
by one, its cells are like `sigmoid`'s, with a hinge for the logistic function. For unit vectors d² = 2 - 2 cos, so the first mean is
linear in the cosines; a margin of √2 pushes until vectors are orthogonal. What ATR's settings call `contrastive` is the margin loss
`ranking`.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_positive

_CLOSEST = 1e-8  # squared distance under which a negative no longer is pushed: the square root's slope would be endless


class Contrastive(Loss):
    """Pairwise contrastive loss; `margin` m is a distance of unit vectors, at most 2."""

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = check_positive("margin", margin)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        squared, same = 2 - 2 * pairs.cosines, pairs.same
        near = (self.margin - squared.clamp_min(_CLOSEST).sqrt()).relu().square()
        return (_mean(squared, same) + _mean(near, ~same)) / 2


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp_min(1)
