"""Ensembles: sums by hand, the protocol of scores, and members that do not belong together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate import ensemble as module
from hearken.evaluate.ensemble import MeanScores, Member, Scale, WeightedScores, ensemble, scaled
from hearken.evaluate.task import Task
from hearken.metrics.ranks import ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import Scores, TableScores, VectorScores

A = TableScores(np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]))
B = TableScores(np.array([[0.0, 1.0, 1.0], [0.5, 0.5, 0.0]]))
TASK = Task("dev", ("a", "b", "c"), ("x", "y"), Relevance.from_lists([[0], [1]], 3))


@dataclass
class Watched:
    """Scores that note which rows they were asked for."""

    table: np.ndarray
    asked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        return self.table.shape

    def rows(self, start: int, stop: int) -> np.ndarray:
        self.asked.append((start, stop))
        return self.table[start:stop]

    def transposed(self) -> Scores:
        return TableScores(self.table.T)


def test_means_by_hand() -> None:
    assert MeanScores([A, B]).rows(0, 2).tolist() == [[0.5, 0.5, 0.75], [0.25, 0.75, 0.0]]
    assert WeightedScores((A, B), (0.75, 0.25)).rows(0, 1).tolist() == [[0.75, 0.25, 0.625]]
    assert MeanScores([A, B]).weights == (0.5, 0.5)


def test_the_protocol_of_scores() -> None:
    together = WeightedScores((A, B), (0.75, 0.25))
    assert together.shape == (2, 3)
    assert together.transposed().shape == (3, 2)
    assert together.transposed().rows(0, 3).tolist() == together.rows(0, 2).T.tolist()
    assert together.rows(1, 9).tolist() == together.rows(1, 2).tolist()
    assert together.rows(2, 2).shape == (0, 3)


def test_only_the_rows_asked_for_are_computed_and_no_part_of_weight_nought() -> None:
    parts = tuple(Watched(np.ones((100, 5))) for _ in range(3))
    together = WeightedScores(parts, (0.5, 0.5, 0.0))
    assert together.rows(10, 20).tolist() == np.ones((10, 5)).tolist()
    assert [part.asked for part in parts] == [[(10, 20)], [(10, 20)], []]


def test_a_system_with_itself_ranks_as_alone() -> None:
    generator = np.random.default_rng(0)
    scores = VectorScores(generator.normal(size=(20, 8)), generator.normal(size=(30, 8)))
    relevance = Relevance.from_lists([[number] for number in range(20)], 30)
    alone = ranks_of(scores, relevance).values.tolist()
    for scale in (Scale(), Scale("z"), Scale("softmax", 0.1)):
        assert ranks_of(MeanScores([scaled(scores, scale)] * 3), relevance).values.tolist() == alone


def test_duplicates_stay_tied() -> None:
    generator = np.random.default_rng(1)
    items = np.repeat(generator.normal(size=(1, 8)), 3, axis=0)
    parts = [VectorScores(generator.normal(size=(4, 8)), items) for _ in range(3)]
    rows = WeightedScores(tuple(parts), (0.2, 0.3, 0.5)).rows(0, 4)
    assert (rows == rows[:, :1]).all()


def test_z_scores_give_each_system_the_same_say(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    table = generator.normal(5.0, 3.0, size=(40, 7))
    whole = scaled(TableScores(table), Scale("z"))
    monkeypatch.setattr(module, "_BLOCK_SCORES", 20)
    blocked = scaled(TableScores(table), Scale("z"))
    for found in (whole, blocked):
        rows = found.rows(0, 40)
        assert (rows.mean(), rows.std()) == pytest.approx((0.0, 1.0))
        np.testing.assert_allclose(rows, (table - table.mean()) / table.std())
        np.testing.assert_allclose(found.transposed().rows(0, 7), rows.T)


def test_softmax_by_hand_and_over_what_is_ranked() -> None:
    found = scaled(TableScores(np.array([[0.0, np.log(3.0) * 0.1], [5.0, 5.0]])), Scale("softmax", 0.1))
    assert found.rows(0, 2) == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert found.transposed().rows(0, 2).sum(axis=1) == pytest.approx([1.0, 1.0])
    wide = scaled(TableScores(np.array([[0.0, np.log(3.0), 7.0], [0.0, 0.0, 7.0]])), Scale("softmax", 1.0))
    assert wide.transposed().rows(0, 3) == pytest.approx(np.array([[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]))
    assert np.isfinite(scaled(TableScores(np.array([[1e3, -1e3]])), Scale("softmax", 0.01)).rows(0, 1)).all()


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (replace(TASK, clips=("a", "B", "c")), "clip 1 is 'b' here and 'B' there"),
        (replace(TASK, queries=("x", "z")), "query 1 is 'y' here and 'z' there"),
        (replace(TASK, relevance=Relevance.from_lists([[0], [2]], 3)), "other clips answer the queries"),
    ],
)
def test_members_must_have_been_asked_the_same(task: Task, message: str) -> None:
    with pytest.raises(EvaluationError, match=f"first and second were not asked the same: {message}"):
        ensemble([Member("first", TASK, A), Member("second", task, B)])


def test_tasks_of_other_sizes() -> None:
    smaller = Task("dev", ("a", "b"), ("x", "y"), Relevance.from_lists([[0], [1]], 2))
    with pytest.raises(EvaluationError, match="one has 3 and the other 2 of clips"):
        ensemble([Member("first", TASK, A), Member("second", smaller, TableScores(np.ones((2, 2))))])
    fewer = Task("dev", ("a", "b", "c"), ("x",), Relevance.from_lists([[0]], 3))
    with pytest.raises(EvaluationError, match="one has 2 and the other 1 of queries"):
        ensemble([Member("first", TASK, A), Member("second", fewer, TableScores(np.ones((1, 3))))])
    with pytest.raises(EvaluationError, match=r"first has scores \(2, 2\)"):
        ensemble([Member("first", TASK, TableScores(np.ones((2, 2))))])


def test_an_ensemble_of_members() -> None:
    members = [Member("first", TASK, A), Member("second", replace(TASK, name="other"), B)]
    assert ensemble(members).rows(0, 2).tolist() == MeanScores([A, B]).rows(0, 2).tolist()
    assert ensemble(members, (1.0, 0.0)).rows(0, 2).tolist() == A.table.tolist()
    assert ensemble(members, scale=Scale("z")).rows(0, 2).mean() == pytest.approx(0.0)


@pytest.mark.parametrize("weights", [(0.5, 0.4), (1.5, -0.5), (1.0,), (np.nan, 1.0), ()])
def test_weights_that_are_none(weights: tuple[float, ...]) -> None:
    with pytest.raises(EvaluationError, match="eights"):
        WeightedScores((A, B), weights)


def test_what_else_is_refused() -> None:
    with pytest.raises(EvaluationError, match="one shape"):
        MeanScores([A, TableScores(np.ones((2, 2)))])
    with pytest.raises(EvaluationError, match="at least one system"):
        MeanScores([])
    with pytest.raises(EvaluationError, match="at least one system"):
        ensemble([])
    with pytest.raises(EvaluationError, match="no deviation"):
        scaled(TableScores(np.ones((2, 2))), Scale("z"))
    with pytest.raises(EvaluationError, match="no scale"):
        Scale("max")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="above 0"):
        Scale("softmax", 0.0)
