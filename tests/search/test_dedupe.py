"""Groups of the same sound: exact copies, other formats, links, parts; which one is kept; and what stays apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearken.errors import QueryError
from hearken.library.records import FileRecord
from hearken.search.dedupe import find_groups, quality, sounds_of
from tests.small_library import SmallLibrary, random_units

RECORD = FileRecord(1, "/a.wav", 1000, 1, "00", 5.0, 44_100, 1, "wav", "pcm_s16le", frozenset(), {}, 1)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path, dim=64)
    yield made
    made.close()


def near(vectors: np.ndarray, seed: int, cosine: float) -> np.ndarray:
    """Unit vectors (N, D) at this cosine to others."""
    away = random_units(np.random.default_rng(seed), len(vectors), vectors.shape[1])
    away -= (away * vectors).sum(axis=1, keepdims=True) * vectors
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return (cosine * vectors + np.sqrt(1 - cosine**2) * away).astype(np.float32)


def groups(library: SmallLibrary, places=None, **options) -> list[tuple[str, list[tuple[str, str]]]]:
    found = find_groups(sounds_of(library.store, library.cache), places or {}, **options)
    return [(group.kept.path, [(extra.record.path, extra.kind) for extra in group.extras]) for group in found]


def test_copies_and_other_formats(library) -> None:
    one, two, three = (random_units(np.random.default_rng(seed), 4, 64) for seed in (1, 2, 3))
    library.put("/s/rain.wav", one, content="r")
    library.put("/s/longer/rain.wav", one, content="r")
    library.put("/s/mp3/rain.mp3", near(one, 9, 0.9965))
    library.put("/s/other.flac", near(two, 9, 0.99999))
    library.put("/s/b.wav", two)
    library.put("/s/third.wav", three)
    library.put("/s/like third.wav", near(three, 9, 0.9965))
    assert groups(library) == [
        ("/s/rain.wav", [("/s/longer/rain.wav", "copy"), ("/s/mp3/rain.mp3", "same")]),
        ("/s/b.wav", [("/s/other.flac", "same")]),
    ]
    assert len(groups(library, min_similarity=0.99)) == 3, "less is asked of all names"


def test_lengths_and_silence_keep_apart(library) -> None:
    same = random_units(np.random.default_rng(1), 3, 64)
    library.put("/s/a.wav", same, duration_s=10.0)
    library.put("/s/a.mp3", same, duration_s=10.5, content="x")
    library.put("/s/quiet1.wav", same, flags=["silent"], duration_s=4.0)
    library.put("/s/quiet2.wav", same, flags=["silent"], duration_s=4.0, content="y")
    assert groups(library) == []


def test_links_save_nothing(library) -> None:
    same = random_units(np.random.default_rng(1), 3, 64)
    for name in ("a", "b", "copy"):
        library.put(f"/s/{name}.wav", same, content="r")
    places = {"/s/a.wav": (1, 7), "/s/b.wav": (1, 7), "/s/copy.wav": (1, 8)}
    (group,) = find_groups(sounds_of(library.store, library.cache), places)
    assert [(extra.record.path, extra.kind) for extra in group.extras] == [("/s/b.wav", "link"), ("/s/copy.wav", "copy")]
    assert group.bytes_of("copy", "same", "link") == 1000


def test_what_was_heard_counts(library) -> None:
    vectors = random_units(np.random.default_rng(3), 5, 64)
    for number, (name, length) in enumerate((("a", 30.0), ("b", 30.1), ("cut", 10.0), ("cut too", 10.0), ("far", 30.0))):
        library.put(f"/s/{name}.wav", vectors[number : number + 1], duration_s=length)
    sounds = sounds_of(library.store, library.cache)
    number = {own[0].path[3:-4]: place for place, own in enumerate(sounds.files)}
    same = {(number["a"], number["b"]): 0.7, (number["cut"], number["cut too"]): 0.9}
    parts = {(number["a"], number["cut"]): 0.5}
    found = groups(library, same=same, parts=parts)
    assert found == [("/s/b.wav", [("/s/a.wav", "same"), ("/s/cut.wav", "part"), ("/s/cut too.wav", "part")])]


def test_the_best_is_kept() -> None:
    better = [
        RECORD,
        replace(RECORD, path="/longer path.wav"),
        replace(RECORD, size=900),
        replace(RECORD, duration_s=4.0),
        replace(RECORD, num_channels=1, rate_hz=22_050),
        replace(RECORD, codec="mp3", rate_hz=48_000),
    ]
    shuffled = better[::-1]
    assert sorted(shuffled, key=quality) == better
    assert quality(replace(RECORD, codec="flac"))[0] is False
    assert quality(replace(RECORD, num_channels=2)) < quality(RECORD)


@pytest.mark.parametrize("similarity", [0.5, 1.1, float("nan")])
def test_similarities_that_make_no_sense(library, similarity) -> None:
    library.put("/s/a.wav", random_units(np.random.default_rng(1), 1, 64))
    with pytest.raises(QueryError, match="similarity"):
        groups(library, min_similarity=similarity)
