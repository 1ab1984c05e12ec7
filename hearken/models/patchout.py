"""Patchout: the random patches that PaSST leaves out while it trains, drawn first and applied by the network.

Koutini et al., "Efficient training of audio transformers with patchout" (Interspeech 2022). One set of patches serves the
whole batch, and kept patches stay in order. The draws are those of the authors' `models/passt.py`, in its order, so that
`torch.manual_seed` before a call leads to the same patches as theirs.

Legend: `R` rows (frequency) and `C` columns (time) of the grid of patches.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hearken.errors import InputError


@dataclass(frozen=True)
class Patchout:
    """How many time columns, frequency rows, and single patches of what is then left are dropped in training.

    Published settings: PaSST on AudioSet 40 and 4; Primus et al. (2023) 15 and 2 for PaSST-N, 50 and 3 for PaSST-S; the
    2025 DCASE baseline 15 and 2.
    """

    s_patchout_t: int = 0
    s_patchout_f: int = 0
    u_patchout: int = 0


@dataclass(frozen=True)
class Kept:
    """What one forward pass keeps: sorted int64 indices of `columns`, `rows`, and of flattened `patches` (None: all).

    `time_offset` is the column of the table of time positions that the first column of patches gets.
    """

    time_offset: int = 0
    columns: Tensor | None = None
    rows: Tensor | None = None
    patches: Tensor | None = None


ALL = Kept()
"""Evaluation: every patch, time positions from the first on."""


def draw(patchout: Patchout, num_rows: int, num_columns: int, table_columns: int, generator: torch.Generator | None = None) -> Kept:
    """Draw what one training pass keeps of a grid of R = `num_rows` by C = `num_columns` patches.

    A grid shorter than the table of `table_columns` time positions also gets a random place in it. Of a longer grid only
    the part inside the table is drawn from. Without a `generator` torch's global one is used, as the authors do.
    Raises InputError when nothing would be left.
    """
    time_offset = 0
    if num_columns < table_columns:
        time_offset = int(torch.randint(1 + table_columns - num_columns, (1,), generator=generator).item())
    num_columns = min(num_columns, table_columns)
    columns = _subset(num_columns, patchout.s_patchout_t, "time columns", generator)
    rows = _subset(num_rows, patchout.s_patchout_f, "frequency rows", generator)
    left = (num_columns - patchout.s_patchout_t) * (num_rows - patchout.s_patchout_f)
    return Kept(time_offset, columns, rows, _subset(left, patchout.u_patchout, "patches", generator))


def _subset(size: int, drop: int, what: str, generator: torch.Generator | None) -> Tensor | None:
    if not drop:
        return None
    if not 0 < drop < size:
        raise InputError(f"Patchout cannot drop {drop} of {size} {what}.", "Train on longer segments, or drop less.")
    return torch.randperm(size, generator=generator)[: size - drop].sort().values
