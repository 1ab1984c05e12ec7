import math

import numpy as np
import pytest

from hearken.search.query import SearchRequest
from hearken.search.scope import Query, scope_of
from hearken.search.scores import blended, rounded, score, spread
from tests.small_library import SmallLibrary, random_units

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))
TOLERANCE = 1e-3


def toward(score, rest=W):
    """A vector (D,) with this cosine to X."""
    return (score * X + math.sqrt(1 - score**2) * rest).astype(np.float32)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def scored(library, query=None, num_files=None):
    query = Query(X) if query is None else query
    return score(scope_of(library.store, library.cache.snapshot(), query, SearchRequest(), None), query, num_files)


def test_a_moment_counts_half_and_the_best_context_around_it_half(library):
    moments = [toward(each) for each in (0.0, 0.25, 0.5, 0.75, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0)]  # middles at 1 to 11 s
    library.put("/sounds/a.wav", moments, contexts=[toward(0.5), toward(0.25)])  # 0 to 8 s, 4 to 12 s
    found = scored(library)
    # to 8 s the first context is the better one; behind it the second alone holds the middle
    expected = [0.25, 0.375, 0.5, 0.625, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, -np.inf, -np.inf]
    assert found.scores.tolist() == pytest.approx(expected, abs=TOLERANCE)
    assert found.own[[3, 11, 12]].tolist() == pytest.approx([0.75, 0.5, 0.25], abs=TOLERANCE)


def test_windows_of_one_scale_keep_their_cosines(library):
    library.put("/sounds/a.wav", [toward(0.5), toward(0.25)])
    found = scored(library)
    assert found.scores.tolist() == pytest.approx([0.5, 0.25], abs=TOLERANCE)
    assert found.scores.tolist() == found.own.tolist()
    library.put("/sounds/b.wav", [toward(0.0), toward(0.5)], contexts=[toward(0.25)])
    assert scored(library).scores.tolist() == pytest.approx([0.5, 0.25, 0.125, 0.375, -np.inf], abs=TOLERANCE)


def test_some_files_get_the_scores_that_all_of_them_get(library):
    generator = np.random.default_rng(0)
    sounds = [
        library.sound(f"/sounds/{index}.wav", random_units(generator, 1 + 2 * index, 4), contexts=random_units(generator, min(index, 3), 4))
        for index in range(8)
    ]
    library.store.apply(sounds)
    snapshot = library.cache.snapshot()
    every = blended(snapshot, snapshot.scores(np.stack([X, Y])), None)
    for chosen in ([1], [0, 7], [2, 3, 6]):
        rows = snapshot.rows_of(np.isin(np.arange(8), chosen))
        np.testing.assert_array_equal(blended(snapshot, snapshot.scores(np.stack([X, Y]), rows), rows), every[:, rows])


def test_what_is_not_wanted_is_weighed_at_both_scales(library):
    library.put("/sounds/a.wav", [toward(0.5), (0.5 * X + 0.5 * Y + math.sqrt(0.5) * W).astype(np.float32)], contexts=[toward(0.5)])
    library.put("/sounds/b.wav", [toward(0.0), toward(0.0)], contexts=[toward(0.0)])
    found = scored(library, Query(X, against=Y))
    # beside Y the second moment has 0.5, its context 0, together 0.25; what is usual among moments is 0
    assert found.scores.tolist() == pytest.approx([0.5, 0.25, -np.inf, 0.0, 0.0, -np.inf], abs=TOLERANCE)
    assert found.own.tolist() == pytest.approx([0.5, 0.0, 0.5, 0.0, 0.0, 0.0], abs=TOLERANCE)


def test_places_and_rows_of_files(library):
    library.put("/sounds/a.wav", [X, Y])
    library.put("/sounds/b.wav", [X, Y, Z], contexts=[X])
    found = scored(library)
    assert [found.places(item) for item in (0, 1)] == [slice(0, 2), slice(2, 6)]
    assert found.rows_at(np.array([2, 3])).tolist() == [2, 3]
    few = found._replace(rows=np.array([7, 9, 11]))
    assert few.rows_at(np.array([0, 2])).tolist() == [7, 11]


def test_values_of_files_spread_over_their_rows():
    assert spread(np.array([5, 7]), np.array([0, 2]), 5).tolist() == [5, 5, 7, 7, 7]


def test_scores_are_compared_to_six_decimals_and_at_most_one():
    assert rounded(np.array([1.0004, 0.12345678, -np.inf], np.float32)).tolist() == [1.0, 0.123457, -np.inf]
