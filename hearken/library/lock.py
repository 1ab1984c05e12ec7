"""One writer at a time: a lock that the operating system releases when its holder dies, and a note of who holds it."""

from __future__ import annotations

import os

from filelock import FileLock, Timeout

from hearken.errors import LockedError, StoreError, show


class WriterLock:
    """The lock of the library `folder`, held from construction to `release`.

    Raises LockedError at once when another process (or another store in this one) holds it, and StoreError when the
    folder cannot be written. The holder's process id lies in `lock.pid` for the message only; the lock itself decides,
    so a note left by a killed writer locks nobody out.
    """

    def __init__(self, folder: str) -> None:
        self._note = os.path.join(folder, "lock.pid")
        # thread_local=False: whoever closes the store releases the lock, on whatever thread it was taken
        self._lock = FileLock(os.path.join(folder, "lock"), timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            holder = self._holder()
            raise LockedError(
                f"Another process{holder} is writing to the library {show(folder)}.",
                "Wait for it to finish, or stop it; searching works meanwhile.",
            ) from None
        except OSError as error:
            raise StoreError(
                f"The library {show(folder)} cannot be written: {error.strerror}.",
                "Check its permissions, or name another place with --library.",
            ) from error
        self._write_note()

    def release(self) -> None:
        """Let the next writer in; harmless when done already."""
        if self._lock.is_locked:
            self._remove_note()
            self._lock.release()

    def _holder(self) -> str:
        try:
            with open(self._note, encoding="ascii") as file:
                return f" (process {int(file.read(20))})"
        except (OSError, ValueError):
            return ""

    def _write_note(self) -> None:
        try:
            with open(self._note, "w", encoding="ascii") as file:
                file.write(str(os.getpid()))
        except OSError:  # a full disk must not keep us from deleting; the note only serves a message
            self._remove_note()

    def _remove_note(self) -> None:
        try:
            os.unlink(self._note)
        except OSError:
            return
