"""The isolated process that decodes training sounds: ``python -m hearken.train.feed.sound_worker``.

It gives all of a short sound, and of a long one only the stretch that is asked for: an hour does not go through a pipe for 30 s of it.
"""

from __future__ import annotations

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.errors import WorkerDiedError, show
from hearken.types import FloatArray

_STALL_S = 600.0
WHOLE_TIMES = 4
"""A sound up to so many times as long as the longest stretch comes whole, and can be kept."""


def worker() -> Worker:
    """Return a process that answers what `read_sound` asks.

    It may be silent for long: on a busy machine, or after a laptop's sleep, that says nothing about the file, and what is blamed on a file
    changes what is learnt from. A file that keeps the decoder busy without end is found by the processor time it takes.
    """
    return Worker(__name__, stall_s=_STALL_S)


def read_sound(process: Worker, path: str, rate_hz: int, num_samples: int | None, place: float) -> tuple[FloatArray, bool]:
    """Return sound (T,) of the file at `path` at `rate_hz`, and whether that is all of it.

    A sound longer than `WHOLE_TIMES` times `num_samples` is cut to the stretch `stretch(...)`. Raises AudioError.
    """
    body, arrays = process.request({"path": path, "rate_hz": rate_hz, "num_samples": num_samples, "place": place})
    is_whole = body.get("whole")
    if len(arrays) != 1 or arrays[0].ndim != 1 or arrays[0].dtype != np.float32 or not len(arrays[0]) or not isinstance(is_whole, bool):
        raise WorkerDiedError(f"The process that read {show(path)} answered nonsense.")
    return arrays[0], is_whole


def stretch(samples: FloatArray, num_samples: int | None, place: float) -> FloatArray:
    """Return `num_samples` of `samples` (T,), which begin at share `place` in [0, 1) of all places; all if there are no more."""
    spare = 0 if num_samples is None else len(samples) - num_samples
    if num_samples is None or spare <= 0:
        return samples
    start = min(int(place * (spare + 1)), spare)
    return samples[start : start + num_samples]


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Decode one file: the child's side."""
    num_samples = message["num_samples"]
    with open_stream(message["path"], message["rate_hz"]) as stream:
        blocks: list[FloatArray] = []
        for block in stream:
            blocks.append(block)
            report(stream.duration_s)
    samples = np.concatenate(blocks)
    is_whole = num_samples is None or len(samples) <= WHOLE_TIMES * num_samples
    return {"whole": is_whole}, [samples if is_whole else stretch(samples, num_samples, message["place"])]


if __name__ == "__main__":
    serve(handle)
