"""What came instead, by hand."""

from __future__ import annotations

import numpy as np

from hearken.evaluate.confused import Confused, confusions, label_confusions, worst_classes
from hearken.evaluate.task import Task
from hearken.evaluate.zero_shot import zero_shot
from hearken.metrics.ranks import ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores

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


def test_a_query_with_several_clips_counts_for_the_labels_of_each() -> None:
    relevance = Relevance.from_lists([[0, 1], [1]], 3)
    task = Task("t", tuple("abc"), tuple("xy"), relevance, labels=(("cat",), ("dog",), ("rain",)))
    scores = TableScores(np.array([[0.1, 0.5, 0.9], [0.1, 0.5, 0.9]]))
    found = label_confusions(scores, task, ranks_of(scores, relevance))
    assert found == [Confused("dog", "rain", 2, 2, (0, 1))], "the first clip of the first query is no dog, its second is"


def test_label_confusions_of_a_search() -> None:
    table = np.array([[0.9, 0.1, 0.3, 0.0], [0.9, 0.1, 0.3, 0.0], [0.2, 0.9, 0.1, 0.0], [0.1, 0.9, 0.2, 0.8]])
    relevance = Relevance.from_lists([[0], [1], [2], [3]], 4)
    task = Task("t", tuple("abcd"), tuple("wxyz"), relevance, labels=(("cat",), ("dog",), ("cat",), ()))
    scores = TableScores(table)
    found = label_confusions(scores, task, ranks_of(scores, relevance))
    # query 1 wants a dog and gets a cat, query 2 the other way about; query 3 wants a clip without a label
    assert found == [Confused("cat", "dog", 1, 2, (2,)), Confused("dog", "cat", 1, 1, (1,))]
    shared = Task("t", tuple("abcd"), tuple("wxyz"), relevance, labels=(("cat", "pet"), ("dog", "pet"), ("cat", "pet"), ()))
    assert label_confusions(scores, shared, ranks_of(scores, relevance)) == []
    assert label_confusions(scores, Task("t", tuple("abcd"), tuple("wxyz"), relevance), ranks_of(scores, relevance)) == []
