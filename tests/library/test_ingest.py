from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Queue
from threading import Event, Thread, main_thread

import numpy as np
import pytest

from hearken.errors import DiskFullError
from hearken.library import ingest
from hearken.library.index import index_folders
from hearken.library.ingest import COMMIT_NUM_CHANGES
from hearken.library.records import Change
from hearken.library.store import SqliteStore
from hearken.types import Embedded, EmbeddedFile, Failure, ProgressCallback, Span
from tests.fakes import FakeEmbedder, age

Results = Iterator[tuple[str, EmbeddedFile | Failure]]


def sounds(folder: Path, count: int) -> None:
    for index in range(count):
        (folder / f"{index:03}.wav").write_bytes(b"sound %d" % index)
        age(folder / f"{index:03}.wav")


def test_commits_are_small(store: SqliteStore, embedder: FakeEmbedder, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds(folder, 150)
    sizes = []
    apply = store.apply

    def counted(batch: list[Change]) -> None:
        sizes.append(len(batch))
        apply(batch)

    monkeypatch.setattr(store, "apply", counted)
    index_folders(store, embedder, [folder])
    assert sizes == [COMMIT_NUM_CHANGES, COMMIT_NUM_CHANGES, 150 + 1 - 2 * COMMIT_NUM_CHANGES]  # one more: the root


def test_what_is_done_is_committed_when_the_embedder_fails(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> None:
    sounds(folder, 20)

    def crash(path: str) -> None:
        if path.endswith("010.wav"):
            raise ZeroDivisionError

    embedder.hook = crash
    with pytest.raises(ZeroDivisionError):
        index_folders(store, embedder, [folder])
    assert len(store.files()) == 10
    embedder.hook = lambda path: None
    report = index_folders(store, embedder, [folder])
    assert (report.indexed, report.unchanged) == (10, 10)


class Altered(FakeEmbedder):
    """A fake whose answers pass through a function."""

    alter: Callable[[Results], Results]

    def embed_files(self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None) -> Results:
        return self.alter(super().embed_files(paths, jobs=jobs, on_progress=on_progress))


def test_unanswered_doubled_and_unknown_paths_keep_the_books_right(store: SqliteStore, folder: Path) -> None:
    sounds(folder, 6)

    def alter(results: Results) -> Results:
        for index, (path, result) in enumerate(results):
            if index == 2:
                yield "/unknown.wav", result
            elif index == 3:
                yield path, result
                yield path, Failure(path, "embed", "ModelError", "second answer")
            else:
                yield path, result

    embedder = Altered()
    embedder.alter = alter
    report = index_folders(store, embedder, [folder])
    assert (report.scanned, report.indexed, report.failed) == (6, 5, 1)
    assert [line.message for line in store.failures()] == [f"The model gave no answer for {folder}/002.wav."]


@pytest.mark.parametrize(
    "vectors",
    [
        Embedded(np.full(16, np.nan, np.float32), np.zeros((1, 16), np.float32), (Span(0.0, 1.0),)),
        Embedded(np.zeros(8, np.float32), np.zeros((1, 8), np.float32), (Span(0.0, 1.0),)),
    ],
)
def test_vectors_that_make_no_sense_go_to_the_ledger(store: SqliteStore, folder: Path, vectors: Embedded) -> None:
    sounds(folder, 2)

    def alter(results: Results) -> Results:
        for path, result in results:
            assert isinstance(result, EmbeddedFile)
            yield path, EmbeddedFile(result.info, 1.0, result.flags, vectors) if path.endswith("0.wav") else result

    embedder = Altered()
    embedder.alter = alter
    report = index_folders(store, embedder, [folder])
    assert (report.indexed, report.failed) == (1, 1)
    assert [(line.stage, line.error) for line in store.failures()] == [("embed", "InputError")]


def test_paths_may_be_pulled_by_another_thread(store: SqliteStore, folder: Path) -> None:
    sounds(folder, 100)
    (folder / "copy.wav").write_bytes((folder / "050.wav").read_bytes())
    embedder = FakeEmbedder()
    plain = embedder.embed_files

    def threaded(paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None) -> Results:
        results: list[tuple[str, EmbeddedFile | Failure]] = []
        thread = Thread(target=lambda: results.extend(plain(paths, jobs=jobs, on_progress=on_progress)))
        thread.start()
        thread.join()
        return reversed(results)

    embedder.embed_files = threaded  # type: ignore[method-assign, assignment]
    report = index_folders(store, embedder, [folder])
    assert (report.scanned, report.indexed, report.copied) == (101, 100, 1)
    assert store.check() == []


class Threaded(FakeEmbedder):
    """Pulls paths in a thread, for which the generator waits when it is closed: as the pool of processes does."""

    def embed_files(self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None) -> Results:
        results: Queue[tuple[str, EmbeddedFile | Failure] | None] = Queue()

        def work() -> None:
            for item in FakeEmbedder.embed_files(self, paths, jobs=jobs):
                results.put(item)
            results.put(None)

        thread = Thread(target=work)
        thread.start()
        try:
            while (item := results.get()) is not None:
                yield item
        finally:
            thread.join()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_does_not_wait_until_every_known_file_has_been_hashed(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds(folder, 60)
    index_folders(store, FakeEmbedder(), [folder])
    for path in folder.iterdir():
        age(path, seconds=60)  # touched: known by its content, so no path is handed to the embedder
    hashed, real, until_interrupted = [], ingest.hash_and_status, ingest.set_when_interrupted
    noticed: list[Event] = []
    main = main_thread().ident
    assert main is not None

    def noted(event: Event) -> AbstractContextManager[None]:
        noticed.append(event)
        return until_interrupted(event)

    def slow(path: str) -> tuple[bytes, os.stat_result]:
        hashed.append(path)
        if len(hashed) == 3:
            signal.pthread_kill(main, signal.SIGINT)
            assert noticed[0].wait(30)  # the main thread gets its turn
        return real(path)

    monkeypatch.setattr(ingest, "hash_and_status", slow)
    monkeypatch.setattr(ingest, "set_when_interrupted", noted)
    with pytest.raises(KeyboardInterrupt):
        index_folders(store, Threaded(), [folder])
    assert len(hashed) <= 4
    assert index_folders(store, Threaded(), [folder]).unchanged == 60


def test_the_feed_ends_when_the_outcome_cannot_be_kept(store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds(folder, 30)
    monkeypatch.setattr(ingest, "COMMIT_NUM_CHANGES", 1)
    monkeypatch.setattr(store, "apply", lambda batch: (_ for _ in ()).throw(DiskFullError("full")))
    embedder = Threaded(delay_s=0.02)
    with pytest.raises(DiskFullError, match="full"):
        index_folders(store, embedder, [folder])
    assert len(embedder.embedded) < 10
