import pytest

from hearken.library.notebook import Notebook, SoundKey
from hearken.search.selection import marked_files
from tests.small_library import SmallLibrary, unit


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    for number, name in enumerate(("a", "b", "c")):
        made.put(f"/{name}.wav", [unit(1, number, 0, 0)], content=f"sound {name}")
    made.put("/copy of a.wav", [unit(1, 0, 0, 0)], content="copy")
    with Notebook(tmp_path / "lib") as notebook:
        keys = [SoundKey(record.content_hash, record.path) for record in made.store.files()]
        notebook.put_labels(keys[0], [("Dog", 0.9)])
        notebook.put_labels(keys[1], [("Dog", 0.5), ("Rain", 0.9)])
        notebook.add_item(1, keys[1])
        notebook.add_item(1, keys[2])
    yield made
    made.close()


def test_labels_and_collections_pick_out_files(library):
    store = library.store
    assert marked_files(store) is None
    assert marked_files(store, ["Dog"]) == {1, 2}
    assert marked_files(store, "Rain") == {2}
    assert marked_files(store, ["Rain", "Dog"]) == {1, 2}
    assert marked_files(store, collection=1) == {2, 3}
    assert marked_files(store, ["Dog"], 1) == {2}
    assert marked_files(store, ["None"]) == frozenset()
    assert marked_files(store, collection=99) == frozenset()


def test_files_that_were_edited_in_place_are_still_meant(library):
    store = library.store
    library.put("/b.wav", [unit(0, 0, 0, 1)], content="b, edited")
    assert marked_files(store, ["Rain"]) == {2}
    assert marked_files(store, collection=1) == {2, 3}
    assert marked_files(store, ["Dog"], 1) == {2}


def test_what_took_the_place_of_a_sound_that_moved_is_not_meant(library):
    store = library.store
    library.put("/moved/b.wav", [unit(1, 1, 0, 0)], content="sound b")
    library.put("/b.wav", [unit(0, 0, 0, 1)], content="another")
    assert {record.path for record in store.files(sorted(marked_files(store, ["Rain"])))} == {"/moved/b.wav"}
