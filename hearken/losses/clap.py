"""CLAP's loss: the symmetric cross-entropy with a scale that is learnt as its logarithm.

With c_ij = a_i · t_j and a learnt θ, e^θ = 1/τ::

    L = -1/(2B) Σ_i [ log softmax_j(e^θ c_i·)_i + log softmax_j(e^θ c_·i)_i ]

Paper: Radford et al. (2021), Figure 3; for sound Elizalde et al. (2022) and Deshmukh et al. (2022, WavText5K), eq. 3 and 4, whose τ
multiplies where ours divides. Public code: LAION-AI/CLAP (1fd4c37, CC0) `ClipLoss`; microsoft/CLAP (e8a6467, MIT) `compute_similarity`, a
package without training code.

Relations: `nt_xent` with same_clip "negative", and nothing else, when the model's temperature is of kind "exp" (the usual way: θ
is then stored with the model). With `temperature` given, the loss owns θ and leaves the model's alone.
LAION's second form, between embeddings and their images under two small networks, is `clap_two_scale`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_positive
from hearken.losses.cross_entropy import identity, symmetric


class Clap(Loss):
    """Symmetric cross-entropy; `temperature` is where the loss's own begins, None leaves it to the model."""

    def __init__(self, temperature: float | None = None) -> None:
        super().__init__()
        self.logit_scale: nn.Parameter | None = None
        if temperature is not None:
            self.logit_scale = nn.Parameter(torch.tensor(-math.log(check_positive("temperature", temperature))))

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scale = 1 / pairs.temperature if self.logit_scale is None else self.logit_scale.exp()
        scores = pairs.cosines * scale
        return symmetric(scores, identity(scores))
