from __future__ import annotations

from hearken.evaluate.measure import measure
from tests.evaluate.asking import small_scores, small_task


def test_figures_are_named_by_direction() -> None:
    found = measure("me", small_task(), small_scores(), metrics=("R@1",))
    assert list(found.figures) == ["t2a_R@1", "a2t_R@1"]
    assert found.figures["t2a_R@1"] is found.directions["t2a"].figures["R@1"]
