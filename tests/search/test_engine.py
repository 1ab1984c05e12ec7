import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.library.records import Filters, MachineCaption, PutCaptions
from hearken.search import captions, engine, moments, scope, scores
from hearken.search.captions import CaptionCache
from hearken.search.engine import Query, search
from hearken.search.query import SearchRequest
from hearken.search.scope import FULL_NAME_WEIGHT, NAME_WEIGHT
from tests.small_library import SmallLibrary, random_units, unit

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))


def toward(score, rest=W):
    """A vector (D,) with this cosine to X."""
    return (score * X + math.sqrt(1 - score**2) * rest).astype(np.float32)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def find(library, query=X, k=10, *, words="", against=None, leave_out=None, **request):
    return search(library.store, library.cache, Query(query, against, words, leave_out), SearchRequest(k, **request))


def paths(hits):
    return [hit.path for hit in hits]


def test_an_empty_library_has_no_hits(library):
    assert find(library) == []
    assert find(library, moments=True, words="rain", against=Y) == []


def test_one_hit_for_each_file_at_its_best_moment(library):
    library.put("/sounds/a.wav", [toward(0.25), toward(0.75), toward(0.5)])
    library.put("/sounds/b.wav", [toward(0.625)])
    hits = find(library)
    assert [(hit.path, hit.start_s, hit.end_s, hit.duration_s) for hit in hits] == [("/sounds/a.wav", 1, 3, 4), ("/sounds/b.wav", 0, 2, 2)]
    assert [hit.score for hit in hits] == pytest.approx([0.75, 0.625], abs=1e-5)
    assert all(type(hit.score) is float and hit.duplicates == () for hit in hits)


def test_the_earliest_of_equal_moments_is_the_best(library):
    library.put("/sounds/a.wav", [Y, X, X, X])
    assert [(hit.start_s, hit.score) for hit in find(library)] == [(1, 1)]


def test_equal_scores_are_ordered_by_path(library):
    for name in ("c", "a", "d", "b"):
        library.put(f"/sounds/{name}.wav", [Y], duration_s=ord(name))
    assert paths(find(library, fold=False)) == [f"/sounds/{name}.wav" for name in "abcd"]
    assert paths(find(library, k=2)) == ["/sounds/a.wav", "/sounds/b.wav"]


def test_k_cuts_and_may_exceed_what_there_is(library):
    for index in range(5):
        library.put(f"/sounds/{index}.wav", [toward(index / 8)])
    assert paths(find(library, k=2)) == ["/sounds/4.wav", "/sounds/3.wav"]
    assert len(find(library, k=10_000)) == 5


def test_removed_files_are_no_hits(library):
    library.put("/sounds/a.wav", [X])
    library.put("/sounds/b.wav", [toward(0.5)])
    find(library)
    library.remove("/sounds/a.wav")
    assert paths(find(library)) == ["/sounds/b.wav"]


def test_filters_decide_before_the_ranking(library):
    library.put("/sounds/a.wav", [X], duration_s=2)
    library.put("/sounds/deep/b.flac", [toward(0.5)], duration_s=30)
    assert paths(find(library, k=1, filters=Filters(min_duration_s=10))) == ["/sounds/deep/b.flac"]
    assert paths(find(library, filters=Filters(path_glob="*/deep/*"))) == ["/sounds/deep/b.flac"]
    assert paths(find(library, filters=Filters(containers=("WAV",)))) == ["/sounds/a.wav"]
    assert find(library, filters=Filters(min_duration_s=99)) == []


def test_a_file_can_be_left_out(library):
    first = library.put("/sounds/a.wav", [X])
    library.put("/sounds/b.wav", [toward(0.5)])
    assert paths(find(library, leave_out=first)) == ["/sounds/b.wav"]


def test_words_in_names_add_a_little(library):
    library.put("/sounds/take 1.wav", [toward(0.5)])
    library.put("/sounds/glass_break_03.wav", [toward(0.4375, Z)])
    assert paths(find(library)) == ["/sounds/take 1.wav", "/sounds/glass_break_03.wav"]
    hits = find(library, words="glass breaking")
    assert paths(hits) == ["/sounds/glass_break_03.wav", "/sounds/take 1.wav"]
    assert [hit.score for hit in hits] == pytest.approx([0.4375 + FULL_NAME_WEIGHT, 0.5], abs=1e-5)
    half = find(library, words="glass falling")
    assert half[1].score == pytest.approx(0.4375 + NAME_WEIGHT / 2, abs=1e-5)


def test_names_do_not_outweigh_a_clear_sound(library):
    library.put("/sounds/rain.wav", [toward(0.1)])
    library.put("/sounds/other.wav", [toward(0.45)])
    assert paths(find(library, words="rain")) == ["/sounds/other.wav", "/sounds/rain.wav"]


def test_words_of_what_is_not_wanted_lift_nothing(library):
    library.put("/sounds/dog barking.wav", [toward(0.25)])

    def score(words, not_words):
        return search(library.store, library.cache, Query(X, None, words, not_words=not_words), SearchRequest(1))[0].score

    assert score("dog", "") == pytest.approx(0.25 + FULL_NAME_WEIGHT, abs=1e-3)
    assert score("dog", "a Dog") == pytest.approx(0.25, abs=1e-3)
    assert score("dog barking", "dog") == pytest.approx(0.25 + NAME_WEIGHT / 2, abs=1e-3)


def test_a_file_is_found_by_its_suffix(library):
    library.put("/sounds/a.M4A", [X])
    sound = library.sound("/sounds/b.AIF", [Y])
    info = dataclasses.replace(sound.embedded.info, container="aiff")
    replace = dataclasses.replace
    library.store.apply([replace(sound, embedded=replace(sound.embedded, info=info))])
    for name in ("aif", ".AIF", "aiff"):
        assert paths(find(library, filters=Filters(containers=(name,)))) == ["/sounds/b.AIF"]
    assert paths(find(library, filters=Filters(containers=("m4a",)))) == ["/sounds/a.M4A"]


def test_not_pushes_down_what_it_describes_and_little_else(library):
    music, street = (0.5 * X + 0.6 * Y + math.sqrt(1 - 0.61) * W).astype(np.float32), toward(0.46875)
    library.put("/sounds/music.wav", [music])
    library.put("/sounds/street.wav", [street])
    for index in range(5):
        library.put(f"/sounds/{index}.wav", [toward(index / 32)], duration_s=10 + index)
    assert paths(find(library))[:2] == ["/sounds/music.wav", "/sounds/street.wav"]
    hits = {hit.path: hit.score for hit in find(library, against=Y)}
    assert hits["/sounds/street.wav"] == pytest.approx(0.46875, abs=1e-3)
    assert hits["/sounds/music.wav"] == pytest.approx(0.5 - 0.6, abs=2e-3)  # the median window has no Y in it
    unrelated = {hit.path: hit.score for hit in find(library, against=Z)}
    assert unrelated == pytest.approx({hit.path: hit.score for hit in find(library)}, abs=1e-5)


def test_not_changes_nothing_when_all_is_alike_and_never_lifts_a_score(library):
    library.put("/sounds/a.wav", [(0.5 * X + 0.5 * Y + math.sqrt(0.5) * W).astype(np.float32)])
    library.put("/sounds/b.wav", [(0.25 * X + 0.5 * Y + math.sqrt(1 - 0.3125) * W).astype(np.float32)])
    library.put("/sounds/c.wav", [(0.125 * X - 0.5 * Y + math.sqrt(1 - 0.265625) * W).astype(np.float32)])
    scores = [hit.score for hit in find(library, against=Y)]
    assert scores == pytest.approx([0.5, 0.25, 0.125], abs=1e-3)


def test_moments_join_adjoining_windows_and_keep_others_apart(library):
    library.put("/sounds/a.wav", [toward(score) for score in (0.0, 0.9, 0.8, 0.0, 0.0, 0.0, 0.85, 0.0)])
    library.put("/sounds/b.wav", [toward(score) for score in (0.0, 0.0, 0.0, 0.0, 0.1)])
    hits = find(library, moments=True)
    assert [(hit.path, hit.start_s, hit.end_s) for hit in hits] == [("/sounds/a.wav", 1, 4), ("/sounds/a.wav", 6, 8)]
    assert [hit.score for hit in hits] == pytest.approx([0.9, 0.85], abs=1e-3)
    assert len(find(library, moments=True, k=1)) == 1


def test_moments_of_one_window_and_of_equal_ones(library):
    library.put("/sounds/a.wav", [Y])
    assert [(hit.start_s, hit.end_s) for hit in find(library, moments=True)] == [(0, 2)]
    library.put("/sounds/b.wav", [Y, Y, Y], duration_s=4)
    assert [(hit.path, hit.end_s) for hit in find(library, moments=True)] == [("/sounds/a.wav", 2), ("/sounds/b.wav", 4)]


def test_moments_obey_filters_and_names(library):
    library.put("/sounds/rain.wav", [toward(0.5), toward(0.0)], duration_s=3)
    library.put("/sounds/b.flac", [toward(0.5), toward(0.0)], duration_s=5)
    assert paths(find(library, moments=True, filters=Filters(containers=("flac",)))) == ["/sounds/b.flac"]
    assert find(library, moments=True, words="rain")[0].path == "/sounds/rain.wav"


def test_copies_fold_under_the_best_hit(library):
    library.put("/sounds/a.wav", [X], content="same")
    library.put("/sounds/copy.wav", [X], content="same")
    library.put("/sounds/mp3/a.mp3", [toward(0.9995)])
    library.put("/sounds/other.wav", [toward(0.9995)])
    hits = find(library)
    assert [(hit.path, hit.duplicates) for hit in hits] == [
        ("/sounds/a.wav", ("/sounds/copy.wav", "/sounds/mp3/a.mp3")),
        ("/sounds/other.wav", ()),
    ]
    assert len(find(library, fold=False)) == 4
    for index in range(4):
        library.put(f"/sounds/{index}.wav", [toward(index / 32)], duration_s=10 + index)
    folded = find(library, moments=True)
    assert folded[0].duplicates == ("/sounds/copy.wav", "/sounds/mp3/a.mp3")


def test_folding_looks_further_until_there_are_enough_hits(library):
    for index in range(150):
        library.put(f"/sounds/{index:03}.wav", [X], content="same")
    library.put("/sounds/other.wav", [toward(0.25)])
    hits = find(library, k=2)
    assert paths(hits) == ["/sounds/000.wav", "/sounds/other.wav"]
    assert len(hits[0].duplicates) == 149


def test_strange_paths_come_through(library):
    strange = "/sounds/caf\udce9\n\u202e<img>.wav"
    library.put(strange, [X])
    assert paths(find(library)) == [strange]


def test_a_query_that_is_not_finite_is_refused(library):
    library.put("/sounds/a.wav", [X])
    with pytest.raises(InputError, match="not finite"):
        find(library, np.array([np.nan, 0, 0, 0], np.float32))


def say(library, **captions):
    """Give files by their stem a machine-made caption, which is as near to X as its number says."""
    ids = {record.path.rpartition("/")[2].partition(".")[0]: record.id for record in library.store.files()}
    versions = library.store.file_versions()
    made = tuple(MachineCaption(versions[ids[name]], text, 0.0, toward(near).astype(np.float16)) for name, (text, near) in captions.items())
    library.store.apply([PutCaptions("parrot", "c1", made)])


def find_captioned(library, words="", k=10, **request):
    query = Query(X, None, "", not_words=request.pop("not_words", ""), caption_words=words)
    return search(library.store, library.cache, query, SearchRequest(k, **request), CaptionCache(library.store))


def test_captions_break_ties_by_words_and_by_meaning(library):
    for name in ("a", "b", "c", "d"):
        library.put(f"/sounds/{name}.wav", [toward(0.5)], duration_s=ord(name))
    say(library, b=("A dog barks.", 0.0), c=("A hound.", 0.5), d=("A dog.", 0.0))
    hits = find_captioned(library, "a barking dog", fold=False)
    words, meaning = captions.WORDS_WEIGHT, captions.MEANING_WEIGHT
    score = {"b": 0.5 + words, "d": 0.5 + words / 2, "c": 0.5 + 0.5 * meaning, "a": 0.5}  # the median caption is as near as 0
    assert {hit.path[8]: hit.score for hit in hits} == pytest.approx(score, abs=1e-5)
    assert [(hit.path[8], hit.machine_caption) for hit in hits if hit.machine_caption] == [
        ("b", "A dog barks."), *[(name, text) for name, text in (("c", "A hound."), ("d", "A dog."))]
    ]  # fmt: skip
    assert {hit.path[8]: hit.score for hit in find(library, words="a barking dog", fold=False)} == pytest.approx(
        dict.fromkeys("abcd", 0.5), abs=1e-5
    )
    assert not any(hit.machine_caption for hit in find(library))


def test_captions_are_shown_even_where_they_do_not_count(library):
    for name, duration_s in (("a", 1), ("b", 2)):
        library.put(f"/sounds/{name}.wav", [toward(0.5)], duration_s=duration_s)
    say(library, a=("A dog.", 1.0), b=("Rain.", 0.0))
    half = pytest.approx(0.5, abs=1e-5)
    assert [(hit.score, hit.machine_caption) for hit in find_captioned(library, fold=False)] == [(half, "A dog."), (half, "Rain.")]


def test_words_of_what_is_not_wanted_lift_no_caption(library):
    library.put("/sounds/a.wav", [toward(0.5)])
    say(library, a=("A dog barks.", 0.0))
    assert find_captioned(library, "dog barking", not_words="dogs dog")[0].score == pytest.approx(0.5 + captions.WORDS_WEIGHT / 2, abs=1e-5)
    assert find_captioned(library, "dog", not_words="dog")[0].score == pytest.approx(0.5, abs=1e-5)


def test_copies_and_moments_share_the_caption_of_their_sound(library):
    library.put("/sounds/a.wav", [X, Y, Y, X], content="same")
    library.put("/sounds/copy.wav", [X, Y, Y, X], content="same")
    say(library, a=("A dog.", 0.0))
    assert [hit.machine_caption for hit in find_captioned(library, "dog", fold=False)] == ["A dog."] * 2
    assert [hit.score for hit in find_captioned(library, "dog", moments=True)] == pytest.approx([1 + captions.WORDS_WEIGHT] * 2, abs=1e-3)


def test_captions_count_beside_a_graph_too(large):
    query = random_units(np.random.default_rng(0), 1, 16)[0]
    first, second = find(large, query, k=2)
    version = large.store.file_versions()[large.store.find(second.path)]
    made = MachineCaption(version, "zither", 0.0, np.zeros(16, np.float16))
    large.store.apply([PutCaptions("parrot", "c1", (made,))])
    asked = Query(query, caption_words="zither")
    hits = search(large.store, large.cache, asked, SearchRequest(400), CaptionCache(large.store))
    scores = {hit.path: hit.score for hit in hits}
    assert scores[second.path] == pytest.approx(second.score + captions.WORDS_WEIGHT, abs=2e-6)
    assert scores[first.path] == pytest.approx(first.score, abs=2e-6)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_ranking_equals_the_naive_one(tmp_path_factory, data):
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    counts = data.draw(st.lists(st.integers(1, 4), max_size=12))
    k = data.draw(st.integers(1, 15))
    library = SmallLibrary(tmp_path_factory.mktemp("naive") / "lib")
    try:
        library.put_many({f"/sounds/{index}.wav": random_units(generator, count, 4) for index, count in enumerate(counts)})
        query = random_units(generator, 1, 4)[0]
        best = {file_id: (max(scores), scores.index(max(scores))) for file_id, scores in library.truth(query).items()}
        names = {record.id: record.path for record in library.store.files()}
        expected = sorted(((names[file_id], score, float(place)) for file_id, (score, place) in best.items()), key=lambda item: -item[1])[
            :k
        ]
        found = [(hit.path, hit.score, hit.start_s) for hit in find(library, query, k, fold=False)]
        assert [item[0] for item in found] == [item[0] for item in expected]
        assert [item[1] for item in found] == pytest.approx([item[1] for item in expected], abs=2e-6)
        assert [item[2] for item in found] == [item[2] for item in expected]
    finally:
        library.close()


@pytest.fixture
def large(tmp_path):
    library = SmallLibrary(tmp_path / "large", dim=16, exact_max_windows=500)
    generator = np.random.default_rng(5)
    library.put_many({f"/sounds/{index}.wav": random_units(generator, 4, 16) for index in range(400)})
    library.refresh()
    assert library.cache.snapshot().graph is not None
    yield library
    library.close()


def compare(large, query, **request):
    """The hits with and without the graph."""
    with_graph = find(large, query, **request)
    snapshot = large.cache.snapshot()
    large.cache._current = snapshot.with_graph(None)
    try:
        return with_graph, find(large, query, **request)
    finally:
        large.cache._current = snapshot


@pytest.mark.parametrize(
    "request_",
    [{}, {"k": 1}, {"k": 200}, {"k": 400}, {"fold": False}, {"moments": True}, {"words": "7"}, {"filters": Filters(path_glob="*/1*.wav")}, {"filters": Filters(path_glob="*/7.wav")}],
)  # fmt: skip
def test_the_graph_gives_the_hits_of_exact_search(large, request_):
    for seed in range(5):
        with_graph, exact = compare(large, random_units(np.random.default_rng(seed), 1, 16)[0], **request_)
        assert len(with_graph) == len(exact) > 0
        assert len({hit.path for hit in with_graph} & {hit.path for hit in exact}) >= 0.99 * len({hit.path for hit in exact})


def test_a_file_is_found_by_name_alone_beside_the_graph(large):
    query = random_units(np.random.default_rng(0), 1, 16)[0]
    large.put("/sounds/zither.wav", -query[None])
    large.refresh()
    assert "/sounds/zither.wav" not in paths(find(large, query, k=100))
    last = find(large, query, k=401, words="zither")
    assert last[-1].path == "/sounds/zither.wav"
    assert last[-1].score == pytest.approx(-1 + FULL_NAME_WEIGHT, abs=1e-3)


def test_a_word_that_too_many_files_hold_does_not_make_the_search_exact(large, monkeypatch):
    query = random_units(np.random.default_rng(0), 1, 16)[0]
    large.put("/sounds/rare zither.wav", -query[None])
    large.put_many({f"/sounds/zither {index}.wav": random_units(np.random.default_rng(1000 + index), 1, 16) for index in range(120)})
    large.refresh()
    monkeypatch.setattr(scope, "MAX_NAMED_ROWS", 30)
    scored = []
    real = engine.best_moments
    monkeypatch.setattr(engine, "best_moments", lambda scope, scores: (scored.append(scores), real(scope, scores))[1])
    find(large, query, k=1, words="rare zither")
    names = {record.path for record in large.store.files(large.cache.snapshot().file_ids[scored[0].numbers].tolist())}
    assert "/sounds/rare zither.wav" in names
    assert sum("zither" in name for name in names) < 60  # the graph itself finds some


def test_not_works_on_everything_also_beside_a_graph(large):
    query, against = random_units(np.random.default_rng(1), 2, 16)
    with_graph, exact = compare(large, query, against=against)
    assert with_graph == exact


def test_constants_that_the_documentation_tells():
    assert (scope.NAME_WEIGHT, scope.FULL_NAME_WEIGHT, moments.MOMENT_LEVEL, scores.MOMENT_SHARE) == (0.10, 0.30, 0.6, 0.5)
    assert unit(3, 4).tolist() == pytest.approx([0.6, 0.8])
