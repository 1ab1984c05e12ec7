from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError, InputError
from hearken.evaluate.measure import measure, rows_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores
from tests.evaluate.asking import SCORES, small_scores, small_task, small_vectors


def test_both_directions_by_hand() -> None:
    found = measure("me", small_task(), small_scores(), metrics=("mAP@10", "R@1", "medR", "meanR"))
    values = {name: figure.value for name, figure in found.figures.items()}
    # clip a ranks its captions 1 (.9) and 5 (.1 last); clip b: .8 first, .7 second; clip c: its caption .5 ties with another one: second
    assert values == pytest.approx({
        "t2a_mAP@10": (1 + 1 / 3 + 1 + 1 + 1 / 3) / 5, "t2a_R@1": 0.6, "t2a_medR": 1.0, "t2a_meanR": 9 / 5,
        "a2t_mAP@10": ((1 + 2 / 5) / 2 + 1 + 1 / 2) / 3, "a2t_R@1": 2 / 3, "a2t_medR": 1.0, "a2t_meanR": 4 / 3,
    })  # fmt: skip
    assert (found.system, found.task, found.definition, found.task_digest) == ("me", "small", "any-of-n", small_task().digest)
    assert found.directions["t2a"].clusters.tolist() == [0, 0, 1, 1, 2]
    assert set(found.directions["t2a"].values) == {"mAP@10", "R@1", "meanR"}
    assert found.directions["t2a"].values["R@1"].tolist() == [1, 0, 1, 1, 0]


def test_tables_and_vectors_are_the_same() -> None:
    one, other = (measure("me", small_task(), scores) for scores in (small_scores(), small_vectors()))
    assert one.figures == other.figures


def test_a_clip_without_a_caption_asks_for_none() -> None:
    task = small_task(queries=("rain", "wind"), relevance=Relevance.from_lists([[0], [2]], 3))
    found = measure("me", task, TableScores(SCORES[[0, 3]]), metrics=("R@1",))
    assert found.directions["a2t"].askers.tolist() == [0, 2]
    assert found.figures["a2t_R@1"].value == 1.0


def test_intervals_by_name() -> None:
    by = {name: measure("me", small_task(), small_scores(), interval=name).figures for name in ("bootstrap", "jackknife")}
    assert by["bootstrap"]["t2a_R@1"].method == "bootstrap"
    spread = np.std([1, 0, 1, 1, 0], ddof=1) / np.sqrt(5) * 1.959963984540054
    assert (by["jackknife"]["t2a_R@1"].low, by["jackknife"]["t2a_R@1"].high) == pytest.approx((0.6 - spread, 0.6 + spread))
    assert by["jackknife"]["t2a_medR"].method == ""
    assert by["bootstrap"]["t2a_medR"].method == "bootstrap"
    with pytest.raises(EvaluationError, match="no interval 'guess'"):
        measure("me", small_task(), small_scores(), interval="guess")


def test_grades_bring_another_figure() -> None:
    task = small_task(grades=np.array([1.0, 0.2, 1.0, 1.0, 0.5]))
    assert measure("me", task, small_scores()).figures["t2a_nDCG@10"].value == pytest.approx((1 + 0.5 + 1 + 1 + 0.5) / 5)


def test_what_does_not_fit() -> None:
    with pytest.raises(EvaluationError, match="scores of 4 queries for 3 clips, and small has 5 queries"):
        measure("me", small_task(), TableScores(SCORES[:4]))
    with pytest.raises(InputError, match="no definition"):
        measure("me", small_task(), small_scores(), by="mine")
    with pytest.raises(InputError, match="more than one answer"):
        measure("me", small_task(), small_scores(), by="dcase")
    assert set(measure("me", small_task(), small_scores(), by="dcase", ways=("t2a",)).directions) == {"t2a"}


def test_some_rows_alone() -> None:
    chosen = rows_of(small_scores(), np.array([0, 2, 3]))
    assert chosen.shape == (3, 3)
    assert np.array_equal(chosen.rows(0, 3), SCORES[[0, 2, 3]])
    assert np.array_equal(chosen.rows(1, 2), SCORES[[2]])
    assert chosen.rows(3, 9).shape == (0, 3)
    whole = small_scores()
    assert rows_of(whole, np.arange(5)) is whole


def test_a_query_without_an_answer_is_refused() -> None:
    task = small_task(relevance=Relevance.from_lists([[0], [0], [1], [1], []], 3))
    with pytest.raises(InputError, match=r"no relevant|without"):
        measure("me", task, small_scores())
