"""SPIDEr (Liu et al. 2017): the mean of CIDEr-D and SPICE. SPICE needs Java, so this is there where SPICE is."""

from __future__ import annotations

import numpy as np

from hearken.errors import InputError
from hearken.metrics.captioning.score import CaptionScore


def spider(cider_d: CaptionScore, spice: CaptionScore) -> CaptionScore:
    """Return SPIDEr of the corpus and of each clip. Raises InputError where the two are not scores of as many clips."""
    if cider_d.per_item.shape != spice.per_item.shape:
        raise InputError(f"CIDEr-D is of {len(cider_d.per_item)} clips and SPICE of {len(spice.per_item)}.")
    return CaptionScore("SPIDEr", (cider_d.value + spice.value) / 2, np.asarray((cider_d.per_item + spice.per_item) / 2, np.float64))
