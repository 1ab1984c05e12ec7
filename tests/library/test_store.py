from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import DamagedError, LibraryNotFoundError, LockedError, ModelMismatchError, StoreError
from hearken.library.records import AddRoot, Filters, ModelRecord, PutFailure, RemoveFile
from hearken.library.store import DATABASE_NAME, SqliteStore, open_store, stored_model
from hearken.types import Failure
from tests.fakes import FakeEmbedder, fake_result, put_sound


def fill(store: SqliteStore) -> None:
    store.apply(
        [
            put_sound("/s/big dogs/DogBark01.wav", b"a" * 500, caption="someone is barking loudly", folder_words="big dogs"),
            put_sound("/s/rain_48k_stereo.flac", b"b" * 1_000, folder_words="s"),
            put_sound("/s/siren.mp3", b"c" * 100, folder_words="s"),
        ]
    )


def test_what_is_written_is_read(store: SqliteStore) -> None:
    fill(store)
    first, second, third = store.files()
    assert (first.id, first.path, first.size, first.num_windows, first.duration_s) == (1, "/s/big dogs/DogBark01.wav", 500, 3, 5.0)
    assert (second.container, second.rate_hz, second.num_channels, second.tags) == ("flac", 48_000, 2, {"title": "Take five"})
    assert store.files([3, 99, 1]) == [third, first]
    assert store.files([]) == []
    assert [vectors.file_id for vectors in store.read_vectors([2, 99, 1])] == [2, 1]
    vectors = next(iter(store.read_vectors([1])))
    expected = fake_result(first.path, b"a" * 500).vectors
    np.testing.assert_array_equal(vectors.clip, expected.clip.astype(np.float16))
    assert vectors.spans.tolist() == [[0.0, 2.0], [2.0, 4.0], [4.0, 5.0]]
    assert store.find("/s/siren.mp3") == 3
    assert store.find("/s/none.mp3") is None


def test_generation_and_versions_follow_the_vectors(store: SqliteStore) -> None:
    assert store.generation == 0
    fill(store)
    assert (store.generation, store.file_versions()) == (1, {1: 1, 2: 2, 3: 3})
    fill(store)
    assert (store.generation, store.file_versions()) == (1, {1: 1, 2: 2, 3: 3})
    store.apply([put_sound("/s/siren.mp3", b"other"), RemoveFile(2)])
    assert (store.generation, store.file_versions()) == (2, {1: 1, 3: 4})
    store.sweep()
    store.apply([put_sound("/s/new.wav", b"new")])
    assert store.file_versions() == {1: 1, 3: 4, 4: 5}, "ids are never used again"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dog", {1: 1.0}),
        ("the DOGS bark", {1: 1.0}),
        ("dog rain", {1: 0.5, 2: 0.5}),
        ("barks zebra", {1: 0.5}),
        ("take", {1: 1.0, 2: 1.0, 3: 1.0}),
        ("dogbark01", {1: 1.0}),
        ("", {}),
        ("the", {}),
        ('"', {}),
        ('dog" OR name:* NEAR(rain', {1: 1 / 4, 2: 1 / 4}),  # dog, name, near, rain
        ("name:dog", {1: 0.5}),
    ],
)
def test_match_text(store: SqliteStore, words: str, expected: dict[int, float]) -> None:
    fill(store)
    assert store.match_text(words) == expected


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_ever_syntax(store: SqliteStore, text: str) -> None:
    assert all(0.0 < score <= 1.0 for score in store.match_text(text).values())


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), None),
        (Filters(min_duration_s=5.0), {1, 2}),
        (Filters(max_duration_s=5.0), {1, 3}),
        (Filters(path_glob="big dogs/*"), {1}),
        (Filters(path_glob="*.MP3"), set()),
        (Filters(containers=("FLAC", "mp3")), {2, 3}),
        (Filters(containers=("pcm_s16le",)), {1, 2, 3}),
        (Filters(rates_hz=(48_000,)), {2}),
        (Filters(num_channels=(2, 3)), {2}),
        (Filters(min_duration_s=2.0, num_channels=(1,)), {1}),
    ],
)
def test_select(store: SqliteStore, filters: Filters, expected: set[int] | None) -> None:
    fill(store)
    assert store.select(filters) == expected


def test_ledger_roots_and_stats(store: SqliteStore) -> None:
    fill(store)
    lines = [Failure("/s/b.wav", "decode", "AudioFormatError", "m\udce9", "h"), Failure("/s/a", "scan", "Hidden", "m")]
    store.apply([AddRoot("/s"), AddRoot("/s"), *(PutFailure(line, 5, 6) for line in lines)])
    assert [line.path for line in store.failures()] == ["/s/a", "/s/b.wav"]
    assert store.failures()[1].message == "m\\udce9"
    assert store.known_failures()["/s/b.wav"][1:] == (5, 6)
    stats = store.stats()
    assert (stats.num_files, stats.num_sounds, stats.num_windows, stats.duration_s) == (3, 3, 9, 16.0)
    assert (stats.num_failed, stats.num_skipped, stats.roots) == (1, 1, ("/s",))
    assert stats.containers == {"flac": 1, "mp3": 1, "wav": 1}
    assert stats.size_bytes > 4096


def test_known_state(store: SqliteStore) -> None:
    fill(store)
    known = store.known_files()
    assert known["/s/siren.mp3"][:6] == (3, 100, 1_000_000_000, 1, 1, 0)
    assert {item.content_hash for item in known.values()} == store.known_sounds()
    store.apply([RemoveFile(3)])
    assert len(store.known_sounds()) == 3, "a sound stays until the sweep, in case it turns up elsewhere"
    store.sweep()
    assert len(store.known_sounds()) == 2


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name)))
def test_any_bytes_make_a_path(store: SqliteStore, name: bytes) -> None:
    path = os.fsdecode(b"/\xff/" + name)
    store.apply([put_sound(path, name)])
    file_id = store.find(path)
    assert file_id is not None
    assert store.files([file_id])[0].path == path
    assert path in store.known_files()
    store.apply([RemoveFile(file_id)])


def test_readers_see_commits_but_not_within_a_snapshot(store: SqliteStore) -> None:
    fill(store)
    with open_store(store.folder) as reader, reader.snapshot() as generation:
        store.apply([RemoveFile(1), put_sound("/s/siren.mp3", b"other")])
        store.sweep()
        assert (generation, reader.generation, len(reader.files())) == (1, 1, 3)
        assert len(list(reader.read_vectors([1, 2, 3]))) == 3
        assert reader.match_text("dog") == {1: 1.0}
    with open_store(store.folder) as reader:
        assert (reader.generation, len(reader.files())) == (2, 2)


def test_opening(tmp_path: Path, embedder: FakeEmbedder) -> None:
    with pytest.raises(LibraryNotFoundError, match="There is no library at"):
        open_store(tmp_path / "x")
    with pytest.raises(LibraryNotFoundError, match="There is no library at"):
        open_store(tmp_path / "x", read_only=False)
    assert not (tmp_path / "x").exists()
    with pytest.raises(StoreError, match="needs the model"):
        open_store(tmp_path / "x", create=True)
    with open_store(tmp_path / "x", create=True, model=embedder) as store:
        assert store.read_only
        assert store.model == ModelRecord("fake", embedder.digest, 16)
        assert store.folder == str(tmp_path / "x")
        with pytest.raises(StoreError, match="for reading only"):
            store.apply([AddRoot("/s")])
    with open_store(tmp_path / "x", create=True, model=embedder, read_only=False) as writer:
        with pytest.raises(LockedError):
            open_store(tmp_path / "x", read_only=False)
        assert writer.library_id == store.library_id
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file", create=True, model=embedder)


def test_another_model_is_refused_by_both_names(store: SqliteStore) -> None:
    other = ModelRecord("other", "f" * 32, store.model.dim)
    with pytest.raises(ModelMismatchError, match=r"made by the model fake \(000000000000\), not by other \(ffffffffffff\)"):
        open_store(store.folder, model=other)
    store.close()
    with pytest.raises(ModelMismatchError):
        open_store(store.folder, model=other, read_only=False, create=True)
    open_store(store.folder, read_only=False).close()


def test_altered_vectors_are_never_handed_out(store: SqliteStore) -> None:
    fill(store)
    store._database.run("UPDATE vectors SET clip = zeroblob(length(clip)) WHERE sound_id = 2")
    assert len(list(store.read_vectors([1, 3]))) == 2
    with pytest.raises(DamagedError, match=r"library\.sqlite is damaged \(the vectors of file 2 were altered\)"):
        list(store.read_vectors([1, 2, 3]))


def test_many_ids(store: SqliteStore) -> None:
    store.apply([put_sound(f"/s/{index}.wav", b"x%d" % index) for index in range(1_200)])
    ids = list(range(1_200, 0, -1))
    assert [record.id for record in store.files(ids)] == ids
    assert [vectors.file_id for vectors in store.read_vectors(ids)] == ids


def test_stored_model_tells_a_library_from_one_that_is_still_to_be_made(tmp_path: Path, embedder: FakeEmbedder) -> None:
    assert stored_model(tmp_path / "absent") is None
    cut_short = tmp_path / "cut short"
    cut_short.mkdir()
    (cut_short / "lock").touch()
    assert stored_model(cut_short) is None
    (cut_short / DATABASE_NAME).touch()
    assert stored_model(cut_short) is None
    open_store(cut_short, create=True, model=embedder, read_only=False).close()
    assert stored_model(cut_short) == ModelRecord(embedder.name, embedder.digest, embedder.dim)
    open_store(cut_short, model=ModelRecord("x", embedder.digest, 16, "/models/x"), read_only=False).close()
    open_store(cut_short, create=True, model=embedder, read_only=False).close()
    assert stored_model(cut_short) == ModelRecord(embedder.name, embedder.digest, embedder.dim, "/models/x"), "the latest hint stays"
    (cut_short / DATABASE_NAME).write_bytes(b"something else " * 100)
    with pytest.raises(DamagedError):
        stored_model(cut_short)
