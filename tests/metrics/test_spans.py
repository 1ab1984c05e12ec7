import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.spans import IOUS, average_precision, overlaps, recall, start_errors

EMPTY = np.zeros((0, 2))


def test_intersection_over_union():
    table = overlaps([[0, 2], [5, 6], [3, 3]], [[1, 3], [0, 8], [3, 3]])
    # 0-2 and 1-3 share 1 of 3 s, 0-2 and 0-8 share 2 of 8 s; what has no length overlaps nothing
    np.testing.assert_allclose(table, [[1 / 3, 0.25, 0], [0, 0.125, 0], [0, 0, 0]])
    assert overlaps(EMPTY, [[0, 1]]).shape == (0, 1)


def test_recall_counts_queries_whose_first_spans_reach_a_true_one():
    found = [[[0, 2], [10, 20]], [[0, 1], [4, 6]], EMPTY]
    true = [[[10, 19], [0, 4]], [[4, 8]], [[0, 1]]]
    assert recall(found, true, k=1, iou=0.5).tolist() == [1, 0, 0]  # 2 of 4 s is half
    assert recall(found, true, k=2, iou=0.5).tolist() == [1, 1, 0]
    assert recall(found, true, k=2, iou=0.9).tolist() == [1, 0, 0]  # 10-20 has 9 of 10 s
    assert recall(found, true, k=1, iou=0.51).tolist() == [0, 0, 0]


def test_average_precision_by_hand():
    true = [[0, 10], [20, 30], [40, 50]]
    found = [[0, 10], [1, 10], [60, 70], [20, 30]]
    # right at places 1 and 4 (the second span finds what was found before): precisions 1 and 2/4, of 3 true spans
    assert average_precision(found, true, [0.5])[0] == pytest.approx((1 + 0.5) / 3)
    # interpolation: what comes later and is more precise counts; right at 2, 3 of 3: precision 2/3 at both
    assert average_precision([[60, 70], [0, 10], [20, 30]], true, [0.5])[0] == pytest.approx((2 / 3 + 2 / 3) / 3)
    assert average_precision(EMPTY, true).tolist() == [0.0] * len(IOUS)


def test_average_precision_takes_the_better_of_two_true_spans_and_ten_spans_at_most():
    # the first span has 0.8 of 0-10 and less of 0-8, so the second one still finds 0-8
    assert average_precision([[0, 8.9], [0, 8]], [[0, 10], [0, 8]], [0.5])[0] == pytest.approx(1.0)
    late = [[100 + place, 101 + place] for place in range(10)] + [[0, 10]]
    assert average_precision(late, [[0, 10]], [0.5])[0] == 0
    assert average_precision(late[1:], [[0, 10]], [0.5])[0] == pytest.approx(0.1)
    assert average_precision([[0, 6]], [[0, 10]]).tolist() == [1.0, 1.0, 1.0] + [0.0] * 7  # 0.6 reaches 0.5, 0.55 and 0.6


def test_start_errors_are_taken_from_the_true_span_that_overlaps_most():
    found = [[[3, 9]], [[3, 9]], [[12, 13]], EMPTY]
    true = [[[2, 4], [5, 9]], [[0, 20]], [[0, 1], [15, 16]], [[0, 1]]]
    assert start_errors(found, true).tolist() == [2, 3, 3, np.inf]


@pytest.mark.parametrize("spans", [[[1, 0]], [[0, np.nan]], [[0, np.inf]], [0, 1, 2], [[0, 1, 2]]])
def test_spans_that_are_none_are_refused(spans):
    with pytest.raises(InputError, match="start and its end"):
        overlaps(spans, [[0, 1]])


def test_questions_without_an_answer_are_refused():
    with pytest.raises(InputError, match="true span"):
        average_precision([[0, 1]], EMPTY)
    for found, k in (([[[0, 1]]], 0), ([], 1)):
        with pytest.raises(InputError, match="as many"):
            recall(found, [[[0, 1]]], k=k, iou=0.5)
