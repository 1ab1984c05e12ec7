"""Crews of workers: order, look-ahead, errors, deaths, and that nothing outlives a break."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psutil
import pytest

from hearken.audio.crew import as_ready, in_order, num_cores
from hearken.audio.worker import Worker
from hearken.errors import HearkenError, WorkerDiedError

Crew = Callable[..., Generator[object, None, None]]
BOTH = pytest.mark.parametrize("crew", [as_ready, in_order])


class FakeWorker:
    """Says whether it is closed, and breaks off its work then."""

    made: list[FakeWorker] = []

    def __init__(self) -> None:
        self.closed, self.users = threading.Event(), 0
        FakeWorker.made.append(self)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    FakeWorker.made = []
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "hearken-crew"]
    assert all(worker.closed.is_set() for worker in FakeWorker.made)


@BOTH
@pytest.mark.parametrize("jobs", [1, 3])
def test_every_task_is_done_once_by_all_workers(crew: Crew, jobs: int) -> None:
    users: set[int] = set()
    together = threading.Barrier(jobs)

    def work(worker: FakeWorker, task: int) -> int:
        worker.users += 1
        assert worker.users == 1, "a worker is used by one thread at a time"
        users.add(id(worker))
        if task < jobs:
            together.wait(30)  # however busy the machine is, each gets one of the first
        time.sleep(0.01 if task % 3 else 0.03)
        worker.users -= 1
        return task * 10

    results = list(crew(range(20), work, FakeWorker, jobs))
    assert (results if crew is in_order else sorted(results)) == [task * 10 for task in range(20)]  # type: ignore[type-var]
    assert len(users) == len(FakeWorker.made) == jobs


def test_as_ready_yields_what_is_ready_first() -> None:
    slow = threading.Event()

    def work(worker: FakeWorker, task: int) -> int:
        if task == 0:
            assert slow.wait(20)
        return task

    results = as_ready(range(6), work, FakeWorker, 2)  # type: ignore[arg-type]
    assert [next(results) for _ in range(5)] == [1, 2, 3, 4, 5]
    slow.set()
    assert list(results) == [0]


def test_in_order_takes_tasks_in_this_thread_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(100):
            assert threading.current_thread() is threading.main_thread()
            taken.append(task)
            yield task

    results = in_order(tasks(), lambda worker, task: task, FakeWorker, 2)  # type: ignore[arg-type,return-value]
    assert next(results) == 0
    assert len(taken) == 8
    results.close()
    assert len(taken) == 8


def test_as_ready_takes_tasks_in_its_threads_and_a_few_ahead() -> None:
    taken: list[str] = []

    def tasks() -> Iterator[int]:
        for task in range(100):
            taken.append(threading.current_thread().name)
            yield task

    results = as_ready(tasks(), lambda worker, task: task, FakeWorker, 2)  # type: ignore[arg-type,return-value]
    next(results)
    deadline_s = time.monotonic() + 20
    while len(taken) < 11:
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
    time.sleep(0.1)
    assert taken == ["hearken-crew"] * 11  # ten, and one for that which was taken away
    results.close()
    assert len(taken) == 11


def test_an_error_of_the_work_is_raised_in_its_turn() -> None:
    def work(worker: FakeWorker, task: int) -> int:
        if task == 3:
            raise ValueError("three")
        return task

    results = in_order(range(10), work, FakeWorker, 2)  # type: ignore[arg-type]
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    with pytest.raises(ValueError, match="three"):
        list(as_ready(range(10), work, FakeWorker, 2))  # type: ignore[arg-type]


@BOTH
def test_an_error_of_the_tasks_is_raised(crew: Crew) -> None:
    def tasks() -> Iterator[int]:
        yield 0
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(crew(tasks(), lambda worker, task: task, FakeWorker, 2))


@BOTH
@pytest.mark.parametrize("jobs", [0, 2])
def test_no_tasks(crew: Crew, jobs: int) -> None:
    assert list(crew([], lambda worker, task: task, FakeWorker, jobs)) == []


@BOTH
def test_closing_breaks_off_what_is_being_done(crew: Crew) -> None:
    started: list[int] = []
    told: list[bool] = []

    def work(worker: FakeWorker, task: int) -> int:
        started.append(task)
        if task:
            told.append(worker.closed.wait(60))
        return task

    results = crew(range(10), work, FakeWorker, 2)
    assert next(results) == 0
    while len(started) < 3:
        time.sleep(0.005)
    results.close()
    assert told == [True, True]
    assert len(started) == 3, "what was begun is broken off, and nothing else begun"


def test_a_thread_that_searched_for_the_next_task_begins_nothing_after_the_stop() -> None:
    searching, begun = threading.Event(), []

    def tasks() -> Iterator[int]:
        yield 0
        searching.set()
        assert FakeWorker.made[0].closed.wait(30)
        yield 1

    def work(worker: FakeWorker, task: int) -> int:
        begun.append(task)
        return task

    results = as_ready(tasks(), work, FakeWorker, 1)  # type: ignore[arg-type]
    next(results)
    assert searching.wait(30)
    results.close()
    assert begun == [0]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a worker's module: it answers the number that it is asked for, dies of "die" and sleeps at "sleep"."""
    (tmp_path / "odd_worker.py").write_text(
        "import os, time\nfrom hearken.audio.worker import serve\n"
        "def handle(message, report):\n"
        "    if message['what'] == 'die': os.abort()\n"
        "    if message['what'] == 'sleep': time.sleep(60)\n"
        "    return {'what': message['what']}, []\n"
        "serve(handle)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "odd_worker"


@BOTH
def test_a_process_that_dies_costs_what_the_work_says(crew: Crew, module: str) -> None:
    def work(worker: Worker, task: object) -> object:
        try:
            return worker.request({"what": task})[0]["what"]
        except HearkenError as error:
            return type(error)

    results = list(crew([1, "die", 2, 3], work, lambda: Worker(module), 1))
    assert results == [1, WorkerDiedError, 2, 3]


@BOTH
def test_closing_ends_the_processes_at_once(crew: Crew, module: str) -> None:
    before = {child.pid for child in psutil.Process().children()}
    answered: list[object] = []

    def work(worker: Worker, task: object) -> None:
        answered.append(worker.request({"what": task})[0]["what"])

    results = crew([1, *["sleep"] * 20], work, lambda: Worker(module), 2)
    next(results)
    results.close()
    assert answered == [1], "nobody waited for those that sleep"
    assert [child for child in psutil.Process().children() if child.pid not in before] == []


def test_cores_are_those_that_we_may_use() -> None:
    assert 1 <= num_cores() <= (os.cpu_count() or 1)
