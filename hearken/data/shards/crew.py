"""Work on many things by several isolated processes, with the results in the order of the things."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from hearken.audio.worker import Worker

Task = TypeVar("Task")
Result = TypeVar("Result")
_AHEAD_PER_JOB = 4  # results that may wait for an earlier one; more would only hold memory


def ordered(
    tasks: Iterable[Task], work: Callable[[Worker, Task], Result], make_worker: Callable[[], Worker], jobs: int
) -> Generator[Result, None, None]:
    """Yield `work(worker, task)` for every task, in order, with `jobs` workers at it. `tasks` is read as workers get free.

    What `work` raises is raised here. Closing the generator breaks off what is being done, and ends the processes.
    """
    workers = [make_worker() for _ in range(jobs)]
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)
    stopping = threading.Event()

    def run(task: Task) -> Result | None:
        worker = idle.get()
        try:
            return None if stopping.is_set() else work(worker, task)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="hearken-pack")
    waiting: deque[Future[Result | None]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(run, task))
            if len(waiting) >= jobs * _AHEAD_PER_JOB:
                yield _result(waiting)
        while waiting:
            yield _result(waiting)
    finally:
        stopping.set()
        _break_off(waiting, workers)
        pool.shutdown()


def _result(waiting: deque[Future[Result | None]]) -> Result:
    result = waiting[0].result()
    waiting.popleft()
    return result  # type: ignore[return-value]  # None comes only when everything is being broken off


def _break_off(waiting: Iterable[Future[Result | None]], workers: Iterable[Worker]) -> None:
    """End the processes; again and again, for a thread that was just about to ask starts its process anew."""
    running = [future for future in waiting if not future.cancel()]
    while True:
        for worker in workers:
            worker.close()
        if not wait(running, timeout=0.05).not_done:
            break
    for worker in workers:
        worker.close()
