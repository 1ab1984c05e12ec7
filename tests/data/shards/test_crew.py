"""Order of results, errors and breaking off."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from hearken.data.shards.crew import ordered


class FakeWorker:
    """Counts how often it is closed; its work can be broken off by that."""

    made: list[FakeWorker] = []

    def __init__(self) -> None:
        self.closed, self.users = threading.Event(), 0
        FakeWorker.made.append(self)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def _none() -> Iterator[None]:
    FakeWorker.made = []
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hearken-pack")]


def test_results_come_in_order_from_all_workers() -> None:
    users: set[int] = set()

    def work(worker: FakeWorker, task: int) -> int:
        worker.users += 1
        assert worker.users == 1, "a worker is used by one thread at a time"
        users.add(id(worker))
        time.sleep(0.01 if task % 3 else 0.03)
        worker.users -= 1
        return task * 10

    assert list(ordered(range(20), work, FakeWorker, 3)) == [task * 10 for task in range(20)]  # type: ignore[arg-type]
    assert len(users) == len(FakeWorker.made) == 3
    assert all(worker.closed.is_set() for worker in FakeWorker.made)


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(100):
            taken.append(task)
            yield task

    results = ordered(tasks(), lambda worker, task: task, FakeWorker, 2)  # type: ignore[arg-type]
    assert next(results) == 0
    assert len(taken) == 8
    results.close()
    assert len(taken) == 8


def test_an_error_of_the_work_is_raised_in_its_place() -> None:
    def work(worker: FakeWorker, task: int) -> int:
        if task == 3:
            raise ValueError("three")
        return task

    results = ordered(range(10), work, FakeWorker, 2)  # type: ignore[arg-type]
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_closing_breaks_off_what_is_being_done() -> None:
    def work(worker: FakeWorker, task: int) -> int:
        if task:
            assert worker.closed.wait(20)
        return task

    results = ordered(range(10), work, FakeWorker, 2)  # type: ignore[arg-type]
    start_s = time.monotonic()
    assert next(results) == 0
    results.close()
    assert time.monotonic() - start_s < 5


def test_no_tasks() -> None:
    assert list(ordered([], lambda worker, task: task, FakeWorker, 2)) == []  # type: ignore[arg-type]
