"""Several isolated processes on one list of requests; a request that kills its process costs itself alone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from hearken.audio.wire import Array, Message
from hearken.audio.worker import Worker
from hearken.errors import HearkenError

Answer = tuple[Message, list[Array]]
Result = tuple[Message, Answer | HearkenError]
_WAITING_PER_JOB = 4


def work(requests: Iterable[Message], make_worker: Callable[[], Worker], jobs: int) -> Iterator[Result]:
    """Yield (request, answer or error) as each gets ready; `requests` is read as processes get free.

    Closing the iterator early, as Ctrl-C does, ends the processes. Any other error of a thread is raised here.
    """
    crew = _Crew(iter(requests), make_worker, jobs)
    try:
        yield from crew.results()
    finally:
        crew.stop()


class _Crew:
    """The threads that each drive one process, and the queue that they share."""

    def __init__(self, requests: Iterator[Message], make_worker: Callable[[], Worker], jobs: int) -> None:
        self._requests, self._lock, self._stopping = requests, threading.Lock(), threading.Event()
        self._results: queue.Queue[Result | BaseException | None] = queue.Queue(_WAITING_PER_JOB * jobs)
        self._workers = [make_worker() for _ in range(jobs)]
        self._threads = [threading.Thread(target=self._drive, args=(worker,), daemon=True) for worker in self._workers]
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
        """Let no thread start another request, end the processes, and wait for the threads."""
        self._stopping.set()
        for worker, thread in zip(self._workers, self._threads, strict=True):
            while thread.is_alive():
                worker.close()  # each time: a thread that was just about to ask starts the process again
                while not self._results.empty():  # so that no thread waits for a consumer that is gone
                    self._results.get_nowait()
                thread.join(timeout=0.05)
            worker.close()

    def _drive(self, worker: Worker) -> None:
        try:
            while (request := self._next()) is not None:
                try:
                    answer: Answer | HearkenError = worker.request(request)
                except HearkenError as error:
                    answer = error
                self._results.put((request, answer))
        except BaseException as error:  # noqa: BLE001 - handed to the consumer's thread, which raises it
            self._results.put(error)
        finally:
            self._results.put(None)

    def _next(self) -> Message | None:
        with self._lock:
            return None if self._stopping.is_set() else next(self._requests, None)
