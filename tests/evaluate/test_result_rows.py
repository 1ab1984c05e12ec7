"""Rows of queries, clips and classes, by hand."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.result_rows import class_rows, clip_rows, query_rows, sound_rows
from hearken.evaluate.task import Task
from hearken.evaluate.zero_shot import zero_shot
from hearken.metrics.ranks import ranks_of, ranks_of_lists
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores

SCORES = TableScores(np.array([[0.75, 0.25, 0.5], [1.0, 0.5, 0.25], [0.25, 0.5, 1.0]]))
RELEVANCE = Relevance.from_lists([[0], [1], [0]], 3)
TASK = Task("t", ("a.wav", "b.wav", "c.wav"), ("x", "y", "z"), RELEVANCE, labels=(("cat", "pet"), ("dog",), ()))
RANKS = ranks_of(SCORES, RELEVANCE)


def test_rows_of_queries() -> None:
    rows = query_rows(SCORES, TASK, RANKS, average_precision=np.array([1.0, 0.5, 1 / 3]), top=2)
    assert rows == [
        {"query": 0, "text": "x", "clips": "a.wav", "rank": 1, "ap": 1.0, "top": "a.wav|c.wav", "scores": "0.75|0.5"},
        {"query": 1, "text": "y", "clips": "b.wav", "rank": 2, "ap": 0.5, "top": "a.wav|b.wav", "scores": "1|0.5"},
        {"query": 2, "text": "z", "clips": "a.wav", "rank": 3, "ap": 1 / 3, "top": "c.wav|b.wav", "scores": "1|0.5"},
    ]
    assert "ap" not in query_rows(SCORES, TASK, RANKS)[0]


def test_rows_of_clips() -> None:
    captions = ranks_of(TableScores(SCORES.table.T[:2]), RELEVANCE.transposed().take([0, 1]))
    rows = clip_rows(SCORES, TASK, RANKS, captions, average_precision=np.array([0.25, 0.75]), top=1)
    assert rows == [
        {"clip": "a.wav", "labels": "cat|pet", "queries": 2, "best_rank": 1, "median_rank": 2.0, "first_right": 1, "first_wrong": 1, "rank": 2, "ap": 0.25, "top": "y"},
        {"clip": "b.wav", "labels": "dog", "queries": 1, "best_rank": 2, "median_rank": 2.0, "first_right": 0, "first_wrong": 0, "rank": 2, "ap": 0.75, "top": "y"},
        {"clip": "c.wav", "labels": "", "queries": 0, "best_rank": "", "median_rank": "", "first_right": 0, "first_wrong": 1, "rank": "", "ap": "", "top": "z"},
    ]  # fmt: skip
    assert [row["rank"] for row in clip_rows(SCORES, TASK, RANKS)] == ["", "", ""]


def test_the_median_rank_of_a_clip_is_no_mean() -> None:
    relevance = Relevance.from_lists([[0], [0], [0]], 3)
    scores = TableScores(np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]))
    first = clip_rows(scores, Task("t", ("a", "b", "c"), ("x", "y", "z"), relevance), ranks_of(scores, relevance))[0]
    assert (first["best_rank"], first["median_rank"], first["first_right"]) == (1, 1.0, 2)


def test_rows_can_be_written_whatever_a_caption_holds() -> None:
    task = Task("t", TASK.clips, ('a "dog",\nbarks', "y", "z"), RELEVANCE)
    rows = query_rows(SCORES, task, RANKS)
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert [row["text"] for row in csv.DictReader(io.StringIO(written.getvalue(), newline=""))] == ['a "dog",\nbarks', "y", "z"]


def test_rows_of_classes_and_of_classified_sounds() -> None:
    axes = {"cat": [1.0, 0.0], "dog": [0.0, 1.0]}
    found = zero_shot(
        np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 0.0]]),
        [("cat",), ("dog",), ("cat",)],
        lambda texts: np.array([axes[text] for text in texts]),
    )
    cat, dog = class_rows(found)
    assert (cat["class"], cat["clips"], cat["first"], cat["recall"]) == ("cat", 2, 3, 1.0)
    assert (dog["precision"], dog["precision_low"]) == ("", "")
    rows = sound_rows(found, TASK, top=1)
    assert rows[1] == {"clip": "b.wav", "labels": "dog", "rank": 2, "top": "cat", "scores": "0.894427"}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(EvaluationError, match="ranks of 2, and 3"):
        query_rows(SCORES, TASK, ranks_of(TableScores(SCORES.table[:2]), RELEVANCE.take([0, 1])))
    with pytest.raises(EvaluationError, match="first few"):
        query_rows(SCORES, TASK, ranks_of_lists([[0], [1], [0]], RELEVANCE, depth=10))
    with pytest.raises(EvaluationError, match="2 values, and 3"):
        query_rows(SCORES, TASK, RANKS, average_precision=np.ones(2))
