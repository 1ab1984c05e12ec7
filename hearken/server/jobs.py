"""Indexing on behalf of the page: at most one run for a library, in a thread; the sounds are heard by processes of their own.

A run is stopped by an exception out of its progress callback, which every phase of it calls about ten times a second: what is done by
then has been committed, or is committed on the way out (`library/ingest.py`), and the next run goes on from there. It is no HearkenError,
as those of single files end in the ledger.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hearken.errors import HearkenError, InputError, LockedError, show
from hearken.server import problems
from hearken.server.schemas import ErrorOut, Job
from hearken.server.times import when

if TYPE_CHECKING:
    from hearken.library.index import IndexEvent, IndexReport

STOP_WAIT_S = 10.0
_MAX_NAME_CHARS = 200

Tell = Callable[[Job], None]


class Indexer(Protocol):
    """What a job runs: `Library.index` of one library."""

    def __call__(self, roots: Sequence[str], *, retry_failed: bool, captions: bool, on_event: Callable[[IndexEvent], None]) -> IndexReport:
        """Index `roots`; see `hearken.search.library.Library.index`."""
        ...


class StoppedError(Exception):
    """The run was told to stop."""


class BusyError(Exception):
    """A run is under way already."""


class Indexing:
    """The run of one library, or the last one. `tell` is called with every new state, from any thread."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._job = Job(state="idle")

    @property
    def job(self) -> Job:
        """How far it is."""
        return self._job

    @property
    def is_running(self) -> bool:
        """Whether a run is under way; one that has told how it ended is not, so the next may begin."""
        with self._lock:
            return self._thread is not None and self._thread.is_alive() and self._job.state in {"running", "stopping"}

    def start(self, index: Indexer, roots: Sequence[str], *, retry_failed: bool = False, captions: bool = False) -> Job:
        """Start a run. Raises BusyError while one is under way, InputError for no roots."""
        if not roots:
            raise InputError("No folder of this library may be indexed from here.", "Start the server with `hearken serve --root DIR`.")
        with self._lock:
            if self.is_running:
                raise BusyError
            self._stop.clear()
            job = self._job = Job(state="running", phase="scan", started=when(time.time()))
            arguments = (index, list(roots), retry_failed, captions)
            self._thread = threading.Thread(target=self._run, args=arguments, name="hearken-indexing", daemon=True)
            self._thread.start()
        return job

    def stop(self) -> Job:
        """Have the run stop soon; harmless when there is none."""
        with self._lock:
            if self.is_running and self._job.state == "running":
                self._stop.set()
                self._set(state="stopping")
        return self._job

    def close(self, timeout_s: float = STOP_WAIT_S) -> bool:
        """Stop the run and wait for it, but not for ever; return whether it has ended. What is left ends with the process."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self.is_running

    def _run(self, index: Indexer, roots: list[str], retry_failed: bool, captions: bool) -> None:
        self._tell(self._job)
        try:
            report = index(roots, retry_failed=retry_failed, captions=captions, on_event=self._note)
            self._set(state="done", phase="done", name="", num_failed=report.failed, report=_numbers(report))
        except StoppedError:
            self._set(state="stopped", name="")
        except HearkenError as error:
            self._set(state="failed", name="", error=_told(error))
        except Exception as error:  # noqa: BLE001  the border of the thread: whatever it is, who waits must hear of it
            self._set(
                state="failed", name="", error=ErrorOut(code="internal", message=f"Indexing failed: {type(error).__name__}.", hint=_HINT)
            )

    def _note(self, event: IndexEvent) -> None:
        """Take one event of the run, which may come from any of its threads. Raises StoppedError once it is to stop."""
        if self._stop.is_set():
            raise StoppedError
        self._set(
            phase=event.phase,
            num_done=event.num_done,
            num_total=event.num_total,
            audio_s=round(event.audio_s, 1),
            rate=round(event.rate, 1),
            num_failed=event.num_failed,
            name=show(os.path.basename(event.path))[:_MAX_NAME_CHARS],
        )

    def _set(self, **changes: Any) -> None:  # noqa: ANN401  fields of Job
        with self._lock:  # or of two changes at a time, that of the run and that of who stops it, one would be lost
            self._job = self._job.model_copy(update=changes)
            self._tell(self._job)


_HINT = "The server's output tells more; `hearken index` of the folder in a terminal, too."


def locked_by_another(folder: Path) -> LockedError | None:
    """Return the error that says so where another process (or a store elsewhere in this one) is writing to the library in `folder`."""
    from hearken.library.lock import WriterLock

    if not folder.is_dir():
        return None
    try:
        WriterLock(str(folder)).release()
    except LockedError as error:
        return error
    except HearkenError:  # it cannot be written: the run itself says why
        return None
    return None


def _told(error: HearkenError) -> ErrorOut:
    return ErrorOut(**problems.told(error)["error"])


def _numbers(report: IndexReport) -> dict[str, float | int | list[str]]:
    numbers = asdict(report)
    absent = [show(os.path.basename(path) or path) for path in numbers.pop("absent")]
    return {name: round(value, 3) for name, value in numbers.items()} | {"absent": absent}
