"""The triplet loss with the hardest negative of the batch: the sound, and the text, that is most like a match without being one.

With c_ij = a_i · t_j and N_i the pairs of other clips than pair i's::

    L = 1/B Σ_i [ max_{j ∈ N_i} max(0, c_ij - c_ii + m) + max_{j ∈ N_i} max(0, c_ji - c_ii + m) ]

Paper: Faghri et al. (2018, VSE++), the "max of hinges"; for sound Mei et al. (2022, On metric learning for audio-text cross-modal
retrieval). Public code: XinhaoMei/audio-text_retrieval (13c21d9) `TripletLoss`, with m = 0.2.

Relations: `ranking` with each sum replaced by its largest term, so that it is at most that loss and at least its (B - 1)th part.
`triplet` draws the negative instead, `weighted_triplet` gives the same pair of cosines a curve. As τ → 0, τ · `nt_xent`
("removed") comes to half of this with m = 0.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_weight
from hearken.losses.ranking import violations


class HardestTriplet(Loss):
    """Triplet loss with hardest negatives in both directions."""

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = check_weight("margin", margin)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        texts, sounds = violations(pairs, self.margin)
        return (texts.amax(1).sum() + sounds.amax(0).sum()) / len(pairs.ids)
