"""Queries that tell what follows what, through the engine, on vectors written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.search import engine
from hearken.search.query import SearchRequest
from hearken.search.scope import Query
from hearken.types import Hit
from tests.small_library import SmallLibrary, unit

DOG, DOOR, QUIET, OTHER = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))
BOTH = unit(1, 1, 0, 0)
ROW = Query(BOTH, parts=np.stack([DOG, DOOR]))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[SmallLibrary]:
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def ask(library: SmallLibrary, query: Query = ROW, k: int = 10, *, moments: bool = False) -> list[Hit]:
    return engine.search(library.store, library.cache, query, SearchRequest(k, moments, fold=False))


def put_pairs(library: SmallLibrary) -> None:
    library.put("/sounds/a_reverse.wav", [DOOR, QUIET, QUIET, DOG, QUIET])
    library.put("/sounds/b_told.wav", [DOG, QUIET, QUIET, DOOR, QUIET])
    library.put("/sounds/c_dog.wav", [DOG, QUIET, QUIET, QUIET, QUIET])
    library.put("/sounds/d_none.wav", [QUIET, OTHER, QUIET, QUIET, QUIET])


def test_without_parts_the_reverse_is_as_good(library: SmallLibrary) -> None:
    put_pairs(library)
    reverse, told = ask(library, Query(BOTH))[:2]
    assert (reverse.path, told.path) == ("/sounds/a_reverse.wav", "/sounds/b_told.wav")
    assert reverse.score == told.score


def test_the_order_told_comes_first_and_has_its_times(library: SmallLibrary) -> None:
    put_pairs(library)
    hits = ask(library)
    assert hits[0].path == "/sounds/b_told.wav"
    assert (hits[0].start_s, hits[0].end_s) == (0.0, 5.0)
    by_path = {hit.path: hit.score for hit in hits}
    assert len(by_path) == 4
    assert by_path["/sounds/b_told.wav"] > by_path["/sounds/a_reverse.wav"] + 0.3
    assert by_path["/sounds/d_none.wav"] == min(by_path.values())


def test_parts_the_other_way_round_want_the_other_file(library: SmallLibrary) -> None:
    put_pairs(library)
    assert ask(library, Query(BOTH, parts=np.stack([DOOR, DOG])))[0].path == "/sounds/a_reverse.wav"


def test_every_occurrence_of_a_long_file(library: SmallLibrary) -> None:
    rows = [QUIET] * 60
    for start in (5, 35):
        rows[start], rows[start + 3] = DOG, DOOR
    library.put("/sounds/long.wav", rows)
    found = sorted((hit.start_s, hit.end_s) for hit in ask(library, moments=True))
    assert found == [(5.0, 10.0), (35.0, 40.0)]


def test_two_scales_and_contexts_that_are_no_answers(library: SmallLibrary) -> None:
    library.put("/sounds/told.wav", [DOG, DOG, QUIET, QUIET, DOOR, DOOR, QUIET, QUIET], contexts=[BOTH, BOTH])
    library.put("/sounds/reverse.wav", [DOOR, DOOR, QUIET, QUIET, DOG, DOG, QUIET, QUIET], contexts=[BOTH, BOTH])
    told, reverse = ask(library)
    assert told.path == "/sounds/told.wav"
    assert told.score > reverse.score
    assert 0.0 <= told.start_s <= 1.0
    assert 5.0 <= told.end_s <= 9.0


def test_what_is_not_wanted_counts_against_the_parts(library: SmallLibrary) -> None:
    library.put("/sounds/a_noisy.wav", [unit(1, 0, 0, 1), QUIET, unit(0, 1, 0, 1), QUIET])
    library.put("/sounds/b_clean.wav", [unit(1, 0, 0.8, 0), QUIET, unit(0, 1, 0.8, 0), QUIET])
    library.put("/sounds/c_none.wav", [QUIET] * 4)
    without = ask(library, Query(BOTH, against=OTHER, parts=np.stack([DOG, DOOR])))
    assert without[0].path == "/sounds/b_clean.wav"
    noisy, clean = ({hit.path: hit.score for hit in hits}["/sounds/a_noisy.wav"] for hits in (without, ask(library)))
    assert noisy < clean


def test_names_count_as_ever(library: SmallLibrary) -> None:
    put_pairs(library)
    plain = {hit.path: hit.score for hit in ask(library)}
    named = {hit.path: hit.score for hit in ask(library, Query(BOTH, words="none", parts=ROW.parts))}
    assert named["/sounds/d_none.wav"] == pytest.approx(plain["/sounds/d_none.wav"] + 0.3, abs=1e-5)
    assert named["/sounds/b_told.wav"] == plain["/sounds/b_told.wav"]


def test_files_shorter_than_the_order(library: SmallLibrary) -> None:
    library.put("/sounds/short.wav", [BOTH])
    (hit,) = ask(library)
    assert (hit.start_s, hit.end_s) == (0.0, 2.0)
    assert hit.score == pytest.approx(0.3 * 1 + 0.7 * np.sqrt(0.5), abs=1e-3)
    (hit,) = ask(library, moments=True)
    assert hit.path == "/sounds/short.wav"


def test_files_beyond_those_that_are_looked_at_come_behind(library: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    put_pairs(library)
    monkeypatch.setattr("hearken.search.ordered.MIN_FILES", 1)
    hits = engine.search(library.store, library.cache, ROW, SearchRequest(1, fold=False))
    assert hits[0].path == "/sounds/b_told.wav"
    for number in range(40):
        library.put(f"/sounds/more/{number:02d}.wav", [QUIET, OTHER])
    hits = ask(library, k=10)
    assert hits[0].path == "/sounds/b_told.wav"
    scores = [hit.score for hit in ask(library, k=5)]
    assert scores == sorted(scores, reverse=True)
