"""InfoNCE of the DCASE 2023 baseline: other captions of the same clip are no negatives, and the two directions are added up.

With s_ij = a_i · t_j / τ and N_i the pairs of other clips than pair i's::

    L = -1/B Σ_i [ log e^{s_ii} / (e^{s_ii} + Σ_{j ∈ N_i} e^{s_ij})  +  log e^{s_ii} / (e^{s_ii} + Σ_{j ∈ N_i} e^{s_ji}) ]

Paper: van den Oord, Li and Vinyals (2018), eq. 4, which is one direction: one right sample among wrong ones. Public code:
xieh97/dcase2023-audio-retrieval (359cbc4, MIT) `LogSoftmaxLoss`, at temperature 0.07.

Relations: twice `nt_xent` with same_clip "removed". Adding where that one averages doubles gradients, which Adam does not
feel and a bound on the gradient's norm does.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.cross_entropy import identity, symmetric, without_twins


class InfoNce(Loss):
    """The sum of both directions' InfoNCE at the model's temperature."""

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = without_twins(pairs.cosines / pairs.temperature, pairs.same)
        return 2 * symmetric(scores, identity(scores))
