"""One life of a worker process: how it is started, watched and ended, and what is said of its death."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import IO

from hearken.audio import wire
from hearken.audio.wire import Array, Message
from hearken.errors import show

GREETING = b"\n--hearken-worker-1--\n"
"""What a child writes first; before it may stand what libraries print while they are imported."""

_MAX_CHATTER_BYTES = 65_536
_STDERR_KEPT_BYTES = 4_096
_LAST_WORDS_CHARS = 200
_SETTLE_S = 2.0
_ENVIRONMENT = {  # one thread each, and little address space reserved, or a limit on it would hit the innocent
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


class Watchdog:
    """Calls `bite` once when a stretch of `watching(seconds)` lasts longer than that.

    It counts ticks of its own rather than the clock, so a run that was stopped (Ctrl-Z, a sleeping laptop) and goes on
    finds its workers alive.
    """

    def __init__(self, bite: Callable[[], None]) -> None:
        self.has_bitten = False
        self._bite = bite
        self._state = threading.Condition()
        self._left_s: float | None = None
        self._tick_s = 1.0
        self._is_fresh = self._is_idle = self._has_ended = False
        self._thread = threading.Thread(target=self._run, name="hearken-watchdog", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def watching(self, seconds: float) -> Iterator[None]:
        """Watch over the body of the `with` statement."""
        with self._state:
            self._left_s, self._is_fresh = seconds, True
            self._tick_s = min(1.0, seconds / 10)
            if self._is_idle:
                self._state.notify()
        try:
            yield
        finally:
            with self._state:
                self._left_s = None

    def end(self) -> None:
        """Stop watching for good and wait for the thread."""
        with self._state:
            self._has_ended = True
            self._state.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._state:
            while not self._has_ended:
                self._tick()

    def _tick(self) -> None:
        """Wait a little, then count it; the lock is held on entry and exit, and free while waiting."""
        self._is_idle = self._left_s is None
        start_s = time.monotonic()
        self._state.wait(None if self._is_idle else self._tick_s)
        if self._left_s is None or self._is_fresh:  # a stretch that began within this tick is not charged for it
            self._is_fresh = False
            return
        self._left_s -= min(time.monotonic() - start_s, 2 * self._tick_s)
        if self._left_s <= 0 and not self.has_bitten:
            self.has_bitten = True
            self._bite()


class ChildDiedError(Exception):
    """The process died or talked nonsense, and has been ended; the text says how, to be put after "The process"."""


class ChildProcess:
    """A running ``python -m MODULE`` with pipes, a watchdog, and a thread that keeps the end of what it says on stderr."""

    def __init__(self, module: str, args: Sequence[str]) -> None:
        self._owner = os.getpid()
        self._process = _popen([sys.executable, "-P", "-m", module, *args])
        self._stdin, self._stdout, self._stderr = map(_unbuffered, (self._process.stdin, self._process.stdout, self._process.stderr))
        self._watchdog = Watchdog(self._process.kill)
        self._words = b""
        self._listener = threading.Thread(target=self._listen, name="hearken-stderr", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Say whether the process runs."""
        return self._process.poll() is None

    def greet(self, limits: Message, start_s: float) -> None:
        """Wait until the process is ready, and tell it its limits. Raises ChildDiedError, as do `send` and `receive`."""
        chatter = bytearray()
        with self._watching(start_s):
            while not chatter.endswith(GREETING):
                byte = self._stdout.read(1)
                if not byte:
                    raise wire.ClosedError("it ended before it was ready")
                chatter += byte
                if len(chatter) > _MAX_CHATTER_BYTES:
                    raise wire.WireError("it prints without end instead of getting ready")
            wire.send(self._stdin, limits)

    def send(self, message: Message, stall_s: float) -> None:
        """Send `message` within `stall_s` seconds."""
        self._words = b""
        with self._watching(stall_s):
            wire.send(self._stdin, message)

    def receive(self, stall_s: float) -> tuple[Message, list[Array]]:
        """Return the next message, which must arrive within `stall_s` seconds."""
        with self._watching(stall_s):
            return wire.receive(self._stdout)

    def stop(self) -> None:
        """Kill the process, if it still runs, and leave neither zombie nor thread nor open pipe. May be called again.

        In a fork of the parent, which has inherited this object but not the process, nothing happens.
        """
        if os.getpid() != self._owner:
            return
        self._process.kill()
        self._process.wait()
        self._watchdog.end()
        self._listener.join(_SETTLE_S)
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    @contextlib.contextmanager
    def _watching(self, seconds: float) -> Iterator[None]:
        try:
            with self._watchdog.watching(seconds):
                yield
        except (OSError, ValueError, wire.WireError) as error:  # ValueError: closed by another thread
            raise ChildDiedError(self._obituary(error, seconds)) from error

    def _obituary(self, error: Exception, seconds: float) -> str:
        """End the process and return in words how it died, given the `error` that talking to it raised."""
        if not isinstance(error, wire.WireError) or isinstance(error, wire.ClosedError):  # the pipe broke: its end is a moment away
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SETTLE_S)
        verdict = f"hung: nothing was heard of it for {seconds:g} s" if self._watchdog.has_bitten else _verdict(self._process.poll(), error)
        self.stop()
        last = self._words.decode("utf-8", "replace").strip().rpartition("\n")[2][:_LAST_WORDS_CHARS]
        return f"{verdict} (its last words: {show(last)})" if last else verdict

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed by `stop`
            while said := self._stderr.read(_STDERR_KEPT_BYTES):
                self._words = (self._words + said)[-_STDERR_KEPT_BYTES:]


def _verdict(code: int | None, error: Exception) -> str:
    if code is None:
        return f"sent what is no answer ({error})"
    if code >= 0:
        return f"ended by itself with status {code}"
    name = signal.Signals(-code).name
    reasons = {"SIGXCPU": "used up its CPU time", "SIGKILL": "was killed, perhaps by the system for want of memory (SIGKILL)"}
    return reasons.get(name, f"crashed with {name}")


def _unbuffered(pipe: IO[bytes] | None) -> FileIO:
    if not isinstance(pipe, FileIO):
        raise wire.WireError("The process has no unbuffered pipes.")
    return pipe


def _popen(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, so that Ctrl-C reaches the parent alone."""
    pipe, environment = subprocess.PIPE, os.environ | _ENVIRONMENT | {"PYTHONPATH": _module_path()}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, creationflags=flags)
    return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, process_group=0)


def _module_path() -> str:
    """Return where this process finds its modules: the child looks there and never, as ``-m`` would, in the current folder."""
    own = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(dict.fromkeys([*(entry for entry in sys.path if os.path.isabs(entry)), own]))
