"""Misses, hubs and hubness, by hand and against a naive reference."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError, InputError
from hearken.evaluate import misses as module
from hearken.evaluate.misses import Hub, Miss, hubness, hubs, misses, nearest_misses, worst_misses
from hearken.evaluate.task import Task
from hearken.metrics.ranks import Ranks, ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores

TABLE = np.array([[0.9, 0.1, 0.2, 0.0], [0.75, 0.5, 0.0, 0.0], [0.5, 0.25, 0.0, 0.25], [0.5, 0.0, 0.25, 0.5]])
LISTS = [[0], [1], [2], [2, 3]]


def system(table: np.ndarray = TABLE, lists: list[list[int]] = LISTS) -> tuple[TableScores, Task, Ranks]:
    relevance = Relevance.from_lists(lists, table.shape[1])
    task = Task(
        "t", tuple(f"c{number}" for number in range(table.shape[1])), tuple(f"q{number}" for number in range(len(table))), relevance
    )
    scores = TableScores(table)
    return scores, task, ranks_of(scores, relevance)


def test_misses_by_hand() -> None:
    found = worst_misses(*system())
    assert found == [
        Miss(2, "q2", 2, 4, ((0, 0.5), (1, 0.25), (3, 0.25)), 0.0),
        Miss(1, "q1", 1, 2, ((0, 0.75),), 0.5),
        Miss(3, "q3", 3, 2, ((0, 0.5),), 0.5),
    ]
    assert [miss.gap for miss in found] == [0.5, 0.25, 0.0]


def test_the_worst_are_those_of_the_highest_rank_whatever_they_lack() -> None:
    table = np.array([[0.0, 0.9, -1.0, -1.0], [0.5, 0.75, 0.75, -1.0], [0.25, 0.75, 0.5, -1.0]])
    assert [miss.query for miss in misses(*system(table, [[0], [0], [0]]))] == [2, 1, 0]
    assert [miss.query for miss in misses(*system(table, [[0], [0], [0]]), order="nearest")] == [1, 2, 0]


def test_the_nearest_are_those_that_lack_least() -> None:
    assert [miss.query for miss in nearest_misses(*system())] == [3, 1, 2]
    assert [miss.query for miss in nearest_misses(*system(), count=2)] == [3, 1]
    assert nearest_misses(*system(), instead=1)[2].instead == ((0, 0.5),)
    assert [miss.query for miss in misses(*system())] == [2, 1, 3]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = misses(*system())
    monkeypatch.setattr(module, "_BLOCK_SCORES", 1)
    assert misses(*system()) == whole


def test_the_table_is_left_as_it_is() -> None:
    table = TABLE.copy()
    scores, task, ranks = system(table)
    misses(scores, task, ranks)
    assert table.tolist() == TABLE.tolist()


def test_random_cases_against_a_naive_reference() -> None:
    generator = np.random.default_rng(3)
    for _ in range(300):
        queries, clips = generator.integers(1, 8, 2)
        table = generator.integers(0, 4, (queries, clips)) / 2.0
        lists = [sorted(generator.choice(clips, int(generator.integers(1, clips + 1)), replace=False).tolist()) for _ in range(queries)]
        scores, task, ranks = system(table, lists)
        found = {miss.query: miss for miss in misses(scores, task, ranks, instead=int(clips))}
        for query, row in enumerate(table):
            own = lists[query]
            least = max(row[own])
            before = [clip for clip in np.argsort(-row, kind="stable").tolist() if clip not in own and row[clip] >= least]
            assert (query in found) == bool(before)
            if before:
                assert [clip for clip, _ in found[query].instead] == before
                assert (found[query].rank, found[query].score) == (len(before) + 1, least)


def test_hubs_by_hand() -> None:
    scores, task, _ = system()
    assert hubs(scores, task) == [Hub(0, 3, 1, (1, 2, 3))]
    assert hubs(scores, task, k=2, count=1) == [Hub(0, 3, 1, (1, 2, 3))]
    found = hubness(scores, task, k=1)
    assert found.counts.tolist() == [4, 0, 0, 0]
    assert found.wrong.tolist() == [3, 0, 0, 0]
    assert found.never == 3
    # deviations 3, -1, -1, -1: third moment (27 - 3) / 4 = 6, variance 3
    assert found.skewness == pytest.approx(6 / 3**1.5)


def test_clips_found_alike_are_not_skewed() -> None:
    scores, task, _ = system(np.eye(4))
    assert hubness(scores, task, k=1).skewness == 0.0
    assert hubs(scores, task, k=1) == []


def test_what_does_not_fit_is_refused() -> None:
    scores, task, ranks = system()
    with pytest.raises(EvaluationError, match="not those of"):
        misses(TableScores(TABLE[:, :3]), task, ranks)
    with pytest.raises(EvaluationError, match="not those of"):
        misses(scores, task, Ranks(ranks.values, ranks.starts, ranks.num_relevant, ranks.num_items, 10))
    with pytest.raises(EvaluationError, match="ask for one"):
        misses(scores, task, ranks, instead=0)
    with pytest.raises(InputError, match="k must be between"):
        hubness(scores, task, k=5)
