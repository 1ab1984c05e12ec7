"""Patience with those who are connected and ask for nothing: half a header, sent once or drop by drop, would else hold its place for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

WAIT_S = 20.0
MAX_WAITING = 400


class Patience:
    """Closes connections that have not got a request together for `wait_s`, and the longest waiting above `max_waiting` at once.

    `connections` returns the open ones, as uvicorn keeps them: each has its last request as `cycle`, and a `transport`. To be asked
    every second or so (`look`), in the thread of the server's loop.
    """

    def __init__(self, connections: Callable[[], Iterable[Any]], *, wait_s: float = WAIT_S, max_waiting: int = MAX_WAITING) -> None:
        self._connections, self._wait_s, self._max_waiting = connections, wait_s, max_waiting
        self._known: dict[Any, tuple[object, float]] = {}

    async def look(self) -> None:
        """Close what has waited for too long."""
        now_s = time.monotonic()
        waiting = {}
        for each in self._connections():
            last = getattr(each, "cycle", None)  # the request that it is at, or was
            if last is None or last.response_complete:
                before, since_s = self._known.get(each, (last, now_s))
                waiting[each] = (last, since_s if before is last else now_s)
        self._known = waiting
        # who never asked for anything goes first
        oldest = sorted(waiting, key=lambda each: (waiting[each][0] is not None, waiting[each][1]))
        for number, each in enumerate(oldest):
            if number < len(oldest) - self._max_waiting or now_s - waiting[each][1] >= self._wait_s:
                each.transport.close()
