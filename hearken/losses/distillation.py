"""Salsa's second stage: learn the similarities that an ensemble of earlier models gives to each sound and text of the batch.

With s_ij = a_i · t_j / τ, the teachers' cosines q^n_ij and their mean q_ij over the N teachers::

    D = 1/(2B) Σ_i [ CE(s_i·, softmax(q_i· / τ)) + CE(s_·i, softmax(q_·i / τ)) ]
    L = w · NT-Xent + v · D

NT-Xent is `nt_xent` with "positive" and "cells"; published are w = 0, v = 1 for the second stage and w = 1, v = 0 for the first.

Paper: Primus, Schmid and Widmer (2024, Estimated audio-caption correspondences improve language-based audio retrieval).
Public code: OptimusPrimus/salsa (983b450) `training_step`, where the teachers are divided by the student's own temperature, so that a
learnt one gets a gradient from the targets too (τ = 0.05 stays fixed in their runs). There w is multiplied in twice when v > 0:
`squared_weight` does so as well, and makes a difference only where w is neither 0 nor 1.

Relations: with a teacher that is sure of the diagonal, D becomes `nt_xent` with "negative". With the student as its own teacher, D is
the mean entropy of its softmaxes: the gradient with respect to s vanishes there, and D never is less for these targets.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.errors import InputError
from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_weight
from hearken.losses.cross_entropy import cells, symmetric


class Distillation(Loss):
    """A teacher's similarities as targets; `pair_weight` is w, `teacher_weight` v, `squared_weight` takes w² for w as published."""

    def __init__(self, pair_weight: float = 0.0, teacher_weight: float = 1.0, squared_weight: bool = False) -> None:
        super().__init__()
        self.pair_weight, self.teacher_weight = check_weight("pair_weight", pair_weight), check_weight("teacher_weight", teacher_weight)
        if not pair_weight and not teacher_weight:
            raise InputError("The loss's pair_weight and teacher_weight cannot both be zero.")
        if squared_weight and teacher_weight:
            self.pair_weight *= pair_weight

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss (). Raises InputError when a teacher is needed and `Pairs.teacher` is missing or not (N, B, B)."""
        scores = pairs.cosines / pairs.temperature
        loss = scores.new_zeros(())
        if self.pair_weight:
            loss = loss + self.pair_weight * symmetric(scores, cells(pairs.same, scores.dtype))
        if self.teacher_weight:
            loss = loss + self.teacher_weight * taught(scores, _mean_teacher(pairs) / pairs.temperature)
        return loss


def taught(scores: Tensor, targets: Tensor) -> Tensor:
    """Return D () of the student's `scores` (B, B) and the teachers' `targets` (B, B), both over the temperature."""
    return symmetric(scores, torch.softmax(targets, 1) / len(scores), torch.softmax(targets, 0) / len(scores))


def _mean_teacher(pairs: Pairs) -> Tensor:
    teacher, size = pairs.teacher, len(pairs.ids)
    if teacher is None or teacher.ndim != 3 or teacher.shape[0] < 1 or teacher.shape[1:] != (size, size):
        found = "none" if teacher is None else f"an array of shape {tuple(teacher.shape)}"
        raise InputError(f"Distillation needs the cosines of teachers, shape (N, {size}, {size}), and was given {found}.")
    return teacher.mean(0)
