from dataclasses import replace

import pytest

from hearken.library.notebook import Notebook, SoundKey
from hearken.server.present import Presenter, show_text
from hearken.server.settings import Settings
from hearken.server.state import Models, Shelf
from tests.server.serving import FakeModel, make_library


@pytest.fixture
def shown(tmp_path):
    path = make_library(tmp_path, ("pets/dog.wav", "rain.wav"))
    shelf = Shelf(Settings((path,)), Models(FakeModel()))
    with shelf.get("small").borrow() as library:
        yield library, Presenter(shelf.get("small"), library)
    shelf.close()


def test_marks_of_the_notebook_are_shown(shown):
    library, presenter = shown
    record = library.parts().store.files()[0]
    with Notebook(library.path) as notebook:
        key = SoundKey(record.content_hash, record.path)
        notebook.put_note(key, "fine\nsound")
        notebook.add_item(1, key)
        notebook.put_labels(key, [("Dog", 0.9), ("Bark", 0.5)])
    (sound, other) = presenter.sounds(library.parts().store.files())
    assert (sound.noted, sound.collections, sound.labels) == (True, [1], ["Dog", "Bark"])
    assert (other.noted, other.collections, other.labels) == (False, [], [])
    assert presenter.sound(record).note == "fine\nsound"


def test_a_file_that_was_edited_in_place_keeps_its_marks(shown):
    library, presenter = shown
    record = library.parts().store.files()[0]
    with Notebook(library.path) as notebook:
        key = SoundKey("00" * 16, record.path)
        notebook.put_note(key, "mine")
        notebook.add_item(1, key)
    (sound, other) = presenter.sounds(library.parts().store.files())
    assert (sound.noted, sound.collections) == (True, [1])
    assert (other.noted, other.collections) == (False, [])
    assert presenter.sound(record).note == "mine"


def test_a_damaged_notebook_takes_no_sound_away(shown):
    library, presenter = shown
    (library.path / "notebook.sqlite").write_bytes(b"no database " * 500)
    sounds = presenter.sounds(library.parts().store.files())
    assert [(sound.noted, sound.labels) for sound in sounds] == [(False, [])] * 2
    assert presenter.sound(library.parts().store.files()[0]).note == ""


def test_duplicates_are_told_by_id(shown):
    library, presenter = shown
    hits, records = library.search("dog", k=2), library.parts().store.files()
    rain = next(record for record in records if record.path.endswith("rain.wav"))
    dog = next(record for record in records if record.path.endswith("dog.wav"))
    folded = replace(hits[0], duplicates=(rain.path, "/gone/x.wav"))
    (hit,) = presenter.hits([folded], [dog])
    assert [(copy.id, copy.name, copy.folder) for copy in hit.duplicates] == [(rain.id, "rain.wav", "Sounds")]


def test_foreign_text_keeps_its_lines_and_nothing_else():
    assert show_text("a\nb\x1b[31m\u202e") == "a\nb\\x1b[31m\\u202e"
