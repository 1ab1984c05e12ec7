"""Caption swap: one of its rephrasings takes a caption's place, now and then.

Primus et al. (2023), sections 2.4.4 and 2.6: a language model rephrased each caption of Clotho five times, and in fine-tuning one
of the five takes the caption's place with a probability of 0.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def swap(caption: str, variations: Sequence[str], probability: float, generator: np.random.Generator) -> str:
    """Return `caption`, or with `probability` one of its `variations`, all equally likely; without any, the caption.

    Two numbers are drawn in any case. The coin comes first, so with the same generator a greater `probability` swaps at least
    the captions that a smaller one does.
    """
    coin, place = generator.random(2)
    if not variations or coin >= probability:
        return caption
    return variations[min(int(place * len(variations)), len(variations) - 1)]
