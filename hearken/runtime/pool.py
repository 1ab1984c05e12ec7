"""Vectors for many files: several isolated processes, each working on one file at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hearken.audio.worker import Worker
from hearken.errors import AudioReadError, HearkenError, ModelError, WorkerDiedError
from hearken.runtime.catalog import find_model, model_info
from hearken.runtime.model import embed_worker, load_model
from hearken.runtime.reply import read_reply
from hearken.types import EmbeddedFile, Failure, ProgressCallback

Result = tuple[str, EmbeddedFile | Failure]
_QUEUE_PER_JOB = 4  # finished files that may wait for the consumer; more would only hold memory


class FileEmbedder:
    """Implements `hearken.types.Embedder` for a model given by name or folder.

    A file that crashes, hangs or exhausts its process costs that file alone: it becomes a Failure and the process is
    started again.
    """

    def __init__(self, name_or_path: str | Path = "pocket") -> None:
        self._folder = find_model(name_or_path)
        info = model_info(self._folder)
        self.name, self.digest, self.dim = info.name, info.digest, info.dim

    def embed_files(self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None) -> Iterator[Result]:
        """Yield (path, EmbeddedFile or Failure) for every path, as each gets ready. `paths` is read as workers get free.

        Closing the iterator early stops the workers. An error raised by `paths` itself is raised here; so is ModelError,
        before the first path is taken when the model is damaged, and later when another one takes its place.
        """
        load_model(self._folder).warm_audio()  # a damaged model is one error here, not one for each file
        crew = _Crew(lambda: embed_worker(self._folder, self.digest), self.dim, iter(paths), jobs, on_progress)
        try:
            yield from crew.results()
        finally:
            crew.stop()


class _Crew:
    """The threads that each drive one worker process, and the queue that they share."""

    def __init__(
        self, make_worker: Callable[[], Worker], dim: int, paths: Iterator[str], jobs: int, on_progress: ProgressCallback | None
    ) -> None:
        self._dim, self._paths, self._on_progress = dim, paths, on_progress
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._results: queue.Queue[Result | BaseException | None] = queue.Queue(_QUEUE_PER_JOB * jobs)
        self._workers = [make_worker() for _ in range(jobs)]
        self._threads = [threading.Thread(target=self._drive, args=(worker,), name="hearken-pool", daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[Result]:
        """Yield results until every thread has signed off."""
        running = len(self._threads)
        while running:
            item = self._results.get()
            if item is None:
                running -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def stop(self) -> None:
        """Let no thread start another file, end the processes, and wait for the threads."""
        self._stopping.set()
        for worker, thread in zip(self._workers, self._threads, strict=True):
            while thread.is_alive():
                worker.close()  # each time: a thread that was just about to ask starts the process again
                self._drain()
                thread.join(timeout=0.05)
            worker.close()

    def _drain(self) -> None:
        """Make room, so that no thread waits for a consumer that is gone."""
        while not self._results.empty():
            self._results.get_nowait()

    def _drive(self, worker: Worker) -> None:
        try:
            while (path := self._next_path()) is not None:
                self._results.put((path, self._embed(worker, path)))
        except BaseException as error:  # noqa: BLE001 - handed to the consumer's thread, which raises it
            self._results.put(error)
        finally:
            self._results.put(None)

    def _next_path(self) -> str | None:
        with self._lock:
            path = None if self._stopping.is_set() else next(self._paths, None)
            return None if self._stopping.is_set() else path  # finding the next one may take long

    def _embed(self, worker: Worker, path: str) -> EmbeddedFile | Failure:
        def progress(seconds: float) -> None:
            if self._on_progress:
                self._on_progress(path, seconds)

        try:
            return read_reply(worker.request({"path": path}, on_progress=progress), self._dim)
        except ModelError:  # another model is there now: that is no fault of the file
            raise
        except HearkenError as error:
            return Failure(path, _stage(error), type(error).__name__, error.message, error.hint)


def _stage(error: HearkenError) -> str:
    """Where it went wrong. A worker's death need not be the file's fault (a machine out of memory), so it is told apart."""
    if isinstance(error, WorkerDiedError):
        return "worker"
    return "read" if isinstance(error, AudioReadError) else "decode"
