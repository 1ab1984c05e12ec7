"""Things that are made in the background, a few ahead of who takes them, and no longer than anybody wants them."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Generic, TypeVar

from hearken.audio.crew import in_order
from hearken.audio.worker import Worker

Task = TypeVar("Task")
Result = TypeVar("Result")
_LOOK_S = 0.5  # how often who waits looks whether there is still somebody to wait for


class Crew:
    """The workers behind an iterator of `ahead`: they make things in order, until all is to stop."""

    def __init__(self, make_worker: Callable[[], Worker], jobs: int) -> None:
        self._make_worker, self._jobs = make_worker, jobs
        self._stopping = threading.Event()
        self._workers: list[Worker] = []

    @property
    def is_stopping(self) -> bool:
        """Whether nobody wants anything any more."""
        return self._stopping.is_set()

    def in_order(self, tasks: Iterator[Task], work: Callable[[Worker, Task], Result]) -> Generator[Result, None, None]:
        """Yield `work(worker, task)` for every task, in their order; close it when done."""

        def guarded(worker: Worker, task: Task) -> Result:
            if self.is_stopping:
                raise _StoppedError
            return work(worker, task)

        return in_order(tasks, guarded, self._new_worker, self._jobs)

    def stop(self, thread: threading.Thread) -> None:
        """End the processes, and `thread`, which takes from them."""
        self._stopping.set()
        while thread.is_alive():
            for worker in self._workers:
                worker.close()  # again and again: one that was just about to be asked starts its process anew
            thread.join(timeout=0.02)

    def _new_worker(self) -> Worker:
        self._workers.append(self._make_worker())
        return self._workers[-1]


class _StoppedError(Exception):
    """Nobody wants it any more."""


def ahead(
    make: Callable[[Crew], Generator[Result, None, None]], make_worker: Callable[[], Worker], *, jobs: int, most: int
) -> Generator[Result, None, None]:
    """Yield what `make(crew)` yields, made by a thread of its own, at most `most` ahead.

    What it raises is raised here, in its turn. Closing the iterator, or an error where it is used, ends threads and processes at once.
    """
    crew = Crew(make_worker, jobs)
    ready = _Ready[Result](crew, most)
    thread = threading.Thread(target=ready.fill, args=(make,), name="hearken-ahead", daemon=True)
    thread.start()
    try:
        while found := ready.take(thread):
            yield found[0]
    finally:
        crew.stop(thread)


class _Ready(Generic[Result]):
    """What is made and not yet taken: at most `most` things, and at last None, or the error that ended it."""

    def __init__(self, crew: Crew, most: int) -> None:
        self._crew = crew
        self._queue: queue.Queue[tuple[Result] | BaseException | None] = queue.Queue(maxsize=most)

    def fill(self, make: Callable[[Crew], Generator[Result, None, None]]) -> None:
        """Put there all that `make` yields, until all is to stop."""
        last: BaseException | None = None
        try:
            with closing(make(self._crew)) as made:
                for each in made:
                    self._put((each,))
                    if self._crew.is_stopping:
                        break
        except BaseException as error:  # noqa: BLE001 - handed to who takes, whose thread raises it
            last = error
        self._put(last)

    def take(self, thread: threading.Thread) -> tuple[Result] | None:
        """Return the next thing, None after the last; raise what ended it.

        It looks up now and then, so that Ctrl-C is heard on every system and nobody waits for a thread that is no more.
        """
        while True:
            try:
                found = self._queue.get(timeout=_LOOK_S)
            except queue.Empty:
                if not thread.is_alive() and self._queue.empty():
                    raise RuntimeError("the thread that makes things ended without a word") from None
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def _put(self, each: tuple[Result] | BaseException | None) -> None:
        while not self._crew.is_stopping:
            with contextlib.suppress(queue.Full):
                self._queue.put(each, timeout=_LOOK_S / 10)
                return
