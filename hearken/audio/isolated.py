"""Decoding of foreign files in a process of its own, for callers who want samples: ``python -m hearken.audio.isolated``.

The process is started at the first call, kept for the next, and ends with this one.
"""

from __future__ import annotations

import os
import threading

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.source import StrPath
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.errors import WorkerDiedError, show
from hearken.types import FLAGS, Waveform

_lock = threading.Lock()
_workers: dict[int, Worker] = {}  # by process id: after a fork the child must not talk into its parent's pipe


def decode_isolated(path: StrPath, rate_hz: int | None = None, *, strict: bool = False, repair: bool = False) -> Waveform:
    """Return all of the file at `path` as `decode` does, but decoded where a crash does no harm.

    Raises as `decode` does, and WorkerDiedError when the process dies of the file. Calls of several threads queue up.
    """
    message = {"path": os.fsdecode(path), "rate_hz": rate_hz, "strict": strict, "repair": repair}
    with _lock:
        worker = _workers.setdefault(os.getpid(), Worker(__name__))
        body, blocks = worker.request(message)
    return _waveform(body, blocks, path)


def _waveform(body: Message, blocks: list[Array], path: StrPath) -> Waveform:
    """Return the answer as sound, if it is one; its sender read foreign bytes."""
    rate_hz, flags = body.get("rate_hz"), body.get("flags")
    is_sound = bool(blocks) and all(block.ndim == 1 and block.dtype == np.float32 for block in blocks)
    if (
        not is_sound
        or not isinstance(rate_hz, int)
        or rate_hz <= 0
        or not isinstance(flags, list)
        or not all(flag in FLAGS for flag in flags)
    ):
        raise WorkerDiedError(f"The process that read {show(path)} answered nonsense.")
    return Waveform(np.concatenate(blocks), rate_hz, frozenset(flags))


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Decode one file for `decode_isolated`: the child's side. The blocks are not joined here, which would take twice the memory."""
    with open_stream(message["path"], message["rate_hz"], strict=message["strict"], repair=message["repair"]) as stream:
        blocks: list[Array] = []
        for block in stream:
            blocks.append(block)
            report(stream.duration_s)
    return {"rate_hz": stream.rate_hz, "flags": sorted(stream.flags)}, blocks


if __name__ == "__main__":
    serve(handle)
