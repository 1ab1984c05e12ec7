import itertools
import math

import numpy as np
import pytest

from hearken.search import engine
from hearken.search.moments import all_moments, best_moments
from hearken.search.query import SearchRequest
from hearken.search.scope import Query, scope_of
from hearken.search.scores import score
from tests.small_library import SmallLibrary, random_units

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))


def toward(cosine, rest=W):
    """A vector (D,) with this cosine to X."""
    return (cosine * X + math.sqrt(1 - cosine**2) * rest).astype(np.float32)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def items_of(library, make):
    query = Query(X)
    scope = scope_of(library.store, library.cache.snapshot(), query, SearchRequest(), None)
    return make(scope, score(scope, query, None))


def hits(library, **request):
    return engine.search(library.store, library.cache, Query(X), SearchRequest(**request))


def test_a_file_is_ranked_by_its_best_moment_never_by_a_context(library):
    library.put("/sounds/a.wav", [toward(0.0)] * 3, contexts=[toward(0.9)])
    library.put("/sounds/b.wav", [toward(0.5), toward(0.0), toward(0.0)], contexts=[toward(0.5)])
    found = items_of(library, best_moments)
    assert found.numbers.tolist() == [0, 1]
    assert found.scores.tolist() == pytest.approx([0.45, 0.5], abs=1e-3)
    assert [hit.path for hit in hits(library)] == ["/sounds/b.wav", "/sounds/a.wav"]


def test_windows_of_one_scale_keep_their_own_times(library):
    library.put("/sounds/a.wav", [toward(each) for each in (0.25, 0.75, 0.7, 0.25, 0.25)])
    span = items_of(library, best_moments).locate(0)
    assert (span.start_s, span.end_s) == (1, 3)
    span = items_of(library, all_moments).locate(0)
    assert (span.start_s, span.end_s) == (1, 4)


def test_a_hit_of_two_scales_tells_when_the_event_is(library):
    quiet, loud = toward(0.0), toward(0.8)
    library.put("/sounds/a.wav", [quiet] * 5 + [loud] * 3 + [quiet] * 4, contexts=[toward(0.3), toward(0.5)])
    hit = hits(library)[0]
    assert hit.score == pytest.approx(0.4 + 0.25, abs=1e-3)
    # the middles of what is loud are at 6 to 8 s; where a window is half in the event it begins, less the blur
    assert 5.0 < hit.start_s < 6.0
    assert 8.0 < hit.end_s < 9.0
    assert (hit.start_s, hit.end_s) != (5, 9)
    assert hit.duration_s == 13


def test_a_sound_without_contexts_beside_others_is_its_only_moment(library):
    library.put("/sounds/a.wav", [toward(0.5)])
    library.put("/sounds/b.wav", [toward(0.0)] * 4, contexts=[toward(0.0)])
    hit = hits(library)[0]
    assert (hit.path, hit.start_s, hit.end_s) == ("/sounds/a.wav", 0, 2)
    assert hit.score == pytest.approx(0.5, abs=1e-3)


def test_moments_of_one_file_are_apart_and_do_not_overlap(library):
    quiet, loud = toward(0.0), toward(0.9)
    library.put(
        "/sounds/a.wav",
        [quiet, loud, quiet, loud, quiet, quiet, quiet, quiet, loud, quiet, quiet, quiet],
        contexts=[toward(0.2), toward(0.2)],
    )
    found = hits(library, moments=True)
    assert [hit.path for hit in found] == ["/sounds/a.wav"] * 2
    first, second = sorted(found, key=lambda hit: hit.start_s)
    assert 1 < first.start_s < 2  # the first two are one event with a short pause
    assert 4 < first.end_s < 5
    assert 8 < second.start_s < 9
    assert 9 < second.end_s < 10
    assert found[0].score == found[1].score == pytest.approx(0.55, abs=1e-3)
    assert found[0].start_s < found[1].start_s  # of equal scores the earlier


def test_moments_never_overlap_whatever_the_scores_are(library):
    generator = np.random.default_rng(3)
    for index in range(6):
        library.store.apply([library.sound(f"/sounds/{index}.wav", random_units(generator, 30, 4), contexts=random_units(generator, 7, 4))])
    found = hits(library, moments=True, k=100)
    assert len(found) > len({hit.path for hit in found})
    spans = {}
    for hit in found:
        spans.setdefault(hit.path, []).append((hit.start_s, hit.end_s))
        assert 0 <= hit.start_s < hit.end_s <= hit.duration_s
    for of_one in spans.values():
        ordered = sorted(of_one)
        assert all(one[1] <= other[0] + 0.26 for one, other in itertools.pairwise(ordered))  # at least half a second each


def test_only_the_chosen_files_count_beside_a_graph(tmp_path):
    library = SmallLibrary(tmp_path / "large", dim=16, exact_max_windows=200)
    generator = np.random.default_rng(5)
    library.store.apply(
        [
            library.sound(f"/sounds/{index}.wav", random_units(generator, 5, 16), contexts=random_units(generator, 1, 16))
            for index in range(120)
        ]
    )
    library.refresh()
    snapshot = library.cache.snapshot()
    assert snapshot.graph is not None
    for seed in range(3):
        query = Query(random_units(np.random.default_rng(seed), 1, 16)[0])
        with_graph = engine.search(library.store, library.cache, query, SearchRequest(10))
        library.cache._current = snapshot.with_graph(None)
        exact = engine.search(library.store, library.cache, query, SearchRequest(10))
        library.cache._current = snapshot
        assert len({hit.path for hit in with_graph} & {hit.path for hit in exact}) >= 9
        scores = {hit.path: (hit.score, hit.start_s, hit.end_s) for hit in exact}
        assert all(scores[hit.path] == (hit.score, hit.start_s, hit.end_s) for hit in with_graph if hit.path in scores)
    library.close()
