"""WavCaps' loss: cross-entropy against soft targets over equal clips, plus a regulariser of the embeddings.

With s_ij = a_i · t_j / τ and n_i the number of pairs whose clip is that of pair i::

    L = -1/(2B) Σ_ij [same clip] / n_i · ( log softmax_j(s_i·)_j + log softmax_j(s_·i)_j )  +  R(audio) + R(text)

R as in `regularizer.py`. Paper: Mei et al. (2023, WavCaps). Public code:
XinhaoMei/WavCaps (a5a9649), `ASE.forward` with `AudioTextContrastiveLoss`; τ begins at 0.07 and is learnt itself (kind "abs").

Relations: `nt_xent` with "positive" and "rows", plus R; so they are equal with `regularize` false. When no clip comes twice, the
first part is `clap`. The same repository's `NTXent` is `wavcaps_nt_xent`.
"""

from __future__ import annotations

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.cross_entropy import rows, symmetric
from hearken.losses.regularizer import regularizer


class SoftTarget(Loss):
    """Cross-entropy against soft targets; `regularize` adds R."""

    def __init__(self, regularize: bool = True) -> None:
        super().__init__()
        self.regularize = regularize

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = pairs.cosines / pairs.temperature
        loss = symmetric(scores, *rows(pairs.same, scores.dtype))
        return loss + regularizer(pairs) if self.regularize else loss
