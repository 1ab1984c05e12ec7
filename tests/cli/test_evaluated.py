from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from hearken.cli.evaluated import done_json, figure_rows, figure_text, fitting, is_rank, miss_rows, percent, shown, width_of
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


def test_how_wide_a_table_is() -> None:
    assert width_of([("system", "aa"), ("one", "1234")]) == 6 + 2 + 4


def test_ranks_and_shares() -> None:
    assert [is_rank(name) for name in ("medR", "a2t_meanR", "t2a_R@1", "mAP")] == [True, True, False, False]
    assert (percent(0.5), percent(0.5, sign="+"), percent(-0.25, sign="+")) == ("50.00", "+50.00", "-25.00")


def test_what_was_asked_for_is_shown_in_that_order() -> None:
    graded = np.array([1.0, 0.2, 1.0, 1.0, 0.5])
    found = shown(done_of(metrics=("mAP@10", "R@1", "medR"), grades=graded), ("medR", "R@1", "R@7"))
    assert list(found.evaluation.figures) == ["t2a_medR", "t2a_R@1", "t2a_nDCG@10", "a2t_medR", "a2t_R@1"]
    assert list(found.evaluation.directions["t2a"].values) == ["R@1", "nDCG@10"]


def test_worst_mistakes_have_short_names() -> None:
    rows = miss_rows(done_of(clips=("/s/a.wav", "/s/b.wav", "/s/c.wav")), 1)
    assert rows[1][0] == "3"
    assert rows[1][2].startswith(("a.wav (", "c.wav ("))
    assert all("/" not in row[2] + row[3] for row in rows[1:])
    assert miss_rows(done_of(clips=("/s/a.wav", "/t/a.wav", "/s/c.wav")), 2)[1][2].startswith("/s/")
    assert miss_rows(Done(done_of().evaluation, None, None), 3) == []


def test_json_has_all_of_it() -> None:
    found = done_json([done_of(), replace(done_of("two"), folder=Path("x/../y"), is_kept=False)])
    assert [each["system"] for each in found] == ["one", "two"]
    assert found[0]["figures"]["t2a_mAP@10"]["method"] == "bootstrap"
    assert (found[0]["clips"], found[0]["queries"], found[0]["folder"], found[0]["kept"]) == (3, 5, None, False)
    assert (found[1]["folder"], found[1]["kept"]) == (str(Path.cwd() / "y"), False)
