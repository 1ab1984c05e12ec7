"""News of a library for any number of listeners: each has a mailbox that holds the latest of every kind, so it never fills up.

`publish` may be called from any thread. A listener that is slow misses what was overtaken by later news, never the latest; one that
has gone is dropped with its mailbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator


class Mailbox:
    """What one listener has not read yet. To be used in the thread of its event loop."""

    def __init__(self, news: dict[str, str]) -> None:
        self._news = dict(news)
        self._ready = asyncio.Event()
        self._ended = False
        if news:
            self._ready.set()

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._ended

    def put(self, news: dict[str, str]) -> None:
        """Put in the latest of some kinds."""
        self._news |= news
        self._ready.set()

    def end(self) -> None:
        """Say that nothing will come any more."""
        self._ended = True
        self._ready.set()

    async def take(self, timeout_s: float) -> dict[str, str]:
        """Return what has come, by kind, in the order in which kinds first came; nothing when nothing came in time, or all has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        if not self._ended:
            self._ready.clear()
        news, self._news = self._news, {}
        return news


class Broadcast:
    """All listeners to one library, and the latest news of every kind, which a new listener gets at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boxes: set[Mailbox] = set()
        self._latest: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def num_listeners(self) -> int:
        """How many listen now."""
        return len(self._boxes)

    def publish(self, kind: str, text: str) -> None:
        """Tell everybody; the same again is no news."""
        with self._lock:
            if self._latest.get(kind) == text:
                return
            self._latest[kind] = text
            is_due = not self._waiting  # otherwise the loop is on its way, and takes this along
            self._waiting[kind] = text
            loop = self._loop
            if loop is None:
                self._waiting = {}
                return
        if is_due:
            with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody is left to be told
                loop.call_soon_threadsafe(self._deliver)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Mailbox]:
        """Listen while inside; what is known now comes first."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            box = Mailbox(self._latest)
            self._boxes.add(box)
        try:
            yield box
        finally:
            with self._lock:
                self._boxes.discard(box)
                if not self._boxes:
                    self._loop, self._waiting = None, {}

    def end(self) -> None:
        """End all listening; may be called from any thread, and from a handler of signals."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end_all)

    def _deliver(self) -> None:
        with self._lock:
            news, self._waiting = self._waiting, {}
            boxes = list(self._boxes)
        for box in boxes:
            box.put(news)

    def _end_all(self) -> None:
        for box in list(self._boxes):
            box.end()
