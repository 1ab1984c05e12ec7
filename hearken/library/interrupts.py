"""Ctrl-C, noticed at once: work that goes on in another thread learns of it before anybody waits for that thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def set_when_interrupted(flag: threading.Event) -> Iterator[None]:
    """Set `flag`, while inside, when Ctrl-C raises KeyboardInterrupt, wherever in the main thread that is.

    The exception alone comes too late: it may be raised inside a generator of somebody else, which ends its threads (and
    so waits for them) before its caller hears of anything. Does nothing in other threads, which Ctrl-C never interrupts,
    nor where SIGINT is ignored; a handler of the program that raises nothing is no interruption.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except BaseException:
            flag.set()
            raise

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
