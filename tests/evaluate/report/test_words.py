"""Sentences: what they say is what the figures say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hearken.evaluate.report.published import Published
from hearken.evaluate.report.words import alike_words, beside, by_chance, definitions_of, few_words, figure_text, name_of, summary
from hearken.evaluate.store import load
from hearken.metrics.confidence import Interval
from hearken.metrics.relevance import Relevance
from tests.evaluate.report.made import make_evaluation, make_task

FIGURES = {
    "t2a_R@10": Interval(0.5, 0.4, 0.6, "bootstrap"), "t2a_R@1": Interval(0.1, 0.05, 0.15, "bootstrap"),
    "a2t_R@10": Interval(0.75, 0.7, 0.8, "bootstrap"), "t2a_mAP@10": Interval(0.28, 0.26, 0.3, "bootstrap"),
}  # fmt: skip


def test_a_summary_says_both_directions_chance_and_the_published_figure() -> None:
    said = summary("mine", make_task("toy", clips=40), FIGURES, {"t2a_mAP@10": Published(28.4, "Some et al.", "Table 1")})
    assert said[0] == (
        "mine on toy: of 80 queries, 50.0 [40.0, 60.0] % find a right clip among the first ten answers; an order of the 40 clips drawn at random would do so for 25.0 %; "
        "it comes first for 10.0 [5.0, 15.0] %. "
        "Of 40 clips, 75.0 [70.0, 80.0] % find a right caption among the first ten answers."
    )
    assert said[1].startswith("For mAP@10 from text to audio, Some et al. (Table 1) printed 28.4")


def test_shares_of_several_captions_are_not_clips_that_find_one() -> None:
    told = summary("mine", make_task("toy", clips=40), FIGURES, {}, recall="fraction")[0]
    assert "Of the right captions of each of 40 clips, 75.0 [70.0, 80.0] % are among the first ten answers, in the mean." in told
    assert "of 80 queries, 50.0 [40.0, 60.0] % find a right clip" in told, "with one right clip both are the same"
    single = make_task("toy", clips=40, captions=1)
    assert summary("mine", single, FIGURES, {}, recall="fraction") == summary("mine", single, FIGURES, {})


def test_a_summary_without_recalls_and_without_anything() -> None:
    assert summary("mine", make_task(), {"t2a_mAP@10": FIGURES["t2a_mAP@10"]}, {}) == [
        "mine on toy: the mAP@10 from text to audio is 28.0 [26.0, 30.0] %."
    ]
    assert summary("mine", make_task(), {}, {}) == []


def test_a_published_figure_is_inside_above_or_below() -> None:
    figure = FIGURES["t2a_mAP@10"]
    assert beside("t2a_mAP@10", figure, Published(26.0, "A", "B")).endswith("an interval that holds it.")
    assert "ours is 28.0 [26.0, 30.0], above it by more" in beside("t2a_mAP@10", figure, Published(25.9, "A", "B"))
    assert "below it by more" in beside("t2a_mAP@10", figure, Published(30.1, "A", "B"))
    assert (
        beside("t2a_mAP@10", Interval(0.3, 0.3, 0.3), Published(30.1, "A", ""))
        == "For mAP@10 from text to audio, A printed 30.1; ours is 30.0."
    )
    assert "4 [3, 5], an interval" in beside("t2a_medR", Interval(4, 3, 5, "bootstrap"), Published(4, "A", "B"))


def test_names_and_definitions() -> None:
    assert name_of("a2t_R@1") == "R@1 from audio to text"
    assert figure_text("a2t_meanR", Interval(4.25, 3.5, 5, "jackknife")) == "4.2 [3.5, 5.0]"
    told = definitions_of({"t2a_R@5": Interval(0.1, 0, 0.2, "jackknife"), "a2t_medR": Interval(3, 3, 3)})
    assert [sentence.split(":")[0].split(" come")[0] for sentence in told] == ["R@k", "medR", "Intervals of 95 %"]
    assert "jackknife" in told[-1]
    assert told[0] == "R@k: the share of queries with a right answer among the first k."
    shares = "the share of a query's right answers that are among the first k."
    assert definitions_of({"a2t_R@5": Interval(0.1, 0, 0.2)}, ["fraction"]) == [f"R@k: {shares}"]
    assert definitions_of({"a2t_R@5": Interval(0.1, 0, 0.2)}, ["any", "fraction"]) == [f"{told[0][:-1]}; by fraction, {shares}"]


def test_few_queries_and_intervals_without_width_are_told() -> None:
    wide, narrow = ("t2a_R@1", FIGURES["t2a_R@1"]), ("t2a_R@10", Interval(1.0, 1.0, 1.0, "bootstrap"))
    assert few_words(make_task(clips=30, captions=1), [wide]) == []
    (few,) = few_words(make_task(clips=29, captions=2), [wide])
    assert "(58 and 29)" in few
    (told,) = few_words(make_task(clips=40), [narrow])
    assert "no certainty" in told
    assert few_words(make_task(clips=40), [("t2a_medR", Interval(1.0, 1.0, 1.0, "bootstrap")), ("t2a_R@1", Interval(1.0, 1.0, 1.0))]) == []


def test_captions_worded_alike_are_told_by_what_the_definition_makes_of_them(tmp_path) -> None:
    def told(count: object, by: str) -> list[str]:
        make_evaluation(tmp_path / "one", task=replace(make_task(), record={"captions_worded_alike": count}), by=by)
        return alike_words(load(tmp_path / "one"))

    assert told(0, "any-of-n") == told("x", "any-of-n") == []
    assert told(1, "any-of-n")[0].startswith("1 caption is worded like another clip's, and answered by their own")
    assert "equal captions are one query here" in told(3, "merged")[0]


def test_chance_knows_queries_with_several_right_clips() -> None:
    task = replace(make_task("toy", clips=40), queries=("a", "b"), relevance=Relevance.from_lists([[0], [1, 2]], 40))
    assert by_chance(task) == pytest.approx((10 / 40 + 1 - (30 * 29) / (40 * 39)) / 2)
    few = replace(make_task("toy", clips=4), queries=("a",), relevance=Relevance.from_lists([[0]], 4))
    assert by_chance(few) == 1.0
