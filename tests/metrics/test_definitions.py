"""Names of definitions and metrics, and where definitions differ."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.definitions import DEFINITIONS, definition, statistic_of, values_of
from hearken.metrics.ranks import Ranks, ranks_of_lists
from hearken.metrics.relevance import Relevance

FIVE = Ranks(np.array([1, 3, 12, 20, 40]), np.array([0, 5]), np.array([5]), 50)
"""One clip with five captions, of which the first ten places hold two."""
TWELVE = Ranks(np.arange(1, 13), np.array([0, 12]), np.array([12]), 50)


def value(ranks: Ranks, metric: str, by: str) -> float:
    (found,) = values_of(ranks, metric, definition(by)).tolist()
    return float(found)


def test_there_are_five() -> None:
    assert tuple(DEFINITIONS) == ("dcase", "any-of-n", "fraction", "dcase2025", "merged")
    for name, each in DEFINITIONS.items():
        assert (each.name, bool(each.summary), bool(each.papers)) == (name, True, True)
    assert [each.name for each in DEFINITIONS.values() if each.merged] == ["merged"]
    assert [each.name for each in DEFINITIONS.values() if each.single] == ["dcase"]


@pytest.mark.parametrize(
    ("by", "recall", "precision"),
    [
        ("any-of-n", 1.0, (1 + 2 / 3) / 5),
        ("fraction", 1 / 5, (1 + 2 / 3) / 5),
        ("dcase2025", 1.0, (1 + 2 / 3) / 5),
        ("merged", 1.0, (1 + 2 / 3) / 5),
    ],
)
def test_five_captions_by_hand(by: str, recall: float, precision: float) -> None:
    assert value(FIVE, "R@1", by) == pytest.approx(recall)
    assert value(FIVE, "mAP@10", by) == pytest.approx(precision)


def test_more_answers_than_places() -> None:
    assert value(TWELVE, "mAP@10", "merged") == pytest.approx(1.0), "all that ten places can hold"
    assert value(TWELVE, "mAP@10", "dcase2025") == pytest.approx(10 / 12), "and two were left"


def test_the_other_metrics() -> None:
    expected = {"mAP": (1 + 2 / 3 + 3 / 12 + 4 / 20 + 5 / 40) / 5, "MRR": 1.0, "medR": 1.0, "meanR": 1.0, "P@5": 2 / 5, "MRR@10": 1.0}
    assert {metric: value(FIVE, metric, "any-of-n") for metric in expected} == pytest.approx(expected)
    assert value(Ranks(np.array([7]), np.array([0, 1]), np.array([1]), 9), "MRR@5", "dcase") == 0.0


def test_dcase_knows_one_answer_alone() -> None:
    ranks = Ranks(np.array([1, 2, 3]), np.array([0, 1, 3]), np.array([1, 2]), 9)
    with pytest.raises(InputError, match="1 query has more than one answer, which the definition dcase does not know"):
        values_of(ranks, "R@1", definition("dcase"))


def test_dcase_is_refused_for_lists_that_show_one_of_two() -> None:
    ranks = ranks_of_lists([[0]], Relevance.from_lists([[0, 1]], 3), depth=1)
    with pytest.raises(InputError, match="more than one answer"):
        values_of(ranks, "R@1", definition("dcase"))


@pytest.mark.parametrize(
    ("name", "near"), [("dcase25", "Did you mean dcase2025"), ("any", "Did you mean any-of-n"), ("xyz", "There are dcase, ")]
)
def test_another_name_gets_the_nearest(name: str, near: str) -> None:
    with pytest.raises(InputError, match=f"no definition '{name}'") as caught:
        definition(name)
    assert caught.value.hint.startswith(near)


@pytest.mark.parametrize("metric", ["map@10", "R@", "R@0", "R@01", "mAP@-1", "nDCG@10", "medR@10", "R@1 ", "R@99999999"])
def test_another_metric_is_refused(metric: str) -> None:
    for use in (lambda: values_of(FIVE, metric, definition("merged")), lambda: statistic_of(metric)):
        with pytest.raises(InputError, match="There is no metric"):
            use()


@pytest.mark.parametrize(
    ("metric", "near"),
    [("map@10", "mAP@10"), ("mAP10", "mAP@10"), ("recall@5", "R@5"), ("r1", "R@1"), ("mrr@10", "MRR@10"), ("medr", "medR"), ("Map", "mAP")],
)
def test_capitals_are_told(metric: str, near: str) -> None:
    with pytest.raises(InputError) as caught:
        statistic_of(metric)
    assert caught.value.hint.startswith(f"Did you mean {near}? There are ")


def test_a_metric_like_none_has_no_nearest() -> None:
    with pytest.raises(InputError) as caught:
        statistic_of("R@0")
    assert caught.value.hint.startswith("There are ")


def test_what_figures_are_of_their_values() -> None:
    assert {metric: statistic_of(metric) for metric in ("mAP@10", "R@1", "P@3", "MRR", "mAP", "meanR", "medR")} == {
        "mAP@10": "mean", "R@1": "mean", "P@3": "mean", "MRR": "mean", "mAP": "mean", "meanR": "mean", "medR": "median_rank",
    }  # fmt: skip
