import os

import pytest

from hearken.errors import QueryError
from hearken.library.records import Filters
from hearken.search import browse
from hearken.search.library import Library
from tests.fakes import FakeEmbedder


@pytest.fixture
def library(tmp_path):
    sounds = tmp_path / "Sounds"
    for index, name in enumerate(["pets/dog.wav", "pets/small/dog two.wav", "rain.flac", "siren.wav"]):
        (sounds / name).parent.mkdir(parents=True, exist_ok=True)
        (sounds / name).write_bytes(bytes([index]) * (900 - 100 * index))
    with Library(tmp_path / "lib", FakeEmbedder()) as made:
        made.index(sounds, jobs=1)
        yield made


def ids(library):
    return {os.path.basename(record.path): record.id for record in library.parts().store.files()}


def test_what_is_like_a_sound_of_the_library(library):
    known = ids(library)
    answer = browse.similar_to(library, known["dog.wav"], k=2)
    assert os.path.basename(answer.hits[0].path) == "dog two.wav"
    assert [record.path for record in answer.records] == [hit.path for hit in answer.hits]
    assert known["dog.wav"] not in [record.id for record in answer.records]
    part = browse.similar_to(library, known["dog.wav"], 2.0, 4.0, filters=Filters(containers=("flac",)))
    assert [os.path.basename(hit.path) for hit in part.hits] == ["rain.flac"]


@pytest.mark.parametrize("span", [(1.0, None), (None, 1.0), (2.0, 2.0), (3.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0)])
def test_stretches_that_make_no_sense(library, span):
    with pytest.raises(QueryError, match="stretch"):
        browse.similar_to(library, 1, *span)


def test_a_sound_that_is_not_there(library):
    with pytest.raises(QueryError, match="no sound with the id 99"):
        browse.similar_to(library, 99)


def test_sounds_in_an_order(library):
    total, records = browse.sounds(library, order="duration", limit=2)
    assert (total, [os.path.basename(record.path) for record in records]) == (4, ["siren.wav", "rain.flac"])
    total, records = browse.sounds(library, Filters(path_glob="pets"), offset=1)
    assert (total, [os.path.basename(record.path) for record in records]) == (2, ["dog two.wav"])
    assert browse.sounds(library, only=frozenset()) == (0, [])


def test_folders_count_what_is_below(library):
    assert [(each.path, each.name, each.depth, each.num_files) for each in browse.folders(library)] == [
        ("Sounds", "Sounds", 0, 4),
        ("Sounds/pets", "pets", 1, 2),
        ("Sounds/pets/small", "small", 2, 1),
    ]


@pytest.mark.parametrize(
    ("path", "root", "folder"),
    [
        ("/a/b/c.wav", "/a", "a/b"),
        ("/a/b/c.wav", "/a/b", "b"),
        ("/a/b/c.wav", "/", "a/b"),
        ("/c.wav", "/", ""),
        ("/a/c.wav", "/a/c.wav", ""),
        ("/ab/c.wav", "/a", ""),
        ("/a/b\x1b/c.wav", "/a", "a/b\\x1b"),
    ],
)
def test_folders_are_told_from_their_root_on(path, root, folder):
    assert browse.folder_of(path, [root, "/elsewhere"]) == folder


def test_the_nearest_root_counts():
    assert browse.root_of("/a/b/c.wav", ["/a", "/a/b", "/"]) == "/a/b"
    assert browse.root_of("/x", ["/a"]) is None
