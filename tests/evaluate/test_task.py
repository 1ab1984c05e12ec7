from __future__ import annotations

from hearken.metrics.relevance import Relevance
from tests.evaluate.asking import small_task


def test_each_query_belongs_to_its_first_clip() -> None:
    assert small_task().owners.tolist() == [0, 0, 1, 1, 2]
    several = small_task(queries=("x",), relevance=Relevance.from_lists([[2, 1]], 3))
    assert several.owners.tolist() == [1]


def test_clips_without_a_query_do_not_ask() -> None:
    assert small_task().asked.tolist() == [0, 1, 2]
    assert small_task(queries=("x",), relevance=Relevance.from_lists([[2]], 3)).asked.tolist() == [2]


def test_the_digest_knows_what_is_asked_and_nothing_else() -> None:
    digest = small_task().digest
    assert small_task(name="other", paths=(), labels=()).digest == digest
    assert small_task(clips=("a", "b", "c")).digest != digest
    assert small_task(queries=("rain", "heavy rain", "a dog", "wind", "bells")).digest != digest
    assert small_task(relevance=Relevance.from_lists([[0], [0], [1], [2], [2]], 3)).digest != digest
    together = small_task(queries=("ab", "c"), relevance=Relevance.from_lists([[0], [1]], 3))
    assert small_task(queries=("a", "bc"), relevance=Relevance.from_lists([[0], [1]], 3)).digest != together.digest
