"""Placing parts in the moments of a file: against all placings counted out, and by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hearken.search.order import AROUND_S, GAP_COST_PER_S, MAX_LEAD, SOFTNESS, WHOLE_SHARE, Placing, around, best_placing, lead, placings


def middles(num: int, hop_s: float = 0.64) -> np.ndarray:
    return 0.64 + hop_s * np.arange(num)


def no_text(scores: np.ndarray) -> np.ndarray:
    """Scores (N,) of a whole text that tells nothing."""
    return np.zeros(scores.shape[1], np.float32)


def table(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


@pytest.mark.parametrize("hop_s", [0.64, 8.0, 30.0])
def test_the_best_of_all_placings(hop_s: float) -> None:
    random = np.random.default_rng(0)
    for _ in range(150):
        num_parts, num_moments = int(random.integers(2, 4)), int(random.integers(1, 10))
        scores = random.normal(size=(num_parts, num_moments)).astype(np.float32)
        whole = random.normal(size=num_moments).astype(np.float32)
        mixed, times = WHOLE_SHARE * whole + (1 - WHOLE_SHARE) * scores, middles(num_moments, hop_s)
        least = 1 if num_moments >= num_parts else 0
        most = max(1, int(20.0 / hop_s)) if num_moments > 1 else 0
        every = itertools.product(range(num_moments), repeat=num_parts)
        allowed = [each for each in every if all(least <= after - before <= most for before, after in itertools.pairwise(each))]
        means = {each: float(np.mean([mixed[part, place] for part, place in enumerate(each)])) for each in allowed}
        paid = {each: mean - GAP_COST_PER_S * (times[each[-1]] - times[each[0]]) for each, mean in means.items()}
        found = best_placing(scores, whole, times)
        assert found.places == max(paid, key=paid.__getitem__)
        assert found.mean == pytest.approx(means[found.places], abs=1e-6)


def test_order_decides() -> None:
    dog_then_door = table((0.5, 0.1, 0.1, 0.1), (0.1, 0.1, 0.1, 0.5))
    told, reverse = (best_placing(each, no_text(each), middles(4)) for each in (dog_then_door, dog_then_door[::-1]))
    assert told.places == (0, 3)
    assert told.mean == pytest.approx(0.5 * (1 - WHOLE_SHARE))
    assert reverse.mean == pytest.approx(
        0.1 * (1 - WHOLE_SHARE)
    )  # neither part can be where it is: nothing lies before the first moment, or behind the last
    assert told.lead == pytest.approx(-reverse.lead)
    assert told.lead > 0.05


def test_the_lead_of_two_moments() -> None:
    """One placing in either order: half of 0.25 + 0.15 less half of 0.2 + 0.1; and what is too much."""
    assert lead(table((0.25, 0.2), (0.1, 0.15))) == pytest.approx((0.4 - 0.3) / 2, abs=1e-6)
    assert lead(table((0.9, 0.2), (0.1, 0.8))) == MAX_LEAD
    assert lead(table((0.1, 0.8), (0.9, 0.2))) == -MAX_LEAD


def test_the_lead_counts_all_placings() -> None:
    scores = table((0.12, 0.1, 0.05), (0.05, 0.1, 0.12))
    told, other = (
        np.log(sum(np.exp((one[i] + two[j]) / SOFTNESS) for i in range(3) for j in range(i + 1, 3))) for one, two in (scores, scores[::-1])
    )
    assert lead(scores) == pytest.approx(SOFTNESS * (told - other) / 2, abs=1e-6)


def test_the_lead_of_three_is_over_the_nearest_other_order() -> None:
    scores = table((0.9, 0.0, 0.0), (0.0, 0.5, 0.4), (0.0, 0.4, 0.5))
    assert lead(scores) == pytest.approx((1.9 - 1.7) / 3, abs=1e-6)  # the second and third swapped: 0.9 + 0.4 + 0.4
    assert lead(scores[[0, 2, 1]]) == pytest.approx((1.7 - 1.9) / 3, abs=1e-6)


def test_no_lead_without_room() -> None:
    assert lead(table((0.5,), (0.1,))) == 0.0
    assert lead(table((0.5, 0.3))) == 0.0
    scores = table((0.5, 0.1), (0.1, 0.2), (0.0, 0.3))
    mean = (1 - WHOLE_SHARE) * (0.5 + 0.2 + 0.3) / 3
    assert best_placing(scores, no_text(scores), middles(2)) == Placing((0, 1, 1), pytest.approx(mean), 0.0)


def test_parts_may_not_be_far_apart() -> None:
    scores = np.zeros((2, 60), np.float32)
    scores[0, 0], scores[1, 59], scores[1, 20] = 0.9, 0.9, 0.4
    assert best_placing(scores, no_text(scores), middles(60)).places == (0, 20)  # 59 moments are 38 s


def test_a_gap_costs() -> None:
    scores = np.zeros((2, 30), np.float32)
    scores[0, 0], scores[1, 2], scores[1, 25] = 0.9, 0.8, 0.9
    assert best_placing(scores, no_text(scores), middles(30)).places == (0, 2)  # 16 s more cost more than 0.1 is worth


def test_the_whole_text_decides_between_equals() -> None:
    scores = table((0.5, 0.1, 0.1, 0.1, 0.5, 0.1), (0.1, 0.5, 0.1, 0.1, 0.1, 0.5))
    whole = np.array([0.0, 0.0, 0.0, 0.0, 0.2, 0.2], np.float32)
    for text, places in ((whole, (4, 5)), (whole[::-1], (0, 1))):
        assert best_placing(scores, text, middles(6)).places == places


def test_several_placings_do_not_overlap() -> None:
    scores = np.full((2, 12), 0.1, np.float32)
    scores[0, [0, 6]], scores[1, [2, 9]] = (0.6, 0.5), (0.6, 0.5)
    found = list(placings(scores, no_text(scores), middles(12), 2))
    assert [each.places for each in found] == [(0, 2), (6, 9)]
    assert len(list(placings(scores, no_text(scores), middles(12), 50))) < 12
    assert next(placings(scores[:, :1], no_text(scores[:, :1]), middles(1), 3)).places == (0, 0)


def test_around_and_worth() -> None:
    assert around((10, 12), middles(40)) == slice(10 - int(AROUND_S / 0.64), 12 + int(AROUND_S / 0.64) + 1)
    assert around((0, 1), middles(2)) == slice(0, 2)
    assert Placing((0, 1), 0.5, 0.1).worth == pytest.approx(0.6)
