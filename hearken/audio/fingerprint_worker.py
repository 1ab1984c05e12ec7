"""Fingerprints of foreign files, made in a process of its own: ``python -m hearken.audio.fingerprint_worker``.

The sound is never sent: the process decodes, and answers with the peaks alone. It needs no more memory for a day of sound
than for a minute, but for the peaks.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.fingerprint import FRAME_RATE_HZ, NUM_BINS, RATE_HZ, Fingerprint, Fingerprinter
from hearken.audio.source import StrPath
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.errors import WorkerDiedError, show
from hearken.limits import MAX_DURATION_S

_MOST_FRAMES = math.ceil((MAX_DURATION_S + 1) * FRAME_RATE_HZ)


def worker() -> Worker:
    """Return a process for `fingerprint_file`: use it as a context manager, in one thread at a time."""
    return Worker(__name__)


def fingerprint_file(worker: Worker, path: StrPath, *, num_shifts: int = 1) -> Fingerprint:
    """Return the fingerprint of the file at `path`. Raises as `decode_isolated` does."""
    body, arrays = worker.request({"path": os.fsdecode(path), "num_shifts": num_shifts})
    found = as_fingerprint(arrays, body.get("num_peaks"), body.get("num_frames"))
    if found is None or len(found.num_peaks) != num_shifts:
        raise WorkerDiedError(f"The process that read {show(path)} answered nonsense.")
    return found


def as_fingerprint(peaks: Sequence[Array], num_peaks: object, num_frames: object) -> Fingerprint | None:
    """Return what another process, or a file, says as a Fingerprint; None if it cannot be one, for nothing of it is believed."""
    if not isinstance(num_frames, int) or not 0 <= num_frames <= _MOST_FRAMES or len(peaks) != 2:
        return None
    frames, bins = peaks
    if any(array.dtype != np.int32 or array.shape != (len(frames),) for array in peaks):
        return None
    if not isinstance(num_peaks, list) or not all(isinstance(count, int) and count >= 0 for count in num_peaks) or not num_peaks:
        return None
    if sum(num_peaks) != len(frames):
        return None
    is_ordered = all((np.diff(part) >= 0).all() for part in np.split(frames, np.cumsum(num_peaks)[:-1]))
    if len(frames) and not (is_ordered and frames.min() >= 0 and frames.max() <= num_frames and bins.min() >= 0 and bins.max() < NUM_BINS):
        return None
    return Fingerprint(frames, bins, tuple(num_peaks), num_frames)


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Answer one request of `fingerprint_file`: the child's side."""
    printer = Fingerprinter(num_shifts=message["num_shifts"])
    with open_stream(message["path"], RATE_HZ) as stream:
        for block in stream:
            printer.add(block)
            report(stream.duration_s)
    found = printer.finish()
    return {"num_frames": found.num_frames, "num_peaks": list(found.num_peaks)}, [found.frames, found.bins]


if __name__ == "__main__":
    serve(handle)
