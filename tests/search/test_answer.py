import numpy as np
import pytest

from hearken.errors import QueryError
from hearken.library.records import Filters
from hearken.search.answer import Parts, Wish, answer, understand, vector_of
from hearken.search.captions import CaptionCache
from hearken.search.query import SearchRequest
from hearken.types import Span
from tests.small_library import SmallLibrary, unit

EAST, NORTH, UP = unit(1, 0, 0, 0), unit(0, 1, 0, 0), unit(0, 0, 1, 0)


class Words:
    """Encodes texts by the vectors that a test gives their words."""

    name, digest, dim = "hand-made", "d" * 32, 4

    def encode_text(self, texts):
        known = {"east": EAST, "north": NORTH, "up": UP}
        return np.stack([known.get(text.split()[-1], unit(1, 1, 1, 1)) for text in texts])

    def encode_audio(self, sounds, sample_rate=None):
        raise AssertionError("nothing is decoded")


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    made.put("/s/one.wav", [EAST, EAST, NORTH, NORTH], contexts=[unit(1, 1, 0, 0)])
    made.put("/s/two.wav", [EAST])
    made.put("/s/three.wav", [NORTH])
    made.put("/s/four.wav", [UP])
    yield made
    made.close()


@pytest.fixture
def parts(library):
    return Parts(library.store, library.cache, CaptionCache(library.store), lambda: (Words(), None))


def names(found):
    return [record.path[3:-4] for record in found.records]


def test_a_text(parts):
    found = answer(parts, Wish("going east", as_typed=True), SearchRequest(2))
    assert set(names(found)) == {"one", "two"}
    assert found.understood[0].text == "going east"
    assert names(answer(parts, Wish("east", "north", as_typed=True), SearchRequest(1))) == ["two"]


def test_a_sound_of_the_library_whole_or_in_part(parts, library):
    whole, early, late = (vector_of(library.store, 1, span) for span in (None, Span(0.0, 1.5), Span(4.0, 5.0)))
    np.testing.assert_allclose(whole, unit(1, 1, 0, 0), atol=1e-3)
    np.testing.assert_allclose(early, EAST, atol=1e-3)
    np.testing.assert_allclose(late, NORTH, atol=1e-3)
    np.testing.assert_allclose(vector_of(library.store, 1, Span(90.0, 91.0)), NORTH, atol=1e-3)  # behind the end: the nearest
    assert names(answer(parts, Wish(like=1, span=Span(0.0, 1.0)), SearchRequest(1))) == ["two"]
    assert "one" not in names(answer(parts, Wish(like=1), SearchRequest(10)))
    assert names(answer(parts, Wish(like=1, not_text="east", as_typed=True), SearchRequest(1))) == ["three"]


def test_text_and_sound_together(parts):
    assert names(answer(parts, Wish("up", like=2, as_typed=True), SearchRequest(1))) == ["four"]
    both = answer(parts, Wish("north", like=2, as_typed=True), SearchRequest(3))
    assert names(both)[:2] == ["one", "three"] or names(both)[0] in {"one", "three"}
    assert "two" not in names(both)


def test_any_vector(parts):
    assert names(answer(parts, Wish(vector=UP), SearchRequest(1))) == ["four"]


def test_filters_and_chosen_files(parts):
    assert names(answer(parts, Wish(vector=EAST), SearchRequest(5, only=frozenset({4})))) == ["four"]
    assert names(answer(parts, Wish(vector=EAST), SearchRequest(5, filters=Filters(path_glob="t*.wav"), only=frozenset({1, 2})))) == ["two"]
    assert answer(parts, Wish(vector=EAST), SearchRequest(5, only=frozenset())).hits == []


def test_nothing_is_no_wish(parts):
    for nothing in ({}, {"not_text": "east"}):
        with pytest.raises(QueryError, match="Nothing is sought"):
            Wish(**nothing)
    with pytest.raises(QueryError, match="empty"):
        Wish("  ")
    with pytest.raises(QueryError, match="must be text"):
        Wish(3)
    with pytest.raises(QueryError, match="no sound with the id"):
        answer(parts, Wish(like=77), SearchRequest())


def test_words_of_the_library_are_no_typing_errors(parts, library):
    library.put("/s/kazoomba.wav", [UP])
    assert understand(parts.store, "a kazoomba").notes == ()
