"""A few isolated processes for many threads: each request gets one that is free, and those that take long leave some free for others.

A process that was last busy with a file is preferred for the next request of it: it may have it open at the right place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hearken.audio.wire import Array, Message
from hearken.audio.worker import Worker

WAIT_S = 30.0
"""A request that found no free process for so long is given up."""


class Lanes:
    """`size` workers that `make` makes, of which at most `num_long` do what takes long. Each starts at its first request."""

    def __init__(self, make: Callable[[], Worker], size: int, num_long: int = 1) -> None:
        self._idle: list[tuple[str, Worker]] = [("", make()) for _ in range(size)]
        self._all = [worker for _, worker in self._idle]
        self._change = threading.Condition()
        self._long_left = num_long

    def request(self, message: Message, *, limit_s: float, is_long: bool = False, wait_s: float = WAIT_S) -> tuple[Message, list[Array]]:
        """Return the answer to `message`, which names a file in "path".

        Raises what `Worker.request` raises, and TimeoutError when none is free for `wait_s` seconds, or when the work takes longer
        than `limit_s`.
        """
        worker = self._take(str(message["path"]), is_long, wait_s)
        end_s = time.monotonic() + limit_s

        def watch(_: float) -> None:
            if time.monotonic() > end_s:
                raise TimeoutError(f"took longer than {limit_s:g} s")

        try:
            return worker.request(message, on_progress=watch)
        finally:
            self._give(str(message["path"]), worker, is_long)

    def close(self) -> None:
        """End the processes; what is being asked breaks off. A later request starts them again."""
        for worker in self._all:
            worker.close()

    def _take(self, path: str, is_long: bool, wait_s: float) -> Worker:
        with self._change:
            if not self._change.wait_for(lambda: self._idle and (not is_long or self._long_left), wait_s):
                raise TimeoutError("no process is free")
            self._long_left -= is_long
            mine = [index for index, (last, _) in enumerate(self._idle) if last == path]
            return self._idle.pop(mine[-1] if mine else 0)[1]

    def _give(self, path: str, worker: Worker, is_long: bool) -> None:
        with self._change:
            self._long_left += is_long
            self._idle.append((path, worker))
            self._change.notify_all()
