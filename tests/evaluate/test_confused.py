"""What came instead, by hand."""

from __future__ import annotations

import numpy as np

from hearken.evaluate.confused import Confused, confusions, worst_classes
from hearken.evaluate.zero_shot import zero_shot

AXES = {"cat": [1.0, 0.0, 0.0], "dog": [0.0, 1.0, 0.0], "rain": [0.0, 0.0, 1.0]}
CLIPS = np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [3.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]])


def test_confusions_commonest_first_surest_examples_first() -> None:
    found = zero_shot(CLIPS, [("cat",), ("dog",), ("dog",), ("dog",), ("rain",)], lambda texts: np.array([AXES[text] for text in texts]))
    assert confusions(found) == [Confused("dog", "cat", 2, 3, (2, 1)), Confused("dog", "rain", 1, 3, (3,))]
    assert confusions(found, count=1, examples=1) == [Confused("dog", "cat", 2, 3, (2,))]
    assert [each.name for each in worst_classes(found)] == ["dog", "cat", "rain"]
    assert [each.name for each in worst_classes(found, count=1)] == ["dog"]


def test_of_classes_that_are_never_found_the_one_with_most_clips_is_worst() -> None:
    found = zero_shot(
        CLIPS[[0, 0, 0, 4]], [("dog",), ("rain",), ("rain",), ("cat",)], lambda texts: np.array([AXES[text] for text in texts])
    )
    assert [each.name for each in worst_classes(found)] == ["rain", "cat", "dog"]


def test_examples_are_numbers_of_the_clips_that_were_given() -> None:
    found = zero_shot(CLIPS[:3], [(), ("dog",), ("cat",)], lambda texts: np.array([AXES[text] for text in texts]))
    assert confusions(found) == [Confused("dog", "cat", 1, 1, (1,))]
