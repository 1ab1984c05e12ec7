"""A process of its own for work on foreign bytes: it may crash, hang or eat memory without taking the run along.

The parent holds a `Worker`, which starts ``python -m MODULE ARGS`` when it is first needed and again after every death.
The module calls `serve(handler)`, and each request is one call of that handler. Messages are those of `wire.py`; the
parent believes nothing that a child says without checking it.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from io import FileIO
from types import TracebackType
from typing import NoReturn, Self

from hearken import errors
from hearken.audio import wire
from hearken.audio.process import GREETING, ChildDiedError, ChildProcess
from hearken.audio.wire import Array, Message
from hearken.errors import HearkenError, WorkerDiedError, show
from hearken.limits import WORKER_CPU_S, WORKER_MEMORY_MB, WORKER_OPEN_FILES, WORKER_STALL_S, WORKER_START_S

if sys.platform != "win32":
    import resource

Answer = tuple[Message, list[Array]]
Report = Callable[[float], None]
Handler = Callable[[Message, Report], tuple[Message, Sequence[Array]]]

_REPORT_EVERY_S = 0.05
_MAX_TEXT_CHARS = 4_000
_BALLAST_BYTES = 2_000_000
_TREE = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, HearkenError)}
_HINT = "The file may be damaged or made to do harm; everything else goes on."


class Worker:
    """Parent's end of an isolated process that runs `module` with `args`; to be used by one thread at a time.

    A child that sends nothing for `stall_s` seconds is killed; it has `memory_mb` of address space, and `cpu_s` seconds of
    CPU between two of its reports. Use it as a context manager or call `close`.
    """

    def __init__(
        self,
        module: str,
        args: Sequence[str] = (),
        *,
        memory_mb: int = WORKER_MEMORY_MB,
        stall_s: float = WORKER_STALL_S,
        cpu_s: int = WORKER_CPU_S,
        start_s: float = WORKER_START_S,
        open_files: int = WORKER_OPEN_FILES,
    ) -> None:
        self.num_starts = 0
        self._module, self._args = module, args
        self._limits = {"memory_mb": memory_mb, "cpu_s": cpu_s, "open_files": open_files}
        self._stall_s, self._start_s = stall_s, start_s
        self._child: ChildProcess | None = None
        self._stop: Callable[[], object] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child, or None while there is none."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Start the child now, rather than at the first request. Raises WorkerDiedError when it does not get ready."""
        try:
            self._ready_child()
        except ChildDiedError as death:
            self.close()
            raise _died(str(death), "") from death

    def request(self, message: Message, *, on_progress: Callable[[float], None] | None = None) -> Answer:
        """Return the handler's answer to `message`: a table, and arrays of any shapes. `on_progress` gets its reports.

        Raises the HearkenError that the handler raised, if it raised one; and WorkerDiedError, naming ``message["path"]``,
        when the child dies or answers nonsense. The next request starts another child.
        """
        subject = f" while reading {show(str(message['path']))}" if "path" in message else ""
        is_idle = False
        try:
            child = self._ready_child()
            child.send(message, self._stall_s)
            body, arrays = child.receive(self._stall_s)
            while body.get("kind") == "report":
                if on_progress is not None:
                    on_progress(_seconds(body))
                body, arrays = child.receive(self._stall_s)
            is_idle = body.get("kind") in {"answer", "error"}
        except ChildDiedError as death:
            raise _died(str(death), subject) from death
        finally:  # also after Ctrl-C or an error of the callback: what the child would send now answers nobody
            if not is_idle:
                self.close()
        return _result(body, subject), arrays

    def close(self) -> None:
        """End the child and wait for it. May be called again, and from another thread to break off a request."""
        stop, self._stop, self._child = self._stop, None, None
        if stop is not None:
            stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ready_child(self) -> ChildProcess:
        if self._child is not None and self._child.is_alive():
            return self._child
        self.close()  # one that died between two requests is nobody's fault
        self._child = child = ChildProcess(self._module, self._args)
        self._stop = weakref.finalize(self, child.stop)
        self.num_starts += 1
        child.greet(self._limits, self._start_s)
        return child


def _seconds(body: Message) -> float:
    value = body.get("seconds")
    return float(value) if isinstance(value, float) else math.nan


def _result(body: Message, subject: str) -> Message:
    """Return what the handler returned, or raise what it raised; anything else in `body` counts as the child's death."""
    text = {key: value[:_MAX_TEXT_CHARS] for key, value in body.items() if isinstance(value, str)}
    kind, result = text.get("kind"), body.get("body")
    if kind == "answer" and isinstance(result, dict):
        return result
    if kind == "error" and text.get("class") in _TREE:
        raise _TREE[text["class"]](text.get("message", ""), text.get("hint", ""))
    raise _died(text.get("reason", "failed") if kind == "failed" else "sent what is no answer", subject)


def _died(reason: str, subject: str) -> WorkerDiedError:
    return WorkerDiedError(f"The reading process {reason.rstrip('.')}{subject}.", _HINT)


def serve(handler: Handler) -> NoReturn:
    """Answer requests with `handler(message, report)` until the parent is gone; a child's module calls this and nothing else.

    The handler returns a table (what JSON can express) and arrays, and calls `report(seconds)` at least every few seconds
    of work. A HearkenError that it raises reaches the parent as it is; any other ends the process.
    """
    requests, answers = _take_pipes()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers.write(GREETING)
    limits, _ = wire.receive(requests)
    _limit_self(limits)
    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_collect, args=(requests, waiting), daemon=True).start()
    report = _Reporter(answers, int(limits["cpu_s"]))
    ballast = bytearray(_BALLAST_BYTES)
    try:
        while True:
            message = waiting.get()
            report.rearm()
            _handle(handler, message, report, answers)
    except MemoryError:
        del ballast  # or there would be no memory left to say so
        _give_up(answers, f"ran out of its {limits['memory_mb']} MB of memory")


class _Reporter:
    """The `report` of a handler: a sign of life for the parent, and another allowance of CPU time."""

    def __init__(self, pipe: FileIO, cpu_s: int) -> None:
        self._pipe, self._cpu_s = pipe, cpu_s
        self._sent_s = -math.inf

    def __call__(self, seconds: float) -> None:
        now_s = time.monotonic()
        if now_s - self._sent_s >= _REPORT_EVERY_S:  # a message costs about as much as decoding a tenth of a second
            self._sent_s = now_s
            self.rearm()
            wire.send(self._pipe, {"kind": "report", "seconds": float(seconds)})

    def rearm(self) -> None:
        """Allow `cpu_s` seconds of CPU from now on."""
        if sys.platform != "win32":
            _set_limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + self._cpu_s)


def _handle(handler: Handler, message: Message, report: Report, pipe: FileIO) -> None:
    try:
        body, arrays = handler(message, report)
        wire.send(pipe, {"kind": "answer", "body": body}, arrays)
    except HearkenError as error:
        wire.send(pipe, {"kind": "error", "class": type(error).__name__, "message": error.message, "hint": error.hint})
    except BrokenPipeError:
        os._exit(0)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the border of the process: whatever it is, the parent must hear of it
        _give_up(pipe, f"failed with {type(error).__name__}: {error}")


def _give_up(pipe: FileIO, reason: str) -> NoReturn:
    with contextlib.suppress(OSError):
        wire.send(pipe, {"kind": "failed", "reason": show(reason[:_MAX_TEXT_CHARS])})
    os._exit(1)


def _take_pipes() -> tuple[FileIO, FileIO]:
    """Keep stdin and stdout for messages alone; what libraries print from now on goes to stderr, and they read nothing."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    return requests, answers


def _collect(pipe: FileIO, waiting: queue.SimpleQueue[Message]) -> None:
    """Queue requests as they come; when the parent closes the pipe or dies, end the process, whatever it is doing."""
    try:
        while True:
            waiting.put(wire.receive(pipe)[0])
    finally:
        os._exit(0)


def _limit_self(limits: Message) -> None:
    if sys.platform != "win32":
        _set_limit(resource.RLIMIT_CORE, 0)
        _set_limit(resource.RLIMIT_FSIZE, 0)
        _set_limit(resource.RLIMIT_NOFILE, int(limits["open_files"]))
        _set_limit(resource.RLIMIT_AS, int(limits["memory_mb"]) * 1_000_000)


if sys.platform != "win32":

    def _set_limit(kind: int, value: int) -> None:
        """Set a soft limit; systems that do not know it, or allow only less, keep what they have."""
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
