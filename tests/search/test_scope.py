import numpy as np
import pytest

from hearken.library.records import Filters
from hearken.search import scope as scope_
from hearken.search.query import SearchRequest
from hearken.search.scope import FULL_NAME_WEIGHT, NAME_WEIGHT, Query, named_files, scope_of
from tests.small_library import SmallLibrary

X = np.eye(4, dtype=np.float32)[0]


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    for name in ("glass break", "glass", "rain"):
        made.put(f"/sounds/{name}.wav", [X, X])
    yield made
    made.close()


def scope(library, request=None, **query):
    return scope_of(library.store, library.cache.snapshot(), Query(X, **query), request or SearchRequest(), None)


def test_every_living_file_is_wanted_but_for_filters_and_the_one_left_out(library):
    assert scope(library).wanted.tolist() == [True, True, True]
    assert scope(library, SearchRequest(filters=Filters(path_glob="*glass*"))).wanted.tolist() == [True, True, False]
    assert scope(library, leave_out=library.store.find("/sounds/glass.wav")).wanted.tolist() == [True, False, True]
    library.remove("/sounds/rain.wav")
    assert scope(library).wanted.sum() == 2


def test_words_in_names_earn_a_bonus(library):
    asked = scope(library, words="glass breaking")
    assert asked.bonus.tolist() == pytest.approx([FULL_NAME_WEIGHT, NAME_WEIGHT / 2, 0])
    assert asked.total is asked.bonus
    assert scope(library, words="glass breaking", not_words="glass").bonus.tolist() == pytest.approx([NAME_WEIGHT / 2, 0, 0])


def test_files_that_hold_most_words_are_candidates_as_long_as_they_are_few(library, monkeypatch):
    asked = scope(library, words="glass breaking")
    assert named_files(asked).tolist() == [True, True, False]
    monkeypatch.setattr(scope_, "MAX_NAMED_ROWS", 3)
    assert named_files(asked).tolist() == [True, False, False]
    monkeypatch.setattr(scope_, "MAX_NAMED_ROWS", 1)
    assert not named_files(asked).any()
