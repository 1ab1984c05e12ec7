from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.spider import spider


def test_the_mean_of_both() -> None:
    found = spider(CaptionScore("CIDEr-D", 0.6, np.array([1.0, 0.2])), CaptionScore("SPICE", 0.2, np.array([0.4, 0.0])))
    assert found.value == pytest.approx(0.4)
    assert found.per_item == pytest.approx([0.7, 0.1])


def test_of_other_clips() -> None:
    with pytest.raises(InputError, match="2 clips and SPICE of 1"):
        spider(CaptionScore("CIDEr-D", 0.6, np.zeros(2)), CaptionScore("SPICE", 0.2, np.zeros(1)))
