"""A captioner that writes: its network as the step of a search.

Legend: `R` captions under way, `W` tokens so far, `V` vocabulary.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from hearken.caption.beam import Written
from hearken.caption.decoding import Decoding
from hearken.caption.search import search, spoken
from hearken.models.captioner import Captioner
from hearken.models.decoder import Heard
from hearken.types import FloatArray

GREEDY = Decoding(beam=1)


@torch.no_grad()
def write(captioner: Captioner, heard: Heard, decoding: Decoding = GREEDY) -> list[Written]:
    """Return the best caption of each sound that was `heard`, as tokens without start and end; `captioner` is in evaluation mode."""
    device, words = heard.values.device, captioner.vocabulary

    def step(tokens: NDArray[np.int64], rows: NDArray[np.int64]) -> FloatArray:
        """Log-probabilities (R, V) of what comes after `tokens` (R, W) about the sounds `rows` (R,)."""
        of_rows = heard.rows(torch.from_numpy(rows).to(device))
        found: FloatArray = captioner.decoder.log_probabilities(torch.from_numpy(tokens).to(device), of_rows).cpu().numpy()
        return found

    return search(spoken(step, words), len(heard), start=words.start, end=words.end, decoding=decoding)


def captions(captioner: Captioner, heard: Heard, decoding: Decoding = GREEDY) -> list[str]:
    """Return what is written of each sound that was `heard`, in words."""
    return [captioner.vocabulary.decode(written.tokens) for written in write(captioner, heard, decoding)]
