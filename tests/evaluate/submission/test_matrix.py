from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hearken.evaluate.submission import matrix as module
from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.matrix import Matrix, read_matrix
from hearken.evaluate.submission.truth import Truth

Rows = list[list[str]]


def read(rows: Rows, truth: Truth | None) -> tuple[Matrix, Faults]:
    faults = Faults()
    return read_matrix(iter(list(enumerate(rows, start=1))), truth, faults), faults


def test_scores_are_read_exactly(scores: Rows, truth: Truth) -> None:
    found, faults = read(scores, truth)
    assert not faults.count
    assert found.scores.shape == (24, 12)
    assert found.scores.dtype == np.float64
    assert found.scores[0, :3].tolist() == [1.0, 0.4, 0.5 - 0.1 * 2]
    assert found.of_queries == tuple(range(24))


def test_numbers_may_be_written_in_any_way_of_floats() -> None:
    found, faults = read([["index", "a", "b", "c", "d"], ["q", " 1", "-1e-3", "+.5", "7."]], None)
    assert not faults.count
    assert found.scores.tolist() == [[1.0, -0.001, 0.5, 7.0]]


@pytest.mark.parametrize(("cell", "kind"), [("nan", "score"), ("inf", "score"), ("-Infinity", "score"), ("1e999", "score"), ("dog", "score"),
                                            ("1_0", "score"), ("٣", "score"), ("1,5", "score"), ("0x10", "score"), ("", "empty cell"), (" ", "empty cell")])  # fmt: skip
def test_what_is_no_finite_number_is_told_with_its_column(scores: Rows, truth: Truth, cell: str, kind: str) -> None:
    scores[3][2] = cell
    _, faults = read(scores, truth)
    assert dict(faults.counts) == {kind: 1}
    assert faults.lines[0].startswith("line 4, column Dog; far.wav: ")


@pytest.mark.parametrize(
    ("breaks", "kinds", "said"),
    [
        (lambda rows: rows[3].pop(), {"cells": 1}, "line 4: there are 12 cells, not 13."),
        (lambda rows: rows.append(list(rows[3])), {"duplicate query": 1}, "on line 4"),
        (lambda rows: rows.pop(3), {"missing query": 1}, "I hear Dog; far."),
        (lambda rows: rows.__delitem__(slice(1, None)), {"no row": 1}, "no row"),
        (lambda rows: rows[3].__setitem__(0, "a\0"), {"NUL": 1, "missing query": 1}, "line 4, column index: there is a NUL"),
        (lambda rows: [row.pop() for row in rows], {"missing clip": 1}, "'train.wav'"),
    ],
)
def test_faults_of_rows(scores: Rows, truth: Truth, breaks: Callable[[Rows], object], kinds: dict[str, int], said: str) -> None:
    breaks(scores)
    _, faults = read(scores, truth)
    assert dict(faults.counts) == kinds
    assert said in faults.lines[0]


def test_where_nobody_lists_the_clips_the_answers_must_be_there(scores: Rows, truth: Truth) -> None:
    unlisted = replace(truth, clips=())
    assert not read(scores, unlisted)[1].count
    for row in scores:
        row.pop(1)
    _, faults = read(scores, unlisted)
    assert dict(faults.counts) == {"missing clip": 1}
    assert "'rain.wav'" in faults.lines[0]


def test_a_table_on_its_side_is_told_once(scores: Rows, truth: Truth) -> None:
    turned = [list(column) for column in zip(*scores, strict=True)]
    found, faults = read(turned, truth)
    assert dict(faults.counts) == {"header": 1}
    assert "the other way about" in faults.lines[0]
    assert found.scores.size == 0


def test_more_scores_than_memory_may_take_end_the_reading(scores: Rows, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SCORES", 40)
    found, faults = read(scores, truth)
    assert dict(faults.counts) == {"too large": 1}
    assert found.scores.shape == (3, 12)
