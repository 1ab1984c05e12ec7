"""The bidirectional ranking loss: every match should beat every other sound and every other text by a margin.

With c_ij = a_i · t_j and N_i the pairs of other clips than pair i's::

    L = 1/B Σ_i Σ_{j ∈ N_i} [ max(0, c_ij - c_ii + m) + max(0, c_ji - c_ii + m) ]

Paper: Karpathy and Fei-Fei (2015), the max-margin objective; for sound Mei et al. (2022, On metric learning for audio-text
cross-modal retrieval). Public code: XinhaoMei/audio-text_retrieval (13c21d9) `BiDirectionalRankingLoss`, with m = 0.2; its
settings call it `contrastive`, and Kim et al. (2023) build on that code.

Relations: `hardest_triplet` keeps the largest term of each sum, `triplet` one drawn at random; `n_pair` of form "ovo" has the
logistic curve log(1 + e^x) for the hinge max(0, x + m). As a sum over negatives it grows with B, which a mean or a maximum does not.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_weight


class Ranking(Loss):
    """Margin ranking loss in both directions, summed over all negatives."""

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = check_weight("margin", margin)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        texts, sounds = violations(pairs, self.margin)
        return (texts.sum() + sounds.sum()) / len(pairs.ids)


def violations(pairs: Pairs, margin: float) -> tuple[Tensor, Tensor]:
    """Return by how much text j comes too near to sound i, and sound i too near to text j, both (B, B); zero for the same clip."""
    cosines, matches = pairs.cosines, pairs.cosines.diagonal()
    texts = (margin + cosines - matches[:, None]).relu().masked_fill(pairs.same, 0)
    sounds = (margin + cosines - matches[None, :]).relu().masked_fill(pairs.same, 0)
    return texts, sounds
