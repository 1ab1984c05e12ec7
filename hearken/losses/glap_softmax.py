"""GLAP's softmax loss: each pair counts the less, the more pairs of the batch have its clip.

With s_ij = a_i · t_j / τ and n_i the number of pairs whose clip (file name) is that of pair i::

    L = -1/(2B) Σ_i 1/n_i · ( log softmax_j(s_i·)_i + log softmax_j(s_·i)_i )  +  R(audio) + R(text)

R as in `regularizer.py`. Paper: Dinkel et al. (2025, GLAP), which trains with `sigmoid`. Public code:
xiaomi-research/dasheng-glap (e9b4b09, Apache-2.0) `AudioTextContrastiveLoss`; its temperature is of kind "exp", from 0.07.

Relations: with `clip_weights` false and without R it is `clap`. With weights, each clip counts once, however many of its captions are
there; they stay each other's negatives, unlike in `soft_target`, and the weights sum to (number of clips)/B, not one.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.cross_entropy import identity, symmetric
from hearken.losses.regularizer import regularizer


class GlapSoftmax(Loss):
    """Cross-entropy against the identity, weighted by clips when `clip_weights`; `regularize` adds R."""

    def __init__(self, clip_weights: bool = True, regularize: bool = True) -> None:
        super().__init__()
        self.clip_weights, self.regularize = clip_weights, regularize

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = pairs.cosines / pairs.temperature
        weights = identity(scores)
        if self.clip_weights:
            weights = weights / pairs.same.sum(1)
        loss = symmetric(scores, weights)
        return loss + regularizer(pairs) if self.regularize else loss
