import numpy as np
import pytest

from hearken.search import localise
from hearken.search.localise import Bounds, event_span
from hearken.types import Span

ALIKE = np.tile(np.array([0.6, 0.8], np.float16), (40, 1))
"""Moments that all resemble each other: the cosines with the query alone decide."""


def find(own, first=None, last=None, *, vectors=ALIKE, bounds=None):
    """The event around the best of moments of 2 s, 1 s apart: their middles are at 1, 2, 3, ... s."""
    own = np.array(own, np.float32)
    first = int(own.argmax()) if first is None else first
    spans = np.column_stack([np.arange(len(own)), np.arange(len(own)) + 2.0])
    span = event_span(own, vectors[: len(own)], spans, first, first if last is None else last, bounds)
    return pytest.approx((span.start_s, span.end_s), abs=1e-3)


def test_an_event_begins_and_ends_where_the_score_crosses_the_level():
    # usual 0, peak 1: the level is 0.4, crossed 0.6 s before the middle at 4 s and behind that at 5 s; less the blur
    assert find([0, 0, 0, 1, 1, 0, 0, 0]) == (3.4 + 0.25, 5.6 - 0.25)
    assert find([0, 0, 0, 1, 0.8, 0.3, 0, 0]) == (3.4 + 0.25, 5.8 - 0.25)


def test_what_goes_on_at_the_edge_of_the_sound_begins_or_ends_with_it():
    assert find([1, 1, 0, 0, 0, 0, 0, 0]) == (0, 2.6 - 0.25)
    assert find([0, 0, 0, 0, 0, 0, 1, 1]) == (6.4 + 0.25, 9)


def test_short_pauses_belong_to_an_event_and_longer_ones_end_it():
    assert find([0, 0, 0, 1, 0, 1, 0, 0, 0, 0]) == (3.4 + 0.25, 6.6 - 0.25)
    assert find([0, 0, 0, 1, 0, 0, 1, 0, 0, 0]) == (3.4 + 0.25, 4.6 - 0.25)


def test_a_peak_that_hardly_stands_out_is_all_of_the_sound():
    assert find([0.5, 0.5, 0.5, 0.55, 0.5, 0.5, 0.5, 0.5]) == (0, 9)
    assert find([0.5]) == (0, 2)
    # 0.3 below the peak is a contrast of its own: the level is 0.37, crossed 0.6 s before the middle at 4 s
    assert find([0.25, 0.25, 0.25, 0.55, 0.55, 0.55, 0.55, 0.55]) == (3.4 + 0.25, 9)


def test_several_moments_are_one_event_from_the_first_to_the_last_that_reach_the_level():
    assert find([0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 2, 7) == (2.4 + 0.25, 8.6 - 0.25)
    assert find([0, 0, 1, 0, 0, 0, 0, 0.3, 0, 0, 0, 0], 2, 7) == (2.4 + 0.25, 3.6 - 0.25)


def test_moments_that_sound_like_the_best_one_belong_to_it():
    vectors = np.array([[0, 1]] * 3 + [[1, 0]] * 2 + [[0, 1]] * 3, np.float16)
    own = [0.25, 0.25, 0.25, 0.5, 0.25, 0.25, 0.25, 0.25]
    # the mean is (0.25, 0.75), so the best is (0.75, -0.75) away from it, which adds 0.75 to its like and takes 0.75 from the rest:
    # peak 1.25, usual -0.5, level 0.2; crossed between 1.25 and -0.5 at 0.6 s, and between 1.0 and -0.5 at 0.533 s
    assert find(own, vectors=vectors) == (4 - 0.6 + 0.25, 5 + 0.8 / 1.5 - 0.25)
    assert find([0, 0, 0, 1, 0, 0, 0, 0]) == (4 - 0.6 + 0.25, 4 + 0.6 - 0.25)


def test_other_events_bound_this_one_and_none_is_shorter_than_half_a_second():
    own = [0, 0, 0, 1, 1, 0, 0, 0]
    assert find(own, bounds=Bounds(4.0, 5.0)) == (4.0, 5.0)
    assert find(own, bounds=Bounds(5.2, np.inf)) == (5.025, 5.525)
    short = event_span(np.ones(1, np.float32), ALIKE[:1], np.array([[0.0, 0.3]]), 0, 0)
    assert short == Span(0.0, 0.3)


def test_of_very_long_sounds_what_is_near_is_looked_at(monkeypatch):
    own = [0.9] * 30 + [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert find(own) == (33.75, 34.25)  # most of it is like 0.9, so the level is 0.85, and what is left is lengthened to half a second
    monkeypatch.setattr(localise, "MAX_MOMENTS", 8)
    assert find(own) == (33.4 + 0.25, 34.6 - 0.25)


def test_constants_that_the_documentation_tells():
    assert (localise.PAUSE_S, localise.LEVEL, localise.RESEMBLANCE_WEIGHT, localise.LEAST_S) == (1.3, 0.4, 1.0, 0.5)
