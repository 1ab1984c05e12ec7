"""NT-Xent between sounds and texts: what Primus et al. train with, and most other systems.

With s_ij = a_i · t_j / τ, as cross-entropy between the softmax of each row and column and the targets::

    L = 1/(2B) Σ_i [ CE(s_i·, targets of row i) + CE(s_·i, targets of column i) ]

Paper: Primus, Koutini and Widmer (2023), section 2, where the targets are the identity matrix ("negative" below); the name is that of
Chen et al. (2020), whose batch holds two views of one kind, so that they also push apart what here are two sounds, or two texts.

Where two pairs of a batch share a clip, `same_clip` says what one's caption is to the other's sound:

* "negative": as wrong as any other. Targets: the identity. Code that does so: XinhaoMei/audio-text_retrieval (13c21d9) `NTXent`, whose
  mask for such pairs acts after the softmax and so not at all, LAION-CLAP's and MS-CLAP's.
* "positive": right. With `average` "cells" the mean runs over all right cells of the matrix, so that a clip with three captions counts
  nine times: the code of OptimusPrimus/dcase2023_task6b (29ae1c9), `training_step`, and of the DCASE 2025 baseline. With
  "rows" each pair counts once, and its right cells share its weight.
* "removed": neither. The cell is left out of both softmaxes.

Relations: all three are equal when no clip comes twice. "positive" with "rows" is WavCaps' `soft_target` without its regulariser;
"removed" is half of the DCASE 2023 baseline's `info_nce`, and `n_pair`; "negative" is `clap`. `distillation` has a teacher's softmax in
the targets' place, and `cross_entropy.py` shows the whole family in one table.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.cross_entropy import cells, identity, rows, symmetric, without_twins

SameClip = Literal["negative", "positive", "removed"]


class NtXent(Loss):
    """Symmetric cross-entropy at the model's temperature; `same_clip` and `average` as above ("average" matters to "positive" only)."""

    def __init__(self, same_clip: SameClip = "positive", average: Literal["cells", "rows"] = "cells") -> None:
        super().__init__()
        self.same_clip, self.average = same_clip, average

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores, same = pairs.cosines / pairs.temperature, pairs.same
        if self.same_clip == "negative":
            return symmetric(scores, identity(scores))
        if self.same_clip == "removed":
            return symmetric(without_twins(scores, same), identity(scores))
        if self.average == "rows":
            return symmetric(scores, *rows(same, scores.dtype))
        return symmetric(scores, cells(same, scores.dtype))
