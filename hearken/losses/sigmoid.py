"""The sigmoid loss: every cell of the matrix is a yes-or-no question of its own.

With z_ij = a_i · t_j / τ + b, y_ij = 1 for a match and -1 otherwise; τ and b are learnt and belong to the loss::

    L = -1/B Σ_ij log σ(y_ij z_ij)  +  R(audio) + R(text)

R as in `regularizer.py`. Paper: Zhai et al. (2023, SigLIP), Algorithm 1, without R; for sound Dinkel et al. (2025, GLAP). Public
code: xiaomi-research/dasheng-glap (e9b4b09, Apache-2.0) `SigAudioTextContrastiveLoss`, from τ = 0.1 (its recipes: 0.07) and b = -10,
which answers "no" to nearly everything at first, as is nearly always right. SigLIP learns log(1/τ), GLAP τ itself.

`same_clip` says what another caption of a sound's clip is: "negative" as in GLAP's code, "positive", or "removed" from the sum.

Relations: no softmax couples the cells, so the loss needs no other pair to be right; it grows with B, of whose B² cells B match.
`contrastive` asks the same of distances with a hinge. The model's own temperature has no part in it, unless `temperature` is None.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_positive
from hearken.losses.nt_xent import SameClip
from hearken.losses.regularizer import regularizer


class Sigmoid(Loss):
    """Sigmoid loss; `temperature` and `bias` are where both begin (None: the model's temperature; no bias); `regularize` adds R."""

    def __init__(
        self, temperature: float | None = 0.1, bias: float | None = -10.0, regularize: bool = True, same_clip: SameClip = "negative"
    ) -> None:
        super().__init__()
        self.temperature = None if temperature is None else nn.Parameter(torch.tensor(float(check_positive("temperature", temperature))))
        self.bias = None if bias is None else nn.Parameter(torch.tensor(float(bias)))
        self.regularize, self.same_clip = regularize, same_clip

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = pairs.cosines / (pairs.temperature if self.temperature is None else self.temperature)
        if self.bias is not None:
            scores = scores + self.bias
        diagonal = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        matches = pairs.same if self.same_clip == "positive" else diagonal
        surprise = functional.softplus(torch.where(matches, -scores, scores))
        if self.same_clip == "removed":
            surprise = surprise.masked_fill(pairs.same & ~diagonal, 0)
        loss = surprise.sum() / len(scores)
        return loss + regularizer(pairs) if self.regularize else loss
