"""Batches of pairs for the losses' tests."""

from __future__ import annotations

import torch
from torch.nn import functional

from hearken.losses.base import Pairs

IDS = (0, 1, 2, 0, 3, 4, 2, 2)


def random_pairs(ids: tuple[int, ...] = IDS, *, dim: int = 6, seed: int = 0, temperature: float = 0.1, teachers: int = 2) -> Pairs:
    """Unit vectors drawn at `seed`, which are leaves of the graph (so that their gradients can be asked for)."""
    generator = torch.Generator().manual_seed(seed)
    size = len(ids)
    audio, text = (functional.normalize(torch.randn(size, dim, generator=generator), dim=1).requires_grad_() for _ in range(2))
    teacher = torch.rand(teachers, size, size, generator=generator) * 2 - 1
    return Pairs(audio, text, torch.tensor(ids), torch.tensor(temperature), teacher, torch.Generator().manual_seed(seed))


def pairs_of(cosines: list[list[float]], ids: list[int] | None = None, *, temperature: float = 1.0) -> Pairs:
    """Pairs with the given cosines: the texts are unit vectors of the axes, the sounds have the cosines as coordinates.

    The sounds are not of unit length, which no loss asks about.
    """
    audio = torch.tensor(cosines, dtype=torch.float64, requires_grad=True)
    size = len(cosines)
    return Pairs(
        audio, torch.eye(size, dtype=torch.float64), torch.tensor(ids or list(range(size))), torch.tensor(temperature, dtype=torch.float64)
    )
