"""PaSST's training jitter: the edges of the filter bank move a little with every batch.

The numbers agree with `AugmentMelSTFT` of the PaSST authors: fmin + randint(10) Hz and fmax + 1000 - randint(2000) Hz, one
draw of each for a whole batch. In evaluation fmax is the middle of that range, 15 000 Hz, and nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from hearken.audio.front_ends import FrontEnd
from hearken.errors import InputError


@dataclass(frozen=True)
class Jitter:
    """Widths in Hz of the ranges that fmin (upwards) and fmax (both ways) are drawn from; 1 means no jitter.

    Raises InputError for widths below 1.
    """

    fmin_range_hz: int = 10
    fmax_range_hz: int = 2000

    def __post_init__(self) -> None:
        if min(self.fmin_range_hz, self.fmax_range_hz) < 1:
            raise InputError(f"A jitter range must be at least 1 Hz: {self}.")

    def draw(self, generator: torch.Generator | None = None) -> tuple[int, int]:
        """Return what to add to fmin and fmax, in Hz: randint(fmin_range), then fmax_range // 2 - randint(fmax_range).

        Without a generator torch's global one draws, in the order of the authors' code.
        """
        low = int(torch.randint(self.fmin_range_hz, (1,), generator=generator))
        return low, self.fmax_range_hz // 2 - int(torch.randint(self.fmax_range_hz, (1,), generator=generator))


def shifted(front_end: FrontEnd, shift: tuple[int, int]) -> FrontEnd:
    """Return `front_end` with (Hz, Hz) added to its edges."""
    return replace(front_end, fmin_hz=front_end.fmin_hz + shift[0], fmax_hz=front_end.fmax_hz + shift[1])
