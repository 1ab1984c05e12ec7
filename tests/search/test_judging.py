import math

import numpy as np
import pytest

from hearken.search import engine
from hearken.search.confidence import FEATURES, Calibration
from hearken.search.judging import judged
from hearken.search.query import SearchRequest, made_filters
from hearken.search.scope import Query
from tests.small_library import SmallLibrary

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))
TOLERANCE = 1e-3


def toward(score, rest=W):
    """A vector (D,) with this cosine to X."""
    return (score * X + math.sqrt(1 - score**2) * rest).astype(np.float32)


def calibration(weak_below=0.5, offset=0.0, **weights):
    return Calibration(np.stack([X, Y]), np.stack([X, Y]), np.array([weights.get(name, 0.0) for name in FEATURES]), offset, weak_below)


def logistic(value):
    return 1 / (1 + math.exp(-value))


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def answers(library, made, query=None, request=None):
    query, request = query or Query(X), request or SearchRequest()
    with library.store.snapshot():
        return judged(made, query, engine.rank(library.store, library.cache, query, request))


def test_each_hit_is_heard_at_its_own_best_moment(library):
    library.put("/sounds/a.wav", [toward(0.1), toward(0.9), toward(0.2)], contexts=[toward(0.5)])
    library.put("/sounds/b.wav", [toward(0.4)])
    found = answers(library, calibration(moment=1.0, context=10.0))
    assert [hit.path for hit in found] == ["/sounds/a.wav", "/sounds/b.wav"]
    expected = [logistic(0.9 + 5.0), logistic(0.4 + 4.0)]
    assert [hit.confidence for hit in found] == pytest.approx(expected, abs=TOLERANCE)


def test_hits_below_the_level_are_weak(library):
    library.put("/sounds/a.wav", [toward(0.9)])
    library.put("/sounds/b.wav", [toward(0.1)])
    found = answers(library, calibration(weak_below=logistic(0.5), moment=1.0))
    assert [hit.weak for hit in found] == [False, True]


def test_a_file_of_that_name_is_not_weak_whatever_it_sounds_like(library):
    library.put("/sounds/glass_breaking.wav", [toward(0.1)])
    library.put("/sounds/glass.wav", [toward(0.1, Y)])  # another sound, or it would be folded as a copy
    found = answers(library, calibration(weak_below=0.9), Query(X, words="glass breaking"))
    assert {hit.path: (hit.confidence, hit.weak) for hit in found} == {
        "/sounds/glass_breaking.wav": (0.5, False),
        "/sounds/glass.wav": (0.5, True),
    }


def test_windows_are_counted_among_the_files_that_were_searched(library):
    library.put("/sounds/a.wav", [toward(0.5), toward(0.4)])
    library.put("/other/b.wav", [toward(0.3), toward(0.2), toward(0.1)])
    made = calibration(windows=1.0)
    only = SearchRequest(filters=made_filters(None, None, "/sounds/*", (), (), ()))
    assert answers(library, made)[0].confidence == pytest.approx(logistic(math.sqrt(math.log(5))))
    assert answers(library, made, request=only)[0].confidence == pytest.approx(logistic(math.sqrt(math.log(2))))


def test_moments_of_one_file_are_heard_apart(library):
    library.put("/sounds/a.wav", [toward(0.9), *[toward(0.0)] * 8, toward(0.7)])
    found = answers(library, calibration(moment=1.0), request=SearchRequest(moments=True))
    assert [hit.confidence for hit in found] == pytest.approx([logistic(0.9), logistic(0.7)], abs=TOLERANCE)


def test_without_a_calibration_or_hits_nothing_changes(library):
    assert answers(library, calibration()) == []
    library.put("/sounds/a.wav", [X])
    (hit,) = answers(library, None)
    assert (hit.confidence, hit.weak) == (None, False)
