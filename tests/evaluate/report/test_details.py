"""Curves, histograms and labels of one evaluation, against figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.evaluate.measure import measure
from hearken.evaluate.report import details
from hearken.evaluate.report.details import KS, histogram, label_table, recall_lines
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores
from tests.evaluate.report.made import make_scores, make_task

OWN = Relevance.from_lists([[0], [1], [2], [3]], 4)


def test_a_curve_goes_through_the_figures_with_their_intervals() -> None:
    task = make_task(clips=60)
    evaluation = measure("s", task, make_scores(task, 2.0), metrics=("R@1", "R@5", "R@10"))
    forth, back = recall_lines(evaluation)
    assert (forth.name, back.name) == ("text to audio", "audio to text")
    assert forth.x.tolist() == list(KS)
    for k in (1, 5, 10):
        figure = evaluation.directions["t2a"].figures[f"R@{k}"]
        at = KS.index(k)
        assert (forth.y[at], forth.low[at], forth.high[at]) == (figure.value, figure.low, figure.high)
    assert (np.diff(forth.y) >= 0).all()


def test_a_curve_ends_where_the_clips_end() -> None:
    task = make_task(clips=4)
    forth, back = recall_lines(measure("s", task, make_scores(task, 1.0)))
    assert forth.x.tolist() == [1, 2, 3, 4]
    assert back.x.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert forth.y[-1] == back.y[-1] == 1.0


def test_a_histogram_counts_right_pairs_and_others() -> None:
    table = np.full((4, 4), 0.0)
    table[np.arange(4), np.arange(4)] = [1.0, 1.0, 1.0, 0.0]
    found = histogram(TableScores(table), OWN)
    assert (found.edges[0], found.edges[-1]) == (0.0, 1.0)
    assert (found.right[0], found.right[-1]) == (0.25, 0.75)
    assert (found.other[0], found.other.sum()) == (1.0, 1.0)
    assert found.right_above == 0.75
    assert found.queries == 4


def test_right_pairs_are_held_against_all_but_the_highest_hundredth_of_the_others() -> None:
    table = np.zeros((1, 201))
    table[0, 1:] = np.arange(1, 201) / 201
    table[0, 0] = 0.97
    relevance = Relevance.from_lists([[0]], 201)
    assert histogram(TableScores(table), relevance).right_above == 0.0, "six of 200 are higher"
    table[0, 0] = 1.0
    assert histogram(TableScores(table), relevance).right_above == 1.0


def test_a_histogram_of_constant_scores() -> None:
    found = histogram(TableScores(np.zeros((4, 4))), OWN)
    assert found.right.sum() == found.other.sum() == pytest.approx(1)
    assert found.right_above == 0.0


def test_of_very_many_clips_fewer_queries_are_looked_at(monkeypatch) -> None:
    monkeypatch.setattr(details, "_MOST_SCORES", 50 * 30)
    task = make_task(clips=50)
    assert histogram(make_scores(task, 3.0), task.relevance).queries == 30


def test_of_many_queries_some_are_looked_at(monkeypatch) -> None:
    monkeypatch.setattr(details, "_MOST_QUERIES", 20)
    task = make_task(clips=50)
    found = histogram(make_scores(task, 3.0), task.relevance)
    assert found.queries == 20
    assert found.right.sum() == pytest.approx(1)


def test_labels_come_hardest_first_with_what_came_instead() -> None:
    clips = tuple(f"{number}.wav" for number in range(14))
    labels = (("dog",), ("dog",), ("cat", "pet"), *(((),) * 11))
    task = Task("toy", clips, ("a", "b", "c"), Relevance.from_lists([[0], [1], [2]], 14), labels=labels)
    table = np.linspace(1.0, 2.0, 14)[None, :].repeat(3, 0)
    table[0, 2], table[1, 2], table[1, 1], table[2, 2] = 9.0, 9.0, 8.0, 9.0
    scores = TableScores(table)
    found = label_table(task, measure("s", task, scores), scores)
    assert [row[0].text for row in found.rows] == ["dog", "cat", "pet"]
    dog, cat, _ = found.rows
    assert (dog[1].text, dog[2].figure.value, dog[3].text) == ("2", 0.5, "cat (2), pet (2)")
    assert (cat[2].figure.value, cat[2].figure.method, cat[3].text) == (1.0, "", "-"), "one query tells nothing of others"
    assert found.notes[0].startswith("All labels, hardest first")


def test_without_labels_or_without_queries_in_words_there_is_no_table() -> None:
    task = make_task()
    scores = make_scores(task, 1.0)
    assert label_table(task, measure("s", task, scores), scores) is None
    labelled = Task(task.name, task.clips, task.queries, task.relevance, labels=(("x",),) * 20)
    assert label_table(labelled, measure("s", labelled, scores, ways=("a2t",)), scores) is None
