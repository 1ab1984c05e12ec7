from __future__ import annotations

from dataclasses import replace

import numpy as np

from hearken.cli.evaluated import comparison_rows, done_json, figure_rows, figure_text, fitting, miss_rows, notes_of
from hearken.evaluate.evaluate import Done, Wish, score
from hearken.metrics.confidence import Interval
from hearken.metrics.scores import TableScores
from tests.evaluate.asking import SCORES, small_scores, small_task


def done_of(
    system: str = "one", *, flip: bool = False, by: str = "any-of-n", metrics: tuple[str, ...] = ("mAP@10", "medR"), **task: object
) -> Done:
    scores = TableScores(SCORES[:, ::-1].copy()) if flip else small_scores()
    return score(system, small_task(**task), scores, by, Wish(metrics=metrics))


def test_figures_are_percent_and_ranks_are_ranks() -> None:
    assert figure_text("t2a_R@1", Interval(0.35211, 0.331, 0.3744, "bootstrap")) == "35.21 [33.10, 37.44]"
    assert figure_text("medR", Interval(3.0, 2.0, 4.0, "bootstrap")) == "3.0 [2.0, 4.0]"
    assert figure_text("a2t_medR", Interval(3.0, 3.0, 3.0)) == "3.0"


def test_a_table_for_each_task_and_direction() -> None:
    tables = figure_rows([done_of(), done_of("two", metrics=("R@1",)), done_of("three", name="other")])
    assert [title for title, _ in tables] == [
        f"{task}, {way} (percent, 95 % intervals)" for task in ("small", "other") for way in ("text to audio", "audio to text")
    ]
    rows = tables[0][1]
    assert rows[0] == ("system", "mAP@10", "medR", "R@1")
    assert [row[0] for row in rows[1:]] == ["one", "two"]
    assert rows[2][1:3] == ("", "")
    assert rows[1][1].startswith("73.33 [")


def test_wide_tables_are_cut_between_columns() -> None:
    rows = [("system", "aaaa", "bbbb", "cc"), ("one", "1", "22222", "3")]
    assert fitting(rows, 100) == [rows]
    assert fitting(rows, 21) == [[("system", "aaaa", "bbbb"), ("one", "1", "22222")], [("system", "cc"), ("one", "3")]]
    assert fitting(rows, 1) == [[(row[0], row[at]) for row in rows] for at in (1, 2, 3)]
    assert fitting(rows, 1, keys=2) == [[(*row[:2], row[at]) for row in rows] for at in (2, 3)]


def test_each_further_system_is_compared_with_the_first() -> None:
    rows = comparison_rows([done_of(), done_of("worse", flip=True)])
    assert rows[0] == ("system", "figure", "difference", "p", "effect", "better / same / worse")
    assert [row[:2] for row in rows[1:]] == [("worse", "t2a_mAP@10"), ("worse", "a2t_mAP@10")]
    # ranks 1 3 1 1 3 become 2 2 1 1 3 when columns are turned about: -1/2 + 1/6, over five queries
    assert rows[1][2].startswith("-6.67 [")
    assert rows[1][5] == "1 / 3 / 1"


def test_other_tasks_and_definitions_are_not_compared_and_ranks_neither() -> None:
    first = done_of()
    other = done_of("two", clips=("x", "y", "z"))
    assert comparison_rows([first, other]) == []
    assert any("two is not compared with one" in line for line in notes_of([first, other]))
    assert comparison_rows([first, done_of("two", by="fraction")]) == []
    ranks = [done_of(name, flip=name == "two", metrics=("meanR", "medR")) for name in ("one", "two")]
    assert comparison_rows(ranks) == []
    assert comparison_rows([done_of(metrics=("meanR", "R@1")), done_of("two", metrics=("meanR", "R@1"))])[1][1] == "t2a_R@1"


def test_what_stands_below() -> None:
    record = {"captions_worded_alike": 2, "clips_unreadable": 1, "queries_of_unreadable": 1, "clips_of_one_file": 2}
    lines = "\n".join(notes_of([done_of(record=record)]))
    for told in (
        "3 clips, 5 queries; intervals: clips drawn again", "2 captions worded like another clip's", "left out: 1 clip that cannot be read",
        "left out: 1 query that only these answer", "2 clips have their file in common",
    ):  # fmt: skip
        assert told in lines
    twice = notes_of([done_of(), done_of("two")])
    assert len(twice) == len(set(twice))
    assert any("drawn again" in line for line in twice)
    assert any("jackknife" in line for line in notes_of([replace(done_of(), interval="jackknife")]))


def test_worst_mistakes_have_short_names() -> None:
    rows = miss_rows(done_of(clips=("/s/a.wav", "/s/b.wav", "/s/c.wav")), 1)
    assert rows[1][0] == "3"
    assert rows[1][2].startswith(("a.wav (", "c.wav ("))
    assert all("/" not in row[2] + row[3] for row in rows[1:])
    assert miss_rows(done_of(clips=("/s/a.wav", "/t/a.wav", "/s/c.wav")), 2)[1][2].startswith("/s/")
    assert miss_rows(Done(done_of().evaluation, None, None), 3) == []


def test_json_has_all_of_it() -> None:
    found = done_json([done_of(), done_of("two", flip=True)])
    assert [each["system"] for each in found["systems"]] == ["one", "two"]
    assert found["systems"][0]["figures"]["t2a_mAP@10"]["method"] == "bootstrap"
    assert (found["systems"][0]["clips"], found["systems"][0]["queries"], found["systems"][0]["folder"]) == (3, 5, None)
    assert np.isclose(found["comparisons"][0]["difference"]["value"], -1 / 15)
