"""Symmetric cross-entropy over a batch of pairs, with several positives per item where captions repeat.

For audio embeddings a_i, text embeddings t_j, similarity s_ij = a_i · t_j / τ and the set P_i of texts that describe
audio i::

    L = 1/2 [ mean_i ( -1/|P_i| Σ_{j ∈ P_i} log softmax_j(s_i·)_j ) + the same with the roles exchanged ]

With one positive each this is InfoNCE / NT-Xent as in CLIP (Radford et al. 2021, Fig. 3) and Primus et al. 2023, eq. 1-3.

Legend: `B` audio items, `Q` texts, `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.errors import InputError


def contrastive(audio: Tensor, text: Tensor, positives: Tensor, temperature: float | Tensor) -> Tensor:
    """Return the loss (scalar) of unit-length `audio` (B, D) and `text` (Q, D).

    `positives` (B, Q), boolean, tells which text describes which audio; each row and each column needs at least one.
    Raises InputError when one has none.
    """
    if not (positives.any(0).all() and positives.any(1).all()):
        raise InputError("Each audio item and each text of a batch needs at least one positive.")
    scores = audio @ text.T / temperature
    return (_one_way(scores, positives) + _one_way(scores.T, positives.T)) / 2


def _one_way(scores: Tensor, positives: Tensor) -> Tensor:
    weights = positives.to(scores.dtype)
    weights = weights / weights.sum(1, keepdim=True)
    return -(torch.log_softmax(scores, dim=1) * weights).sum(1).mean()
