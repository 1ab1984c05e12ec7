"""Work on many things by several isolated processes: a thread drives each, and none of either outlives the work.

`as_ready` and `in_order` call ``work(worker, task)`` in those threads. What becomes of a task whose process dies is for
`work` to say: it may catch WorkerDiedError and answer something else, or ask again, for the next request starts another process.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

from hearken.audio.worker import Worker

Task = TypeVar("Task")
Result = TypeVar("Result")
_AHEAD_PER_JOB = 4  # results that may wait for who wants them, or for an earlier one; more would only hold memory


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def as_ready(
    tasks: Iterable[Task], work: Callable[[Worker, Task], Result], make_worker: Callable[[], Worker], jobs: int
) -> Generator[Result, None, None]:
    """Yield `work(worker, task)` for every task, as each gets ready, with `jobs` workers (at least one) at it.

    The threads themselves read `tasks`, one at a time and as they get free: finding the next may take long. What `tasks` or
    `work` raises is raised here. Closing the generator breaks off what is being done, and ends processes and threads.
    """
    jobs = max(1, jobs)
    source, reading, stopping = ((task,) for task in tasks), threading.Lock(), threading.Event()
    slots = threading.Semaphore(jobs * (1 + _AHEAD_PER_JOB))
    results: queue.SimpleQueue[tuple[Result] | BaseException | None] = queue.SimpleQueue()

    def take() -> tuple[Task] | None:
        slots.acquire()
        with reading:
            found = None if stopping.is_set() else next(source, None)
        return None if stopping.is_set() else found

    def drive(worker: Worker) -> None:
        try:
            while found := take():
                results.put((work(worker, *found),))
        except BaseException as error:  # noqa: BLE001 - handed to the consumer's thread, which raises it
            results.put(error)
        finally:
            results.put(None)

    crew, running = _Crew(drive, make_worker, jobs), jobs
    try:
        while running:
            result = results.get()
            slots.release()
            if isinstance(result, BaseException):
                raise result
            if result:
                yield result[0]
            else:
                running -= 1
    finally:
        stopping.set()
        slots.release(jobs)
        crew.stop()


def in_order(
    tasks: Iterable[Task], work: Callable[[Worker, Task], Result], make_worker: Callable[[], Worker], jobs: int
) -> Generator[Result, None, None]:
    """Yield `work(worker, task)` for every task, in their order, with `jobs` workers (at least one) at it.

    `tasks` is read here, in the caller's thread, at most a few for each worker ahead of what was yielded. What `tasks` or
    `work` raises is raised here, in its turn. Closing the generator breaks off what is being done, and ends processes and threads.
    """
    jobs = max(1, jobs)
    stopping = threading.Event()
    todo: queue.SimpleQueue[tuple[Future[Result], Task] | None] = queue.SimpleQueue()
    waiting: deque[Future[Result]] = deque()

    def drive(worker: Worker) -> None:
        while (found := todo.get()) and not stopping.is_set():
            future, task = found
            try:
                future.set_result(work(worker, task))
            except BaseException as error:  # noqa: BLE001 - handed to the consumer's thread, which raises it
                future.set_exception(error)

    crew = _Crew(drive, make_worker, jobs)
    try:
        for task in tasks:
            waiting.append(Future())
            todo.put((waiting[-1], task))
            if len(waiting) >= jobs * _AHEAD_PER_JOB:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        stopping.set()
        for _ in range(jobs):
            todo.put(None)
        crew.stop()


class _Crew:
    """The workers, and a thread for each, which runs `drive(worker)`."""

    def __init__(self, drive: Callable[[Worker], None], make_worker: Callable[[], Worker], jobs: int) -> None:
        self._workers = [make_worker() for _ in range(jobs)]
        self._threads = [threading.Thread(target=drive, args=(worker,), name="hearken-crew", daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the processes at once, and wait for the threads, which must have been told to take no further task."""
        while alive := [thread for thread in self._threads if thread.is_alive()]:
            for worker in self._workers:
                worker.close()  # each time: a thread that was just about to ask starts its process again
            alive[0].join(timeout=0.05)
        for worker in self._workers:
            worker.close()
