from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import DamagedError, FormatVersionError, InputError, LibraryNotFoundError, StoreError
from hearken.library.notebook import Annotation, Label, Notebook, SoundKey
from hearken.library.notebook_file import FORMAT_VERSION, NotebookDatabase
from hearken.types import Span


def key(name: str, path: str = "") -> SoundKey:
    return SoundKey(hashlib.blake2b(name.encode(), digest_size=16).hexdigest(), path or f"/s/{name}.wav")


@pytest.fixture
def notebook(tmp_path: Path):
    with Notebook(tmp_path) as opened:
        yield opened


def test_an_unwritten_notebook_is_empty_and_leaves_no_file(notebook: Notebook, tmp_path: Path) -> None:
    assert [(each.id, each.name, each.num_items) for each in notebook.collections()] == [(1, "Favourites", 0)]
    assert (notebook.items(1), notebook.searches(), notebook.label_counts(), notebook.members(1)) == ([], [], {}, [])
    assert notebook.annotations([key("a")]) == {}
    assert list(tmp_path.iterdir()) == []


def test_favourites_take_sounds_and_spans_once_each(notebook: Notebook) -> None:
    whole = notebook.add_item(1, key("a"))
    again = notebook.add_item(1, key("a"))
    part = notebook.add_item(1, key("a"), Span(1.0, 2.5))
    other = notebook.add_item(1, key("b"))
    assert whole is not None
    assert part is not None
    assert other is not None
    assert again == whole
    assert [(item.id, item.sound, item.span) for item in notebook.items(1)] == [
        (other.id, key("b"), None),
        (part.id, key("a"), Span(1.0, 2.5)),
        (whole.id, key("a"), None),
    ]
    assert [item.id for item in notebook.items(1, limit=1, offset=1)] == [part.id]
    assert notebook.collection(1).num_items == 3
    assert sorted(notebook.members(1), key=lambda each: each.path) == [key("a"), key("b")]
    assert notebook.remove_item(1, other.id) == 1
    assert notebook.remove_item(1, other.id) == 0
    assert notebook.remove_sounds(1, [key("a"), key("never")]) == 2
    assert notebook.items(1) == []


def test_collections_are_made_renamed_and_deleted(notebook: Notebook) -> None:
    made = notebook.create_collection("  Doors \n and\tgates ")
    assert (made.id, made.name) == (2, "Doors and gates")
    with pytest.raises(InputError, match="already"):
        notebook.create_collection("Doors and gates")
    assert notebook.rename_collection(2, "Doors").name == "Doors"
    with pytest.raises(InputError, match="already"):
        notebook.rename_collection(2, "Favourites")
    assert notebook.rename_collection(9, "Nothing") is None
    assert notebook.add_item(9, key("a")) is None
    notebook.add_item(2, key("a"))
    assert notebook.delete_collection(2)
    assert not notebook.delete_collection(2)
    assert notebook.annotations([key("a")]) == {}
    assert notebook.create_collection("New").id == 3, "ids are never used again"
    for refused in (lambda: notebook.delete_collection(1), lambda: notebook.rename_collection(1, "Mine")):
        with pytest.raises(InputError, match="Favourites cannot be"):
            refused()


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "\x00\x01", "\u202e", "x" * 201, "\udcff"])
def test_names_without_a_visible_character_are_refused(notebook: Notebook, name: str) -> None:
    with pytest.raises(InputError):
        notebook.create_collection(name)


def test_notes_keep_lines_and_go_when_empty(notebook: Notebook) -> None:
    assert notebook.put_note(key("a"), "loud\r\n\r\n  at 0:03\x00 \u202e") == "loud\n\n  at 0:03"
    assert notebook.annotations([key("a"), key("b")]) == {key("a"): Annotation(note="loud\n\n  at 0:03")}
    notebook.put_note(key("a"), "quiet")
    assert notebook.annotations([key("a")])[key("a")].note == "quiet"
    assert notebook.put_note(key("a"), " \n ") == ""
    assert notebook.annotations([key("a")]) == {}
    with pytest.raises(InputError, match="at most"):
        notebook.put_note(key("a"), "x" * 10_001)


def test_labels_of_a_source_replace_each_other(notebook: Notebook) -> None:
    notebook.put_labels(key("a"), [("Dog", 0.5), Label("Bark", 0.9, Span(1, 2))], source="tag")
    notebook.put_labels(key("a"), [("good", 1.0)], source="me")
    notebook.put_all_labels([(key("b").content_hash, [("dog", 0.2)]), (key("c"), [])], source="tag")
    assert notebook.labels_of([key("a").content_hash, key("x").content_hash]) == {
        key("a").content_hash: [Label("good", 1.0, None, "me"), Label("Bark", 0.9, Span(1, 2), "tag"), Label("Dog", 0.5, None, "tag")]
    }
    assert {each.content_hash for each in notebook.labelled("DOG")} == {key("a").content_hash, key("b").content_hash}
    assert [each.path for each in notebook.labelled("dog", min_score=0.3)] == ["/s/a.wav"]
    notebook.put_labels(key("a"), [("Cat", 0.1)], source="tag")
    assert notebook.label_counts() == {"Cat": 1, "dog": 1, "good": 1}
    assert notebook.clear_labels("me") == 1
    assert notebook.clear_labels() == 2
    assert notebook.label_counts() == {}


@pytest.mark.parametrize("labels", [[("", 1.0)], [("a", float("nan"))], [Label("a", 1.0, Span(2, 1))], [("a", 1.0)] * 1001])
def test_senseless_labels_change_nothing(notebook: Notebook, labels: list) -> None:
    notebook.put_labels(key("a"), [("Dog", 0.5)])
    with pytest.raises(InputError):
        notebook.put_all_labels([(key("a"), [("Cat", 1.0)]), (key("b"), labels)])
    assert notebook.label_counts() == {"Dog": 1}


@pytest.mark.parametrize("content_hash", ["", "zz", "00" * 15, "00" * 17])
def test_senseless_hashes_are_refused(notebook: Notebook, content_hash: str) -> None:
    with pytest.raises(InputError, match="content hash"):
        notebook.add_item(1, SoundKey(content_hash, "/s/a.wav"))


def test_saved_searches_replace_their_name(notebook: Notebook) -> None:
    first = notebook.put_search("Rain", {"q": "rain", "format": ["wav"]})
    second = notebook.put_search("Wind", {"q": "wind"})
    again = notebook.put_search("Rain", {"q": "heavy rain"})
    assert again.id == first.id
    assert [(each.name, each.query) for each in notebook.searches()] == [("Rain", {"q": "heavy rain"}), ("Wind", {"q": "wind"})]
    assert notebook.delete_search(second.id)
    assert not notebook.delete_search(second.id)
    for senseless in ({"q": float("nan")}, {"q": object()}, {"q": "x" * 20_000}):
        with pytest.raises(InputError):
            notebook.put_search("Bad", senseless)


def test_what_was_noted_of_an_edited_file_is_found_by_its_path(notebook: Notebook) -> None:
    notebook.put_note(key("a", "/s/take 1.wav"), "mine")
    edited = key("a, but louder", "/s/take 1.wav")
    assert notebook.annotations([edited]) == {}
    assert notebook.annotations([edited], lambda hashes: set())[edited].note == "mine"
    assert notebook.annotations([edited], set) == {}, "what was noted moved elsewhere"


def test_a_label_does_not_tell_where_a_sound_was_seen_last(notebook: Notebook) -> None:
    notebook.add_item(1, key("a", "/s/chosen copy.wav"))
    notebook.put_labels(key("a", "/s/a.wav"), [("Dog", 0.9)])
    notebook.put_labels(key("b").content_hash, [("Dog", 0.9)])
    notebook.put_labels(key("b", "/s/b.wav"), [("Dog", 0.8)])
    assert sorted(each.path for each in notebook.labelled("dog")) == ["/s/b.wav", "/s/chosen copy.wav"]


def test_the_path_follows_a_sound_when_something_is_noted_again(notebook: Notebook) -> None:
    notebook.put_note(key("a", "/old/a.wav"), "mine")
    notebook.add_item(1, key("a", "/new/a.wav"))
    notebook.put_labels(key("a").content_hash, [("Dog", 1.0)])
    assert [each.path for each in notebook.labelled("Dog")] == ["/new/a.wav"]


def test_any_bytes_of_a_path_are_kept(notebook: Notebook) -> None:
    path = os.fsdecode(b"/s/\xff\n\xe2\x80\xae.wav")
    notebook.add_item(1, key("a", path))
    assert notebook.items(1)[0].sound.path == path


def test_a_replaced_or_deleted_file_is_noticed(notebook: Notebook, tmp_path: Path) -> None:
    notebook.add_item(1, key("a"))
    for each in tmp_path.glob("notebook.sqlite*"):
        each.unlink()
    assert notebook.items(1) == []
    notebook.add_item(1, key("b"))
    with Notebook(tmp_path) as other:
        assert [item.sound for item in other.items(1)] == [key("b")]


def test_without_a_library_nothing_is_written(tmp_path: Path) -> None:
    with Notebook(tmp_path / "none") as notebook:
        assert notebook.items(1) == []
        with pytest.raises(LibraryNotFoundError):
            notebook.add_item(1, key("a"))
    assert not (tmp_path / "none").exists()


def test_a_file_whose_making_was_cut_short_is_made_again(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "notebook.sqlite").touch()
    assert notebook.items(1) == []
    assert notebook.add_item(1, key("a")) is not None


def test_the_notebook_of_a_newer_hearken_is_refused_and_left_alone(notebook: Notebook, tmp_path: Path) -> None:
    notebook.add_item(1, key("a"))
    notebook.close()
    database = NotebookDatabase(notebook.path, writable=True)
    database.run(f"PRAGMA user_version={FORMAT_VERSION + 1}")
    database.close()
    for refused in (lambda: notebook.items(1), lambda: notebook.add_item(1, key("b"))):
        with pytest.raises(FormatVersionError):
            refused()


def test_damage_is_named_without_telling_to_delete_it(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "notebook.sqlite").write_bytes(b"no database at all, but of some length" * 100)
    for refused in (lambda: notebook.items(1), lambda: notebook.add_item(1, key("b"))):
        with pytest.raises(DamagedError, match=r"notebook\.sqlite is damaged") as caught:
            refused()
        assert "delete" not in caught.value.hint
        assert "doctor --repair" in caught.value.hint


def test_a_change_is_whole_or_absent(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.put_all_labels([(key("a"), [("Dog", 1.0)])])
    real = NotebookDatabase.run

    def failing(self: NotebookDatabase, sql: str, parameters: tuple = ()) -> int:
        if sql.startswith("INSERT OR REPLACE INTO labels") and "Wolf" in parameters:
            raise StoreError("now")
        return real(self, sql, parameters)

    monkeypatch.setattr(NotebookDatabase, "run", failing)
    with pytest.raises(StoreError, match="now"):
        notebook.put_all_labels([(key("a"), [("Cat", 1.0)]), (key("b"), [("Wolf", 1.0)])])
    assert notebook.label_counts() == {"Dog": 1}


_ADD_FIVE = """
import sys
from hearken.library.notebook import Notebook, SoundKey
with Notebook(sys.argv[1]) as notebook:
    for number in range(5):
        notebook.add_item(1, SoundKey(f"{int(sys.argv[2]):016x}{number:016x}"))
"""


def test_processes_and_threads_lose_nothing(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", _ADD_FIVE, str(tmp_path), str(number)]) for number in range(2)]
    shared = Notebook(tmp_path)
    threads = [threading.Thread(target=lambda n=n: [shared.add_item(1, key(f"t{n}-{i}")) for i in range(5)]) for n in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert len(shared.items(1)) == 25
    shared.close()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["add", "drop", "note", "label", "clear"]), st.integers(0, 2)), max_size=12)
)
def test_any_sequence_of_changes_equals_plain_sets(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    items, notes, labels = set(), {}, {}
    folder = tmp_path_factory.mktemp("notebook")
    with Notebook(folder) as notebook:
        for name, what, number in steps:
            if what == "add":
                notebook.add_item(1, key(name), Span(0, number) if number else None)
                items.add((name, number))
            elif what == "drop":
                notebook.remove_sounds(1, [key(name)])
                items = {each for each in items if each[0] != name}
            elif what == "note":
                notebook.put_note(key(name), "x" * number)
                notes[name] = "x" * number
            else:
                made = [] if what == "clear" else [(f"l{number}", 1.0)]
                notebook.put_labels(key(name), made)
                labels[name] = made
        found = notebook.annotations([key(name) for name in "abc"])
    for name in "abc":
        known = found.get(key(name), Annotation())
        assert known.note == notes.get(name, "")
        assert [(label.label, label.score) for label in known.labels] == labels.get(name, [])
        assert known.collections == ((1,) if any(each[0] == name for each in items) else ())
