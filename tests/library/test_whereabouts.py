from __future__ import annotations

from hearken.library.notebook import Notebook
from hearken.library.notebook_records import SoundKey
from hearken.library.records import RemoveFile
from hearken.library.store import SqliteStore
from hearken.library.whereabouts import all_files, bounds_in, contents_here, find_files, marks_of
from hearken.types import Span
from tests.fakes import put_sound


def keys_of(store: SqliteStore) -> dict[str, SoundKey]:
    return {record.path: SoundKey(record.content_hash, record.path) for record in store.files()}


def test_sounds_are_found_by_content_then_by_path(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/b.wav", b"b" * 300), put_sound("/s/c.wav", b"c" * 300)])
    before = keys_of(store)
    store.apply([RemoveFile(1), put_sound("/moved/a.wav", b"a" * 300), put_sound("/s/b.wav", b"edited" * 60), RemoveFile(3)])
    found = {key.path: record.path for key, record in find_files(store, list(before.values())).items()}
    assert found == {"/s/a.wav": "/moved/a.wav", "/s/b.wav": "/s/b.wav"}


def test_of_copies_the_one_at_the_known_path_is_meant(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/copy.wav", b"a" * 300)])
    content = store.files([1])[0].content_hash
    for path, expected in (("/s/copy.wav", "/s/copy.wav"), ("/elsewhere.wav", "/s/a.wav"), ("", "/s/a.wav")):
        key = SoundKey(content, path)
        assert find_files(store, [key])[key].path == expected


def test_contents_are_here_or_not(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300)])
    content = store.files([1])[0].content_hash
    assert contents_here(store, [content, "00" * 16]) == {content}


def test_all_files_of_sounds_are_their_copies_and_edited_versions(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/b.wav", b"b" * 300), put_sound("/s/copy of a.wav", b"a" * 300)])
    before = keys_of(store)
    store.apply([put_sound("/s/b.wav", b"edited" * 60)])
    assert all_files(store, [before["/s/a.wav"]]) == {1, 3}
    assert all_files(store, [before["/s/b.wav"]]) == {2}
    assert all_files(store, [SoundKey("00" * 16)]) == frozenset()
    store.apply([put_sound("/s/a.wav", b"edited, too" * 60)])
    assert all_files(store, [before["/s/a.wav"]]) == {3}, "the sound is the copy, and not what took its place"


def test_an_edited_file_keeps_its_marks_when_it_is_labelled_again(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/b.wav", b"b" * 300)])
    before = keys_of(store)["/s/a.wav"]
    with Notebook(store.folder) as notebook:
        notebook.put_note(before, "mine")
        notebook.add_item(1, before)
        notebook.put_labels(before, [("Dog", 0.9)], source="tag")
        notebook.put_labels(before, [("Tom", 1.0)], source="me")
        store.apply([put_sound("/s/a.wav", b"edited" * 60)])
        now = keys_of(store)["/s/a.wav"]
        notebook.put_labels(now, [("Cat", 0.8)], source="tag")
    marks = marks_of(store, store.files())
    assert set(marks) == {1}
    assert (marks[1].note, marks[1].collections) == ("mine", (1,))
    assert [label.label for label in marks[1].labels] == ["Tom", "Cat"], "those of the same source are replaced"


def test_marks_of_an_edited_file_can_be_taken_away(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300)])
    before = keys_of(store)["/s/a.wav"]
    with Notebook(store.folder) as notebook:
        notebook.put_note(before, "mine")
        notebook.add_item(1, before)
        store.apply([put_sound("/s/a.wav", b"edited" * 60)])
        now = keys_of(store)["/s/a.wav"]

        def is_here(hashes):
            return contents_here(store, hashes)

        notebook.put_note(now, "new", is_here)
        assert marks_of(store, store.files())[1].note == "new"
        notebook.put_note(now, "", is_here)
        assert marks_of(store, store.files())[1].note == ""
        assert notebook.remove_sounds(1, [now]) == 0, "by content alone it is not found"
        assert notebook.remove_sounds(1, [now], is_here) == 1
    assert marks_of(store, store.files()) == {}


def test_a_stretch_lies_in_the_file_as_it_is_now() -> None:
    assert bounds_in(None, 2.0) == Span(0.0, 2.0)
    assert bounds_in(Span(0.5, 3.0), 2.0) == Span(0.5, 2.0)
    assert bounds_in(Span(5.0, 6.0), 2.0) == Span(0.0, 2.0), "what was meant was cut off"
