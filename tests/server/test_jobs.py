from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hearken.errors import DiskFullError, InputError, LockedError
from hearken.library.index import IndexEvent, IndexReport
from hearken.library.lock import WriterLock
from hearken.library.vectors import VectorCache
from hearken.search.library import Library
from hearken.server.jobs import BusyError, Indexing, locked_by_another
from hearken.server.schemas import Job
from tests.fakes import FakeCaptioner, FakeEmbedder

REPORT = IndexReport(3, 1, 2, 0, 0, 0, 1, 0, 12.3456, 0.5, absent=("/a/b/disk",))


def wait(indexing: Indexing) -> Job:
    deadline = time.monotonic() + 20
    while indexing.is_running:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return indexing.job


def test_a_run_is_told_from_beginning_to_end() -> None:
    told: list[Job] = []

    def index(roots, *, retry_failed, captions, on_event):
        assert (roots, retry_failed, captions) == (["/s"], True, False)
        on_event(IndexEvent("embed", 1, 3, 10.04, 2.06, 1, "/s/\x1b/a\u202e.wav"))
        return REPORT

    indexing = Indexing(told.append)
    assert indexing.job.state == "idle"
    assert indexing.start(index, ["/s"], retry_failed=True).state == "running"
    job = wait(indexing)
    assert [each.state for each in told] == ["running", "running", "done"]
    assert (told[1].phase, told[1].num_done, told[1].num_total, told[1].audio_s, told[1].rate) == ("embed", 1, 3, 10.0, 2.1)
    assert told[1].name == "a\\u202e.wav"
    assert job.report["audio_s"] == 12.346
    assert job.report["absent"] == ["disk"]
    assert job.started.endswith("Z")


def test_one_run_at_a_time_and_none_without_folders() -> None:
    going, indexing = threading.Event(), Indexing(lambda job: None)

    def index(roots, **options):
        going.wait(10)
        return REPORT

    indexing.start(index, ["/s"])
    with pytest.raises(BusyError):
        indexing.start(index, ["/s"])
    going.set()
    wait(indexing)
    with pytest.raises(InputError, match="No folder"):
        indexing.start(index, [])
    assert indexing.start(index, ["/s"]).state == "running"
    assert wait(indexing).state == "done"


@pytest.mark.parametrize(
    ("error", "code"),
    [(DiskFullError("No space is left in /home/me/lib."), "disk_full"), (RuntimeError("secret"), "internal"), (LockedError("x"), "locked")],
)
def test_errors_are_told_without_folders(error: Exception, code: str) -> None:
    def index(roots, **options):
        raise error

    indexing = Indexing(lambda job: None)
    indexing.start(index, ["/s"])
    job = wait(indexing)
    assert (job.state, job.error.code) == ("failed", code)
    assert "/home" not in job.error.message
    assert "secret" not in job.error.message


def test_stopping_when_idle_is_harmless_and_closing_waits() -> None:
    indexing = Indexing(lambda job: None)
    assert indexing.stop().state == "idle"
    assert indexing.close()

    def stubborn(roots, **options):
        time.sleep(0.5)
        return REPORT

    indexing.start(stubborn, ["/s"])
    assert not indexing.close(0.05)
    assert indexing.close(10)


def make_sounds(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"dog {number:03d}.wav").write_bytes(number.to_bytes(2, "big") * 200)
    return folder


class Stopper(Indexing):
    """Stops itself at the first event of a phase that has come `after` files far."""

    def __init__(self, phase: str, after: int = 0) -> None:
        super().__init__(self._look)
        self._phase, self._after, self.asked = phase, after, False

    def _look(self, job: Job) -> None:
        if job.phase == self._phase and job.num_done >= self._after and job.state == "running" and not self.asked:
            self.asked = True
            threading.Thread(target=self.stop).start()
            time.sleep(0.05)


@pytest.mark.parametrize(("phase", "after"), [("embed", 5), ("graph", 0), ("caption", 1)])
def test_what_is_done_stays_whenever_it_is_stopped(tmp_path: Path, phase: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.library.index._EVENT_INTERVAL_S", 0.0)
    monkeypatch.setattr("hearken.search.captioning.NUM_SOUNDS_PER_COMMIT", 1)
    monkeypatch.setitem(VectorCache.__init__.__kwdefaults__, "exact_max_windows", 10)
    monkeypatch.setattr("hearken.library.graph._ROWS_PER_ADD", 8)
    sounds = make_sounds(tmp_path / "sounds", 40)
    embedder = FakeEmbedder(delay_s=0.01 if phase == "embed" else 0.0)
    stopper = Stopper(phase, after)
    with Library(tmp_path / "library", embedder, captioner=FakeCaptioner()) as library:
        stopper.start(library.index, [str(sounds)], captions=True)
        job = wait(stopper)
        assert job.state == "stopped"
        kept = library.info().stats
        assert kept.num_files == (40 if phase != "embed" else kept.num_files)
        assert kept.num_files >= 5
        embedder.embedded.clear()
        report = library.index([str(sounds)], captions=True)
        assert (report.unchanged, report.indexed) == (kept.num_files, 40 - kept.num_files)
        assert len(embedder.embedded) == 40 - kept.num_files
        assert library.doctor().ok
        assert library.info().stats.captioners[0].num_sounds == 40


def test_a_scan_that_is_stopped_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.library.index._EVENT_INTERVAL_S", 0.0)
    sounds = make_sounds(tmp_path / "sounds", 40)
    stopper = Stopper("scan", 3)
    with Library(tmp_path / "library", FakeEmbedder()) as library:
        stopper.start(library.index, [str(sounds)])
        assert wait(stopper).state == "stopped"
        assert library.info().stats.num_files == 0
        assert library.index([str(sounds)]).indexed == 40


def test_a_library_that_another_writes_to_is_known(tmp_path: Path) -> None:
    assert locked_by_another(tmp_path / "none") is None
    assert locked_by_another(tmp_path) is None
    lock = WriterLock(str(tmp_path))
    assert "Another process" in locked_by_another(tmp_path).message
    lock.release()
    assert locked_by_another(tmp_path) is None


def test_to_stop_a_run_that_ends_just_now_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be said to be stopping for ever."""
    going, indexing = threading.Event(), Indexing(lambda job: None)
    copy = Job.model_copy

    def slow_copy(self, *, update):
        if update.get("state") == "stopping":
            going.set()  # the run ends now ...
            time.sleep(0.3)  # ... and has the time to say so
        return copy(self, update=update)

    def index(roots, **options):
        going.wait(10)
        return REPORT

    monkeypatch.setattr(Job, "model_copy", slow_copy)
    indexing.start(index, ["/s"])
    indexing.stop()
    assert wait(indexing).state == "done"


def test_who_hears_that_a_run_has_ended_may_start_the_next() -> None:
    started: list[Job] = []

    def tell(job: Job) -> None:
        if job.state == "done" and not started:
            started.append(indexing.start(lambda roots, **options: REPORT, ["/s"]))

    indexing = Indexing(tell)
    indexing.start(lambda roots, **options: REPORT, ["/s"])
    deadline = time.monotonic() + 10
    while not started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert wait(indexing).state == "done"
