"""LAION-CLAP's second form: sounds against the images of texts under a small network, and texts against the images of sounds.

With ã = MLP_a(a), t̃ = MLP_t(t) and two learnt scales e^θ, e^φ::

    L = 1/2 [ S(e^θ a_i · t̃_j) + S(e^φ ã_i · t_j) ],    S: the symmetric cross-entropy against the identity

Paper: none describes it (Wu et al., 2023, train with the first form). Public code: LAION-AI/CLAP (1fd4c37, CC0), `ClipLoss` with
`mlp_loss`, networks as `MLPLayers`: linear, ReLU, dropout 0.1, linear. The images are not brought to unit length.

Relations: `clap` twice over; equal to it when both networks are the identity and both scales agree. The networks
and scales belong to the loss: searching does without them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_positive
from hearken.losses.cross_entropy import identity, symmetric


def two_scale(scores: Tensor, mirrored: Tensor) -> Tensor:
    """Return the loss () of `scores` (B, B) of sounds with texts' images and `mirrored` (B, B) of sounds' images with texts."""
    return (symmetric(scores, identity(scores)) + symmetric(mirrored, identity(mirrored))) / 2


class ClapTwoScale(Loss):
    """The four cross-entropies for embeddings of size `dim`; both scales begin at 1/`temperature`."""

    def __init__(self, dim: int = 512, temperature: float = 0.07, dropout: float = 0.1) -> None:
        super().__init__()
        check_positive("dim", dim)
        start = -math.log(check_positive("temperature", temperature))
        self.audio_scale, self.text_scale = nn.Parameter(torch.tensor(start)), nn.Parameter(torch.tensor(start))
        self.audio_transform, self.text_transform = _transform(dim, dropout), _transform(dim, dropout)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        scores = self.audio_scale.exp() * pairs.audio @ self.text_transform(pairs.text).T
        mirrored = self.text_scale.exp() * self.audio_transform(pairs.audio) @ pairs.text.T
        return two_scale(scores, mirrored)


def _transform(dim: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim, dim))
