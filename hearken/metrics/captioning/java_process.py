"""A program that others wrote, talked to line by line, which ends when its time is up: with all that it started, whatever it does.

METEOR and SPICE are programs of Java. They have been seen to wait for ever at full load, to die at the first line, to answer with empty
lines, and to leave children and files behind. So there is one limit of time for a whole conversation, a process group of its own
that is killed at its end, and no file outside a folder that is deleted then. No shell is involved, and nothing is fetched.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hearken.errors import show

_LINE_BYTES, _LINES_KEPT, _WORDS_KEPT_BYTES, _REASON_CHARS = 1 << 16, 1024, 1 << 14, 200
_SETTLE_S, _LOOK_S = 2.0, 0.02
_FAULT = re.compile(r"\b\w*(Error|Exception)\b|not found|[Ii]nvalid|unsupported", re.ASCII)


class NotAvailableError(Exception):
    """Why a metric of another program cannot be had here, as a sentence; it never leaves `JavaMetrics`."""


class Program:
    """The running program `command`, whose whole life is `limit_s` seconds at most. It is a context: at its end nothing of it is left.

    It runs in a folder of its own with `files`, name to content; `folder` is that folder while the program lives. All methods raise
    NotAvailableError where the program does not exist, ends too early or has used up its time.
    """

    def __init__(self, command: Sequence[str], *, limit_s: float, files: Mapping[str, bytes] | None = None) -> None:
        self._command, self._limit_s, self._files = list(command), limit_s, files or {}
        self._lines: queue.Queue[str | None] = queue.Queue(_LINES_KEPT)
        self._over, self._words = threading.Event(), b""
        self._threads: list[threading.Thread] = []
        self._has_been_killed = False

    def __enter__(self) -> Self:
        self._until = time.monotonic() + self._limit_s
        with contextlib.ExitStack() as undo:
            try:
                self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="hearken-java-", ignore_cleanup_errors=True)))
                for name, content in self._files.items():
                    (self.folder / name).write_bytes(content)
                self._process = _start(self._command, self.folder)
            except (OSError, ValueError) as error:
                raise NotAvailableError(f"The program {show(self._command[0])} does not start: {show(str(error))}.") from error
            self._undo = undo.pop_all()
        self._listener = self._begin(self._listen, self._process.stderr)
        self._begin(self._read, self._process.stdout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        if not self._has_been_killed:
            self._end(0.0)
        for thread in self._threads:
            thread.join(_SETTLE_S)
        if not any(thread.is_alive() for thread in self._threads):
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        self._undo.close()

    def send(self, lines: Iterable[str]) -> None:
        """Give it `lines`, while it may already be answering. What has no place in UTF-8 becomes a question mark."""
        self._begin(self._write, self._process.stdin, [f"{line}\n".encode("utf-8", "replace") for line in lines])

    def lines(self, count: int) -> Iterator[str]:
        """Yield the next `count` lines that it says, without their ends."""
        for _ in range(count):
            line = self._next()
            if line is None:
                raise NotAvailableError(f"{self._name()} ended too early{self._last_words(self._end(_SETTLE_S))}.")
            yield line

    def finish(self) -> str:
        """Wait until it ends by itself with status 0, and return what it said first on standard error."""
        while self._next() is not None:
            pass
        code = self._end(self._until - time.monotonic())
        if code is None:
            raise NotAvailableError(self._too_long())
        if code != 0:
            raise NotAvailableError(f"{self._name()} ended{self._last_words(code)}.")
        self._listener.join(_SETTLE_S)
        return self._words.decode("utf-8", "replace")

    def _next(self) -> str | None:
        left = self._until - time.monotonic()
        try:
            return self._lines.get(timeout=max(0.0, left))
        except queue.Empty:
            raise NotAvailableError(self._too_long()) from None

    def _too_long(self) -> str:
        return f"{self._name()} was not done after {self._limit_s:g} s, and was ended."

    def _end(self, patience_s: float) -> int | None:
        """Wait for its end, then kill what is left of its group; return its status, None where it was killed itself.

        Its number is its own until `wait` has asked how it ended, so nothing else can be killed by it.
        """
        until = time.monotonic() + patience_s
        while not (has_ended := _has_ended(self._process)) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        _kill(self._process)
        self._has_been_killed = True
        code = self._process.wait()
        return code if has_ended else None

    def _last_words(self, code: int | None) -> str:
        """How it ended, in words, with the line of its standard error that says most."""
        self._listener.join(_SETTLE_S)
        said = _telling(self._words.decode("utf-8", "replace"))
        return ("" if code is None else f" with status {code}") + (f": {said}" if said else "")

    def _name(self) -> str:
        return Path(self._command[0]).stem.capitalize()

    def _begin(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _write(self, stdin: FileIO, lines: Sequence[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):  # it ended; reading says how
            for line in lines:
                rest = memoryview(line)
                while rest:
                    rest = rest[stdin.write(rest) or 0 :]

    def _read(self, stdout: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), open(stdout.fileno(), "rb", closefd=False) as reader:
            while line := reader.readline(_LINE_BYTES):
                if not self._put(line.decode("utf-8", "replace").rstrip("\r\n")):
                    return
        self._put(None)

    def _put(self, line: str | None) -> bool:
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.1)
                return True
        return False

    def _listen(self, stderr: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while said := stderr.read(_WORDS_KEPT_BYTES):
                if len(self._words) < _WORDS_KEPT_BYTES:  # the first ones: a trace begins with what went wrong
                    self._words += said


def _telling(words: str) -> str:
    """The line of a program's last words that says what went wrong, as far as one can tell."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    found = next((line for line in lines if _FAULT.search(line)), lines[-1] if lines else "")
    return show(found)[:_REASON_CHARS].rstrip(".")


def _start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start `command` in `folder` and in a process group of its own, by which it is killed with all its children."""
    pipe = subprocess.PIPE
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, creationflags=flags)
    return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, process_group=0)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, and on POSIX its children with it."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, found out without taking its number away from it."""
    if sys.platform == "win32":
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
