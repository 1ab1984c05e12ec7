"""The symmetric cross-entropy, of which a whole family of losses is one choice of weights each.

With scores s_ij of sound i and text j, and weights w_ij for each direction::

    L = -1/2 Σ_ij w_ij log softmax_j(s_i·)_j  -  1/2 Σ_ij w'_ij log softmax_i(s_·j)_i

The first sum asks each sound for its text (the softmax runs along rows), the second each text for its sound. Weights of either
direction sum to one in all members but GLAP's. They are, with B pairs and n_i the pairs of the batch whose clip is that of pair i:

=====================  ==========================================================  =================================
identity               w_ij = [i = j] / B                                          `nt_xent`, `clap`
all positive cells     w_ij = [same clip] / number of such cells                   `nt_xent` ("positive", "cells")
each row's positives   w_ij = [same clip] / (B n_i)                                `nt_xent` ("rows"), `soft_target`
identity, removed      s_ij = -∞ for other pairs of the same clip                  `nt_xent` ("removed"), `info_nce`
clip weights           w_ij = [i = j] / (B n_i)                                    `glap_softmax`
a teacher's softmax    w_ij = softmax_j(mean teacher score)_j / B                  `distillation`
everything             w_ij = 1 / B²                                               `wavcaps_nt_xent`
=====================  ==========================================================  =================================

Legend: `B` sounds, `Q` texts (as many as sounds where pairs come in), `D` embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.errors import InputError


def symmetric(scores: Tensor, to_text: Tensor, to_audio: Tensor | None = None) -> Tensor:
    """Return the symmetric cross-entropy () of `scores` (B, Q): cosines over the temperature.

    `to_text` (B, Q) are the weights w of the sounds' search for texts, `to_audio` (B, Q) those w' of the other direction; the same
    ones when not given.
    """
    other = to_text if to_audio is None else to_audio
    return -(_weighed(scores, 1, to_text) + _weighed(scores, 0, other)) / 2


def _weighed(scores: Tensor, axis: int, weights: Tensor) -> Tensor:
    return (torch.log_softmax(scores, dim=axis) * weights).sum()


def identity(scores: Tensor) -> Tensor:
    """Return the weights (B, B) under which nothing but the diagonal counts: 1/B each."""
    return torch.eye(len(scores), dtype=scores.dtype, device=scores.device) / len(scores)


def cells(same: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the weights (B, Q) that all true cells of `same` (B, Q) share evenly."""
    weights = same.to(dtype)
    return weights / weights.sum()


def rows(same: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the weights (B, Q) of both directions under which each row, or each column, counts alike and its true cells share evenly."""
    weights = same.to(dtype)
    return weights / weights.sum(1, keepdim=True) / len(same), weights / weights.sum(0, keepdim=True) / same.shape[1]


def without_twins(scores: Tensor, same: Tensor) -> Tensor:
    """Return `scores` (B, B) in which no softmax sees the other pairs of the same clip; `same` (B, B) as in `Pairs`.

    They become so low a number that its exponential is zero; it stays finite, because 0 · ∞ would be NaN.
    """
    twins = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    return scores.masked_fill(twins, torch.finfo(scores.dtype).min / 4)


def multi_positive(audio: Tensor, text: Tensor, positives: Tensor, temperature: float | Tensor) -> Tensor:
    """Return the loss () of unit-length `audio` (B, D) and `text` (Q, D) where captions may serve several sounds.

    `positives` (B, Q), boolean, tells which text describes which sound; each row and each column needs at least one. The weights are
    those of `rows`. Raises InputError when a row or column has none.
    """
    if not (positives.any(0).all() and positives.any(1).all()):
        raise InputError("Each audio item and each text of a batch needs at least one positive.")
    scores = audio @ text.T / temperature
    return symmetric(scores, *rows(positives, scores.dtype))
