"""The sampled triplet loss of the DCASE 2022 baseline: each pair against one impostor sound and one impostor text.

With c_ij = a_i · t_j, a sound x(i) and a text y(i) drawn from other clips than pair i's::

    L = 1/B Σ_i [ max(0, c_{i,y(i)} - c_ii + m) + max(0, c_{x(i),i} - c_ii + m) ]

Paper: Xie, Lipping and Virtanen (2022), eq. 1, with m = 1. Public code: xieh97/dcase2022-audio-retrieval (f6fad50, MIT)
`TripletRankingLoss`; as there, y(i) is no caption of the impostor x(i) drawn first. Its draw never ends when a batch holds one clip
only; here a pair without any other clip adds nothing, and where there is one other pair, it serves as both impostors.

Relations: its expected value is `ranking` with each sum over negatives replaced by their mean (but for the dependence of the two
draws); `hardest_triplet` takes the maximum instead of a draw. `contrastive` has no anchor, `nt_xent` all negatives at once and softly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.losses.base import Loss, Pairs
from hearken.losses.checks import check_weight


class SampledTriplet(Loss):
    """Triplet loss with impostors drawn from `Pairs.generator`, or torch's own when there is none."""

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = check_weight("margin", margin)

    def compute(self, pairs: Pairs) -> Tensor:
        """Return the loss ()."""
        return hinges(pairs.cosines, *draw_impostors(pairs.ids, pairs.generator), self.margin)


def hinges(cosines: Tensor, sounds: Tensor, texts: Tensor, margin: float) -> Tensor:
    """Return the loss () for `cosines` (B, B) and the numbers of the impostors `sounds` and `texts` (B,); -1 where a pair has none."""
    anchors, matches = torch.arange(len(cosines), device=cosines.device), cosines.diagonal()
    wrong_sound = (cosines[sounds, anchors] - matches + margin).relu() * (sounds >= 0)
    wrong_text = (cosines[anchors, texts] - matches + margin).relu() * (texts >= 0)
    return (wrong_sound + wrong_text).sum() / len(cosines)


def draw_impostors(ids: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Return for each pair the number of an impostor sound and of an impostor text, both (B,); -1 where no other clip is there.

    `ids` (B,) are equal for equal clips. Draws are even among the pairs of other clips, the text's without the sound's pair unless
    that is the only one. They are made on the generator's device (the CPU without one), so that a GPU draws the same.
    """
    device = torch.device("cpu") if generator is None else generator.device
    sound_draw, text_draw = torch.rand(2, len(ids), generator=generator, device=device, dtype=torch.float64).to(ids.device)
    others = ids[:, None] != ids[None, :]
    sounds = _pick(others, sound_draw)
    rest = others.clone()
    rest[torch.arange(len(ids), device=ids.device), sounds] = False
    rest = torch.where(rest.any(1, keepdim=True), rest, others)
    return sounds, _pick(rest, text_draw)


def _pick(allowed: Tensor, draw: Tensor) -> Tensor:
    """Return the column (B,) that `draw` (B,), in [0, 1), picks among each row's true cells of `allowed` (B, B); -1 for a row of none."""
    counted = allowed.cumsum(1, dtype=torch.int32)
    count = counted[:, -1]
    rank = (draw * count).to(torch.int32).clamp(max=count - 1) + 1
    column = torch.searchsorted(counted, rank[:, None])[:, 0]
    return column.where(count > 0, -1)
