from __future__ import annotations

import numpy as np
import pytest

from hearken.evaluate.report.caption_chart import value_chart

pytest.importorskip("matplotlib")


def test_the_values_of_one_system() -> None:
    drawn = value_chart({"<me>": np.array([0.0, 0.1, 0.5, 9.0])}, "CIDEr-D", name="one")
    assert drawn.startswith('<svg class="chart"')
    assert "&lt;me&gt;: half of the clips are above 30.0" in drawn
    assert "CIDEr-D of a clip, times 100" in drawn
    assert "% of the clips" in drawn


def test_several_systems_are_named_and_nought_alone_can_be_drawn() -> None:
    drawn = value_chart({"first": np.zeros(3), "a name that is much longer than a legend can be expected to hold": np.zeros(3)}, "SPICE")
    assert "first" in drawn
    assert "a name that is much lo…ted to hold" in drawn
