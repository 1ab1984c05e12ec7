import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.errors import EvaluationError, SubmissionError
from hearken.evaluate.submission.score import score_submission
from hearken.evaluate.submission.truth import Truth

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions"
Rows = list[list[str]]
Write = Callable[..., Path]


def figures(path: Path, truth: Truth, **options: object) -> dict[str, float]:
    found = score_submission(path, truth, **options)  # type: ignore[arg-type]
    return {name: figure.value for name, figure in found.figures.items()}


def test_lists_are_scored_as_by_hand(write: Write, rows: Rows, truth: Truth) -> None:
    found = score_submission(write(rows), truth)
    assert {name: figure.value for name, figure in found.figures.items()} == {
        "t2a_mAP@10": (1 + 1 / 4) / 2, "t2a_R@1": 0.5, "t2a_R@5": 1.0, "t2a_R@10": 1.0,
    }  # fmt: skip
    at_one = found.figures["t2a_R@1"]
    error = 1.959963984540054 * math.sqrt(0.25 * 24 / 23 / 24)
    assert (at_one.low, at_one.high) == pytest.approx((0.5 - error, 0.5 + error), abs=1e-12)
    assert at_one.method == "jackknife"
    assert found.definition == "dcase"
    assert found.system == "x.csv"
    assert found.directions["t2a"].clusters.tolist() == [number // 2 for number in range(24)]
    assert found.facts["queries_without_row"] == 0
    assert len(found.facts["sha256"]) == 64


def test_the_order_of_rows_changes_no_figure(write: Write, rows: Rows, truth: Truth) -> None:
    assert figures(write([rows[0], *rows[:0:-1]]), truth) == figures(write(rows), truth)


def test_tables_are_scored_with_sixteen_places_and_ties_against_the_system(write: Write, scores: Rows, truth: Truth) -> None:
    # 0.15 stands behind 0.4, 0.3 and 0.2 (and before 0.1): rank 4
    assert figures(write(scores), truth)["t2a_mAP@16"] == (1 + 1 / 4) / 2
    constant = [scores[0], *([row[0], *["0.5"] * 12] for row in scores[1:])]
    assert figures(write(constant), truth) == {
        "t2a_mAP@16": pytest.approx(1 / 12), "t2a_mAP@10": 0.0, "t2a_R@1": 0.0, "t2a_R@5": 0.0, "t2a_R@10": 0.0,
    }  # fmt: skip


def test_columns_in_another_order_change_no_figure(write: Write, scores: Rows, truth: Truth) -> None:
    turned = [[row[0], *row[:0:-1]] for row in scores]
    assert figures(write(turned), truth) == figures(write(scores), truth)


def test_several_answers_are_divided_by_all_of_them(write: Write, scores: Rows, rows: Rows, truth: Truth) -> None:
    # rain.wav and the clip two places on answer the first query: ranks 1 and 3
    several = replace(truth, queries=truth.queries[:1], answers=((truth.clips[0], truth.clips[2]),))
    expected = (1 + 2 / 3) / 2
    by_table = score_submission(write(scores), several, lenient=True)
    assert by_table.figures["t2a_mAP@16"].value == by_table.figures["t2a_mAP@10"].value == pytest.approx(expected)
    by_lists = score_submission(write(rows), several, lenient=True)
    assert by_lists.definition == "dcase2025"
    assert by_lists.figures["t2a_mAP@10"].value == pytest.approx(expected)


def test_a_query_without_a_row_counts_zero_where_that_is_asked_for(write: Write, rows: Rows, scores: Rows, truth: Truth) -> None:
    for content in (rows, scores):
        shorter = write(content[:1] + content[2:])  # without the first query, whose answer was first
        with pytest.raises(SubmissionError, match="has no row"):
            score_submission(shorter, truth)
        found = score_submission(shorter, truth, lenient=True)
        assert found.figures["t2a_R@1"].value == 11 / 24
        assert found.figures["t2a_mAP@10"].value == pytest.approx((11 + 12 / 4) / 24)
        assert found.facts["queries_without_row"] == 1
        assert "One query has no row; it counts 0." in found.facts["notes"]


def test_a_table_of_few_clips_and_no_row_that_counts_has_all_figures(write: Write, scores: Rows, truth: Truth) -> None:
    scores = [row[:3] for row in scores[:2]]
    scores[1][0] = "Nobody asked this."
    two = replace(truth, queries=truth.queries[:1], clips=truth.clips[:2], answers=(truth.clips[:1],))
    assert set(figures(write(scores), two, lenient=True).values()) == {0.0}
    assert len(figures(write(scores), two, lenient=True)) == 5


def test_equal_captions_are_scored_each_by_its_own_answer(write: Write, rows: Rows, truth: Truth) -> None:
    queries = (truth.queries[0], *truth.queries[1:2], truth.queries[0], *truth.queries[3:])  # of two clips: the first and the second
    equal = replace(truth, queries=queries)
    rows[3][0] = queries[0]
    each_its_own = score_submission(write(rows), equal)
    assert each_its_own.facts["equal_captions"] == 1
    assert each_its_own.figures["t2a_R@1"].value == 0.5
    shared = score_submission(write(rows[:3] + rows[4:]), equal)  # the only row finds the first clip at 1, the second at 2
    assert shared.figures["t2a_R@1"].value == 11 / 24


def test_ten_names_tell_nothing_of_sixteen_places(write: Write, rows: Rows, truth: Truth) -> None:
    assert "t2a_mAP@16" not in score_submission(write(rows), truth).figures


def test_secret_answers_and_another_definition(write: Write, rows: Rows, truth: Truth) -> None:
    with pytest.raises(EvaluationError, match="Nobody knows"):
        score_submission(write(rows), replace(truth, answers=None))
    assert score_submission(write(rows), truth, by="any-of-n", system="ours").definition == "any-of-n"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published submission is not here")
def test_the_published_baseline_has_its_published_figures() -> None:
    folder = SHARED / "dcase2022_submission"
    found = score_submission(folder / "test.output.csv", folder / "test.gt.csv", challenge="dcase2022")
    told = {name: (round(each.value, 5), round(each.low, 5), round(each.high, 5)) for name, each in found.figures.items()}
    assert told == {
        "t2a_mAP@10": (0.06793, 0.06264, 0.07323), "t2a_R@1": (0.03158, 0.02684, 0.03632),
        "t2a_R@5": (0.10947, 0.10101, 0.11794), "t2a_R@10": (0.18833, 0.17772, 0.19893),
    }  # fmt: skip
    assert found.facts["notes"] == ["The evaluation set of dcase2022 has 1000 queries, this file 5225 rows."]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published relevances are not here")
def test_the_published_baseline_by_the_matches_of_2025() -> None:
    found = score_submission(
        SHARED / "dcase2022_submission" / "test.output.csv", SHARED / "dcase2025_relevance" / "metadata_eval.csv", lenient=True
    )
    assert found.definition == "dcase2025"
    assert found.facts["queries"] == 1037
    assert found.facts["notes"][0] == "4188 rows ask what nobody asked; they are left out."
    assert round(found.figures["t2a_mAP@10"].value, 4) == 0.0834
