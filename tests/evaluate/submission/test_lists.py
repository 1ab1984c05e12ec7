import csv
import io
from collections.abc import Callable

import pytest

from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.lists import Lists, read_lists
from hearken.evaluate.submission.truth import Truth

Rows = list[list[str]]


def read(rows: Rows, truth: Truth | None) -> tuple[Lists, Faults]:
    faults = Faults()
    return read_lists(iter(list(enumerate(rows, start=1))), truth, faults, []), faults


def test_names_become_numbers_of_the_clips_of_the_truth(rows: Rows, truth: Truth) -> None:
    found, faults = read(rows, truth)
    assert not faults.count
    assert found.clips == truth.clips
    assert found.ranked[0] == tuple(range(10))
    assert found.ranked[1] == (1, 2, 3, 0, 4, 5, 6, 7, 8, 9)
    assert found.of_queries == tuple(range(24))


def test_the_order_of_rows_does_not_matter(rows: Rows, truth: Truth) -> None:
    found, faults = read([rows[0], *rows[:0:-1]], truth)
    assert not faults.count
    assert found.of_queries == tuple(range(23, -1, -1))


def test_without_a_truth_names_are_those_of_the_file(rows: Rows) -> None:
    found, faults = read(rows, None)
    assert not faults.count
    assert set(found.clips) == {name for row in rows[1:] for name in row[1:]}
    assert [found.clips[item] for item in found.ranked[3]] == rows[4][1:]


def change(row: int, column: int, value: str) -> Callable[[Rows], None]:
    def apply(rows: Rows) -> None:
        rows[row][column] = value

    return apply


@pytest.mark.parametrize(
    ("breaks", "kinds", "said"),
    [
        (
            change(3, 4, "rian.wav"),
            {"unknown clip": 1},
            "line 4, column file_name_4: there is no clip 'rian.wav'; the nearest is 'rain.wav'.",
        ),
        (change(3, 4, "lead.wav"), {"unknown clip": 1}, "' lead.wav' differs from it in white space"),
        (change(2, 2, "Dog; far.wav"), {"duplicate clip": 1}, "'Dog; far.wav' stands in file_name_1 already"),
        (change(3, 4, ""), {"empty cell": 1}, "line 4, column file_name_4: there is no file name."),
        (change(3, 0, "I hear dogs."), {"unknown query": 1, "missing query": 1}, "there is no query 'I hear dogs.'"),
        (change(3, 1, "a\0.wav"), {"NUL": 1}, "line 4: there is a NUL"),
        (lambda rows: rows[3].pop(), {"cells": 1}, "line 4: there are 10 cells, not 11."),
        (lambda rows: rows[3].append("x"), {"cells": 1}, "must stand in quotes"),
        (lambda rows: rows.append(list(rows[3])), {"duplicate query": 1}, "has a row already, on line 4"),
        (lambda rows: rows.pop(3), {"missing query": 1}, "the query 'I hear Dog; far.' has no row."),
        (lambda rows: rows.__delitem__(slice(1, None)), {"no row": 1}, "no row below the header"),
        (lambda rows: rows.pop(0), {"header": 1}, "there is no header"),
    ],
)
def test_every_fault_is_told_with_its_place(
    rows: Rows, truth: Truth, breaks: Callable[[Rows], None], kinds: dict[str, int], said: str
) -> None:
    breaks(rows)
    _, faults = read(rows, truth)
    assert dict(faults.counts) == kinds
    assert said in faults.lines[0]


def test_all_faults_are_found_at_once(rows: Rows, truth: Truth) -> None:
    rows[0] = [str(number) for number in range(11)]
    rows[2][5] = "no.wav"
    rows[5].pop()
    rows[9][0] = rows[8][0]
    _, faults = read(rows, truth)
    assert dict(faults.counts) == {"header": 1, "unknown clip": 1, "cells": 1, "duplicate query": 1, "missing query": 1}


def test_row_numbers_at_the_left_do_not_hide_what_else_is_wrong(rows: Rows, truth: Truth) -> None:
    numbered = [["" if number == 0 else str(number - 1), *row] for number, row in enumerate(rows)]
    numbered[4][3] = "no.wav"
    _, faults = read(numbered, truth)
    assert dict(faults.counts) == {"header": 1, "unknown clip": 1}
    assert faults.shown[1].column == "file_name_2"


def test_a_path_is_told_where_nobody_knows_the_names(rows: Rows) -> None:
    rows[1][1] = "evaluation/rain.wav"
    _, faults = read(rows, None)
    assert dict(faults.counts) == {"path": 1}


def test_names_with_commas_and_quotes_come_through_csv(rows: Rows, truth: Truth) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert '"They say, ""it is"" siren, two."' in text.getvalue()
    found, faults = read(list(csv.reader(io.StringIO(text.getvalue()))), truth)
    assert not faults.count
    assert found.queries == truth.queries
