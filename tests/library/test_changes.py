from __future__ import annotations

import pytest

from hearken.errors import StoreError
from hearken.library.records import AddRoot, ClearFailure, FileText, Found, PutCopy, PutFailure, Relabel, RemoveFile, RemoveRoot
from hearken.library.store import SqliteStore
from hearken.types import Failure
from tests.fakes import put_sound

TEXT = FileText("whistle", "toys", "")
HASH = b"h" * 16


def failure(path: str, stage: str = "decode") -> PutFailure:
    return PutFailure(Failure(path, stage, "AudioFormatError", "no sound"), 1, 2)


def test_a_copy_shares_the_sound(store: SqliteStore) -> None:
    store.apply([put_sound("/a.wav", sound=HASH), PutCopy(Found("/b.wav", 3, 4, 5, 6), HASH, TEXT)])
    assert store.file_versions() == {1: 1, 2: 1}
    assert store.match_text("whistle five") == {1: 0.5, 2: 1.0}, "the copy has its own name and the tags of the sound"
    store.apply([RemoveFile(1)])
    store.sweep()
    assert len(list(store.read_vectors([2]))) == 1
    with pytest.raises(StoreError, match="is not in the library"):
        store.apply([RemoveFile(2), PutCopy(Found("/c.wav", 3, 4, 5, 6), b"?" * 16, TEXT)])
    assert [record.path for record in store.files()] == ["/b.wav"], "nothing of the batch was done"


def test_relabel_keeps_id_and_vectors(store: SqliteStore) -> None:
    store.apply([put_sound("/a.wav", caption="a bell rings"), failure("/toys/b.wav")])
    generation = store.generation
    store.apply([Relabel(1, Found("/toys/b.wav", 9, 8, 7, 6, "/toys/b.txt", 5), TEXT)])
    assert store.generation == generation
    assert store.find("/toys/b.wav") == 1
    assert store.known_files()["/toys/b.wav"][:6] == (1, 9, 8, 7, 6, 5)
    assert store.match_text("whistle toys bell five") == {1: 0.75}
    assert store.failures() == []
    store.apply([Relabel(1, Found("/toys/b.wav", 1, 1, 1, 1))])
    assert store.match_text("whistle") == {1: 1.0}


def test_a_path_is_indexed_or_failed_never_both(store: SqliteStore) -> None:
    store.apply([put_sound("/a.wav"), failure("/a.wav")])
    assert (store.files(), len(store.failures())) == ([], 1)
    store.apply([put_sound("/a.wav")])
    assert (len(store.files()), store.failures()) == (1, [])
    store.apply([failure("/a.wav", stage="scan")])
    assert (len(store.files()), len(store.failures())) == (1, 1), "out of reach, but kept"
    store.apply([ClearFailure("/a.wav"), ClearFailure("/none")])
    assert store.failures() == []
    assert store.check() == []


def test_a_batch_may_be_applied_twice(store: SqliteStore) -> None:
    store.apply([put_sound("/old.wav", b"old"), AddRoot("/gone")])
    batch = [
        put_sound("/a.wav", b"a", sound=HASH),
        PutCopy(Found("/b.wav", 3, 4, 5, 6), HASH, TEXT),
        Relabel(1, Found("/new.wav", 3, 4, 5, 6), TEXT),
        failure("/c.wav"),
        AddRoot("/s"),
        RemoveRoot("/gone"),
    ]
    store.apply(batch)
    state = (store.files(), store.failures(), store.roots(), store.generation)
    assert [record.path for record in state[0]] == ["/new.wav", "/a.wav", "/b.wav"]
    assert state[2:] == (["/s"], 2)
    store.apply(batch)
    assert (store.files(), store.failures(), store.roots(), store.generation) == state


def test_sweep_drops_only_orphans(store: SqliteStore) -> None:
    store.apply([put_sound("/a.wav", b"a"), put_sound("/b.wav", b"b")])
    store.sweep()
    assert len(store.known_sounds()) == 2
    store.apply([put_sound("/a.wav", b"b")])
    store.sweep()
    assert len(store.known_sounds()) == 1
    assert store.check() == []
