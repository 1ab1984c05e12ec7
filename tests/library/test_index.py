from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from hearken.errors import InputError, ModelMismatchError, StoreError
from hearken.library.index import IndexEvent, IndexReport, index_folders, remove_folder
from hearken.library.store import SqliteStore, open_store
from tests.fakes import FakeEmbedder, age


def write(folder: Path, **sounds: str) -> None:
    """Make the sounds `name=content`, as of an hour ago."""
    for name, content in sounds.items():
        (folder / f"{name}.wav").write_text(content)
        age(folder / f"{name}.wav")


def counts(report: IndexReport) -> dict[str, int]:
    """The counts that are not 0, after checking the conservation law."""
    assert report.scanned == report.indexed + report.unchanged + report.moved + report.copied + report.failed + report.skipped
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    return {name: value for name, value in fields.items() if isinstance(value, int) and value and name != "scanned"}


def names(store: SqliteStore) -> list[str]:
    return sorted(os.path.basename(record.path) for record in store.files())


def test_first_run_then_nothing_to_do(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof" * 50, rain="drip" * 100)
    report = index_folders(store, embedder, [folder])
    assert counts(report) == {"indexed": 2}
    assert report.audio_s == 6.0
    assert names(store) == ["dog.wav", "rain.wav"]
    assert store.roots() == [str(folder)]
    generation = store.generation
    assert counts(index_folders(store, embedder, [folder])) == {"unchanged": 2}
    assert (len(embedder.embedded), store.generation) == (2, generation)
    assert store.check() == []


def test_changed_file_is_embedded_again(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", rain="drip")
    index_folders(store, embedder, [folder])
    versions = store.file_versions()
    write(folder, dog="grrr")
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "unchanged": 1}
    assert store.file_versions() == {1: 3, 2: versions[2]}
    assert store.stats().num_sounds == 2


def test_touched_file_is_hashed_but_not_embedded(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof")
    index_folders(store, embedder, [folder])
    age(folder / "dog.wav", seconds=60)
    assert counts(index_folders(store, embedder, [folder])) == {"unchanged": 1}
    assert len(embedder.embedded) == 1
    assert store.files()[0].mtime_ns == os.stat(folder / "dog.wav").st_mtime_ns


def test_a_change_within_the_same_tick_of_the_clock_is_noticed(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    (folder / "dog.wav").write_text("woof")
    status = os.stat(folder / "dog.wav")
    index_folders(store, embedder, [folder])
    with open(folder / "dog.wav", "r+") as file:
        file.write("grrr")
    os.utime(folder / "dog.wav", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1}


def test_moved_file_keeps_id_and_vectors(store: SqliteStore, embedder: FakeEmbedder, folder: Path, tmp_path: Path) -> None:
    write(folder, dog="woof", rain="drip", bell="ding")
    index_folders(store, embedder, [folder])
    before, generation = {record.content_hash: record.id for record in store.files()}, store.generation
    before_id = store.find(str(folder / "dog.wav"))
    (folder / "sub").mkdir()
    (folder / "dog.wav").rename(folder / "sub" / "hound.wav")
    (folder / "rain.wav").unlink()
    write(folder, shower="drip")  # another inode; the content tells
    assert counts(index_folders(store, embedder, [folder])) == {"moved": 2, "unchanged": 1}
    assert names(store) == ["bell.wav", "hound.wav", "shower.wav"]
    assert ({record.content_hash: record.id for record in store.files()}, store.generation) == (before, generation)
    assert (store.match_text("hound"), store.match_text("dog")) == ({before_id: 1.0}, {})
    other = tmp_path / "other"
    other.mkdir()
    (folder / "bell.wav").rename(other / "chime.wav")  # into a folder that is indexed alone
    assert counts(index_folders(store, embedder, [other])) == {"moved": 1}
    assert counts(index_folders(store, embedder, [folder])) == {"unchanged": 2}
    assert len(embedder.embedded) == 3


def test_copies_share_their_sound(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", dog2="woof", dog3="woof")
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "copied": 2}
    write(folder, dog4="woof", rain="drip", rain2="drip")
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "copied": 2, "unchanged": 3}
    assert (len(embedder.embedded), store.stats().num_sounds, store.stats().num_files) == (2, 2, 6)
    write(folder, rain="woof")
    assert counts(index_folders(store, embedder, [folder])) == {"copied": 1, "unchanged": 5}
    assert len(embedder.embedded) == 2


def test_copies_of_a_broken_sound_all_fail(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, broken1="x", broken2="x", sound="x")
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "failed": 2}


def test_deleted_files_are_forgotten(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", rain="drip", broken="x")
    index_folders(store, embedder, [folder])
    (folder / "dog.wav").unlink()
    (folder / "broken.wav").unlink()
    assert counts(index_folders(store, embedder, [folder])) == {"deleted": 1, "unchanged": 1}
    assert (names(store), store.failures(), store.stats().num_sounds) == (["rain.wav"], [], 1)


def test_failures_are_counted_but_not_tried_again(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", broken="x")
    for _ in range(3):
        assert index_folders(store, embedder, [folder]).failed == 1
    assert embedder.embedded.count(str(folder / "broken.wav")) == 1
    assert [(line.stage, line.error, line.hint) for line in store.failures()] == [("decode", "AudioFormatError", "Re-export it.")]
    index_folders(store, embedder, [folder], retry_failed=True)
    write(folder, broken="y")
    assert index_folders(store, embedder, [folder]).failed == 1
    assert embedder.embedded.count(str(folder / "broken.wav")) == 3
    (folder / "broken.wav").rename(folder / "mended.wav")
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "unchanged": 1}
    assert store.failures() == []


def test_a_file_that_breaks_leaves_the_library(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, broken="x")
    (folder / "broken.wav").rename(folder / "b.wav")
    index_folders(store, embedder, [folder])
    embedder.failing = FakeEmbedder(failing=lambda path: None).failing
    write(folder, b="")
    assert counts(index_folders(store, embedder, [folder])) == {"failed": 1}
    assert (names(store), [line.error for line in store.failures()]) == ([], ["AudioEmptyError"])


def test_captions_and_folder_words(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    (folder / "BigDogs").mkdir()
    write(folder / "BigDogs", rex="woof")
    (folder / "BigDogs" / "rex.txt").write_text("a poodle howls")
    index_folders(store, embedder, [folder])
    assert store.match_text("poodle sounds dogs rex") == {1: 1.0}
    (folder / "BigDogs" / "rex.txt").write_text("a terrier")
    assert counts(index_folders(store, embedder, [folder])) == {"unchanged": 1}
    assert store.match_text("poodle terrier") == {1: 0.5}
    (folder / "BigDogs" / "rex.txt").unlink()
    index_folders(store, embedder, [folder])
    assert store.match_text("terrier") == {}
    assert len(embedder.embedded) == 1


def test_roots_may_be_single_files(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", rain="drip")
    (folder / "odd.bin").write_text("noise")
    assert counts(index_folders(store, embedder, [folder / "dog.wav", folder / "odd.bin"])) == {"indexed": 2}
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "unchanged": 1}
    assert names(store) == ["dog.wav", "odd.bin", "rain.wav"]
    (folder / "odd.bin").unlink()
    assert counts(index_folders(store, embedder, [folder])) == {"deleted": 1, "unchanged": 2}


def test_remove_folder(store: SqliteStore, embedder: FakeEmbedder, folder: Path, tmp_path: Path) -> None:
    for name in ("sub", "subway"):
        (folder / name).mkdir()
        write(folder / name, dog=name, broken=name)
    index_folders(store, embedder, [folder / "sub", folder / "subway"])
    shutil.rmtree(folder / "sub")
    assert remove_folder(store, folder / "sub") == 1
    assert [record.path for record in store.files()] == [str(folder / "subway" / "dog.wav")]
    assert (len(store.failures()), store.roots()) == (1, [str(folder / "subway")])
    assert remove_folder(store, tmp_path / "never") == 0
    assert store.check() == []


def test_events_tell_a_progress_bar_what_it_needs(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, a="x" * 100, b="y" * 100, broken="z")
    embedder.delay_s = 0.12
    events: list[IndexEvent] = []
    index_folders(store, embedder, [folder], on_event=events.append)
    assert [event.phase for event in events] == sorted((event.phase for event in events), key=["scan", "embed", "done"].index)
    done = [event.num_done for event in events if event.phase == "embed"]
    assert done == sorted(done)
    last = events[-1]
    assert (last.phase, last.num_done, last.num_total, last.audio_s, last.num_failed) == ("done", 3, 3, 2.0, 1)
    assert last.rate > 0.0


def test_ctrl_c_commits_and_the_next_run_resumes(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, **{f"s{index}": f"sound {index}" for index in range(10)})

    def interrupt(path: str) -> None:
        if path.endswith("s5.wav"):
            raise KeyboardInterrupt

    embedder.hook = interrupt
    with pytest.raises(KeyboardInterrupt):
        index_folders(store, embedder, [folder])
    assert names(store) == [f"s{index}.wav" for index in range(5)]
    embedder.hook = lambda path: None
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 5, "unchanged": 5}


def test_refusals(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    with pytest.raises(InputError, match="Nothing to index"):
        index_folders(store, embedder, [])
    with pytest.raises(ModelMismatchError, match=r"made by the model fake \(.*\), not by other"):
        index_folders(store, FakeEmbedder(name="other", digest="1"), [folder])
    with open_store(store.folder) as reader, pytest.raises(StoreError, match="reading only"):
        index_folders(reader, embedder, [folder])
    assert counts(index_folders(store, embedder, [folder])) == {}


def test_an_empty_mount_point_forgets_nothing(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    write(folder, dog="woof", rain="drip")
    index_folders(store, embedder, [folder])
    folder.rename(folder.parent / "away")
    folder.mkdir()
    report = index_folders(store, embedder, [folder])
    assert (counts(report), report.absent) == ({"kept": 2}, (str(folder),))
    assert names(store) == ["dog.wav", "rain.wav"]
    write(folder, bell="ding")  # now it is a folder in use
    assert counts(index_folders(store, embedder, [folder])) == {"indexed": 1, "deleted": 2}
    (folder / "bell.wav").unlink()
    assert remove_folder(store, folder) == 1
    assert index_folders(store, embedder, [folder]).absent == ()
