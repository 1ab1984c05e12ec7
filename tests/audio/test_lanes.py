import threading
import time

import pytest

from hearken.audio.lanes import Lanes


class FakeWorker:
    """Answers with its own number, after the seconds that the message says."""

    def __init__(self, number: int) -> None:
        self.number, self.is_closed = number, False

    def request(self, message, *, on_progress):
        end_s = time.monotonic() + message.get("seconds", 0.0)
        on_progress(0.0)
        while time.monotonic() < end_s:
            time.sleep(0.01)
            on_progress(0.0)
        return {"number": self.number}, []

    def close(self) -> None:
        self.is_closed = True


def lanes(size: int, num_long: int = 1) -> tuple[Lanes, list[FakeWorker]]:
    made: list[FakeWorker] = []

    def make() -> FakeWorker:
        made.append(FakeWorker(len(made)))
        return made[-1]

    return Lanes(make, size, num_long), made


def test_the_process_that_knows_a_file_gets_it_again() -> None:
    pool, _ = lanes(3)
    numbers = {path: pool.request({"path": path}, limit_s=1.0)[0]["number"] for path in ("a", "b", "c")}
    assert sorted(numbers.values()) == [0, 1, 2]
    for path in "cabbca":
        assert pool.request({"path": path}, limit_s=1.0)[0]["number"] == numbers[path]


def test_what_takes_long_leaves_room_for_others() -> None:
    pool, _ = lanes(2)
    threads = [
        threading.Thread(target=pool.request, args=({"path": str(n), "seconds": 0.4},), kwargs={"limit_s": 5.0, "is_long": True})
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    begin_s = time.monotonic()
    pool.request({"path": "x"}, limit_s=1.0, wait_s=0.2)
    assert time.monotonic() - begin_s < 0.2
    with pytest.raises(TimeoutError, match="no process is free"):
        pool.request({"path": "y"}, limit_s=1.0, is_long=True, wait_s=0.05)
    for thread in threads:
        thread.join()
    pool.request({"path": "y"}, limit_s=1.0, is_long=True, wait_s=0.05)


def test_what_takes_too_long_is_broken_off_and_all_are_closed() -> None:
    pool, made = lanes(1)
    with pytest.raises(TimeoutError, match=r"longer than 0\.05 s"):
        pool.request({"path": "x", "seconds": 5.0}, limit_s=0.05)
    assert pool.request({"path": "x"}, limit_s=1.0)[0] == {"number": 0}
    pool.close()
    assert all(worker.is_closed for worker in made)
