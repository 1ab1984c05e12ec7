from __future__ import annotations

import os
import threading
import time
import wave
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hearken.audio.worker import Worker
from hearken.train.feed.ahead import Crew, ahead
from hearken.train.feed.sound_worker import worker
from tests.train.feed.sounding import no_thread_left


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    with no_thread_left():
        yield


def write_long_wav(path: Path) -> Path:
    """A day of silence, of which the disk has the header alone."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8_000, 0, "NONE", ""))
    content = bytearray(path.read_bytes())
    num_bytes = 24 * 3600 * 8_000
    content[4:8], content[40:44] = (num_bytes + 36).to_bytes(4, "little"), num_bytes.to_bytes(4, "little")
    path.write_bytes(content)
    os.truncate(path, num_bytes + 44)
    return path


def doubled(crew: Crew) -> Generator[int, None, None]:
    def work(_: Worker, task: int) -> int:
        if task == 13:
            raise ValueError("thirteen")
        return 2 * task

    with closing(crew.in_order(iter(range(20)), work)) as found:
        yield from found


def test_things_come_in_order_and_errors_in_their_turn() -> None:
    taken = ahead(doubled, worker, jobs=2, most=3)
    assert [next(taken) for _ in range(13)] == [2 * number for number in range(13)]
    with pytest.raises(ValueError, match="thirteen"):
        next(taken)


def test_no_more_is_made_than_was_asked_for() -> None:
    made = []

    def make(_: Crew) -> Generator[int, None, None]:
        for number in range(100):
            made.append(number)
            yield number

    with closing(ahead(make, worker, jobs=1, most=2)) as taken:
        assert next(taken) == 0
        time.sleep(0.2)
        assert len(made) <= 5


def test_closing_ends_a_process_that_is_busy(tmp_path: Path) -> None:
    path = write_long_wav(tmp_path / "long.wav")
    begun, ended = threading.Event(), list[str]()

    def work(process: Worker, path: str) -> int:
        process.request({"path": path, "rate_hz": 8_000, "num_samples": 1, "place": 0.0}, on_progress=lambda _: begun.set())
        ended.append(path)
        return 0

    def make(crew: Crew) -> Generator[int, None, None]:
        yield 0
        with closing(crew.in_order(iter([str(path)] * 9), work)) as found:
            yield from found

    taken = ahead(make, worker, jobs=2, most=2)
    assert next(taken) == 0
    assert begun.wait(30.0)
    taken.close()
    assert ended == []  # nobody waited until a day was decoded


def test_an_empty_iterator_ends() -> None:
    def make(_: Crew) -> Generator[int, None, None]:
        yield from ()

    assert list(ahead(make, worker, jobs=1, most=1)) == []
