from __future__ import annotations

import pytest

from hearken.metrics.captioning.diversity import diversity


def test_by_hand() -> None:
    found = diversity(["a dog barks", "A dog barks.", "rain"], [["a dog", "the dog whines"], ["rain falls"], ["rain"]])
    assert found.vocabulary == 4
    assert found.mean_words == pytest.approx(7 / 3)
    assert found.distinct_share == pytest.approx(2 / 3)
    assert found.covered_share == pytest.approx(3 / 6)
    assert found.reference_vocabulary == 6
    assert found.reference_mean_words == pytest.approx(8 / 4)


def test_nothing_to_cover() -> None:
    assert diversity([""], [["..."]]).covered_share == 0.0
