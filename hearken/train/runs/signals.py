"""Ctrl-C and SIGTERM, while training: finish the step, write a checkpoint, and end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTICE = b"\nStopping after this step; once more ends at once.\n"


class Stop:
    """Call it to ask whether training should stop; `signal` is the number of what asked for it, 0 before."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.signal, self._quiet = 0, quiet
        self._is_asked = self._has_raised = False

    def __call__(self) -> bool:
        """Say whether a signal has come."""
        self._is_asked = True
        return self.signal != 0

    def hush(self) -> None:
        """Say nothing on stderr from now on: this process is not the first, which says it for all."""
        self._quiet = True

    def handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what Python calls handlers with
        """Take a signal. While nobody has asked yet there is nothing to save, and who signals twice will not wait: KeyboardInterrupt."""
        again, self.signal = self.signal, number
        if again or not self._is_asked:
            self._has_raised = True
            raise KeyboardInterrupt
        if not self._quiet:
            with suppress(OSError):  # the terminal may have gone
                os.write(2, _NOTICE)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Make KeyboardInterrupt again of what became of the one that `handle` raised.

        Native modules that are just being loaded make an ImportError of it, and who imports them may make something else of that.
        """
        try:
            yield
        except Exception as error:
            if self._has_raised:
                raise KeyboardInterrupt from error
            raise


@contextmanager
def stopping(*, quiet: bool = False) -> Iterator[Stop]:
    """Give a `Stop` that SIGINT and SIGTERM set while inside; then they do again what they did before.

    With `quiet` nothing is said on stderr. In a thread that is not the main one, which gets no signals, and where a signal is ignored, such as under nohup, it stays as it is.
    """
    stop, before = Stop(quiet=quiet), {}
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
