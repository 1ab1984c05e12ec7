"""What one step learns from: the sounds and captions of some pairs, ready for the network.

Legend: `B` pairs, `T` samples of the longest sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hearken.models.blend import Blend


@dataclass(frozen=True)
class Batch:
    """Some pairs: `wave` (B, T) float32 at the model's rate, `num_samples` of each, `texts`, and `ids` (B,) int64, equal for equal clips.

    `names` say which clips these are, for a person; `pairs` are their numbers among all pairs of the epoch.
    """

    wave: Tensor
    num_samples: tuple[int, ...]
    texts: tuple[str, ...]
    ids: Tensor
    names: tuple[str, ...]
    pairs: tuple[int, ...]
    blend: Blend | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def part(self, start: int, stop: int) -> Batch:
        """Return the pairs `start` ... `stop` - 1 as a batch of their own, no wider than its longest sound."""
        num_samples = self.num_samples[start:stop]
        blend = self.blend and self.blend.part(start, stop)
        return Batch(
            self.wave[start:stop, : max(num_samples)], num_samples, self.texts[start:stop], self.ids[start:stop],
            self.names[start:stop], self.pairs[start:stop], blend,
        )  # fmt: skip

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its sound on `device`."""
        blend = self.blend and self.blend.to(device)
        return replace(self, wave=self.wave.to(device, non_blocking=True), ids=self.ids.to(device), blend=blend)
