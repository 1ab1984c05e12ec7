"""What a page, or an export, wants of foreign files, made in processes of their own: ``python -m hearken.audio.viewing``.

The processes are started when they are first needed, shared by all threads, and end with this one or by `close`. All functions
raise as `probe` does, AudioEmptyError for what lies behind the end, WorkerDiedError when the process dies of the file, and
TimeoutError when all processes are busy for long, or the file takes too long.
"""

from __future__ import annotations

import os
import threading
from typing import get_args

import numpy as np

from hearken.audio import peaks as waves
from hearken.audio import picture
from hearken.audio.encode import NUM_BYTES, SoundFormat, encode, pcm_bytes
from hearken.audio.excerpt import Depth, SoundForm, SpanReader, check_times, open_spans, read_samples
from hearken.audio.lanes import Lanes
from hearken.audio.peaks import MAX_BINS, Columns, Overview
from hearken.audio.picture import PictureRequest, is_png
from hearken.audio.pieces import Pieces
from hearken.audio.source import StrPath
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.errors import AudioLimitError, InputError, WorkerDiedError, show
from hearken.limits import MAX_CHANNELS, MAX_EXCERPT_S, MAX_RATE_HZ, MIN_RATE_HZ

NUM_PROCESSES = 3
_SHORT_S, _LONG_S = 60.0, 900.0
_LONG_STRETCH_S = 300.0

_lock = threading.Lock()
_lanes: dict[int, Lanes] = {}  # by process id: after a fork the child must not talk into its parent's pipes


def form(path: StrPath) -> SoundForm:
    """Return how the sound of the file at `path` comes out of its decoder."""
    body, _ = _ask({"do": "form"}, path)
    rate_hz, num_channels, depth = body.get("rate_hz"), body.get("num_channels"), body.get("depth")
    if not (isinstance(rate_hz, int) and MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ and isinstance(num_channels, int)):
        raise _nonsense(path)
    depths: tuple[Depth, ...] = get_args(Depth)
    known = [each for each in depths if each == depth]
    if not 1 <= num_channels <= MAX_CHANNELS or not known:
        raise _nonsense(path)
    return SoundForm(rate_hz, num_channels, known[0])


def pcm(path: StrPath, start: int, stop: int, depth: Depth) -> bytes:
    """Return the samples `start` to `stop` of all channels as the bytes of a WAV of that depth; fewer where the sound ends before.

    Pieces that follow each other are decoded in one go, wherever in the file they lie.
    """
    if not 0 <= start < stop or depth not in get_args(Depth):
        raise InputError(f"Samples {start} to {stop} are no piece of a sound.")
    _, arrays = _ask({"do": "pcm", "start": start, "stop": stop, "depth": depth}, path)
    data = _bytes(arrays, path)
    if len(data) % NUM_BYTES[depth] or len(data) > (stop - start) * MAX_CHANNELS * NUM_BYTES[depth]:
        raise _nonsense(path)
    return data


def cut(path: StrPath, start_s: float, end_s: float, format: SoundFormat = "wav") -> bytes:  # noqa: A002  the word users know
    """Return the stretch from `start_s` to `end_s` seconds as a WAV or FLAC file: all channels, the file's own rate, no loss.

    Raises InputError for what is no stretch, or does not go into the format, and AudioLimitError above MAX_EXCERPT_S.
    """
    check_times(start_s, end_s)
    if end_s - start_s > MAX_EXCERPT_S:
        raise AudioLimitError(f"{end_s - start_s:.0f} s are too much to be cut out in one piece; {MAX_EXCERPT_S:.0f} s can be.")
    if format not in get_args(SoundFormat):
        raise InputError(f"There is no format {format!r} for excerpts.", f"One of {', '.join(get_args(SoundFormat))}.")
    _, arrays = _ask({"do": "cut", "start_s": start_s, "end_s": end_s, "format": format}, path)
    return _bytes(arrays, path)


def overview(path: StrPath) -> Overview:
    """Return the whole file's waveform; see `peaks.Overview`. Long files take a while: about a second for ten minutes."""
    body, arrays = _ask({"do": "overview"}, path, is_long=True)
    found = as_overview(body, arrays)
    if found is None:
        raise _nonsense(path)
    return found


def columns(path: StrPath, start_s: float, end_s: float, width: int) -> Columns:
    """Return `width` columns of the waveform of a stretch, read from the sound itself."""
    check_times(start_s, end_s)
    _, arrays = _ask({"do": "columns", "start_s": start_s, "end_s": end_s, "width": width}, path, is_long=end_s - start_s > _LONG_STRETCH_S)
    if len(arrays) != 2 or any(array.shape != (width,) or array.dtype != np.int16 for array in arrays):
        raise _nonsense(path)
    return Columns(arrays[0], arrays[1])


def spectrogram(path: StrPath, request: PictureRequest) -> bytes:
    """Return the spectrogram of a stretch as a PNG."""
    message = {"do": "picture", "start_s": request.start_s, "end_s": request.end_s, "width": request.width, "height": request.height}
    _, arrays = _ask({**message, "theme": request.theme}, path, is_long=request.end_s - request.start_s > _LONG_STRETCH_S)
    data = _bytes(arrays, path)
    if not is_png(data, request.width, request.height):
        raise _nonsense(path)
    return data


def close() -> None:
    """End the processes."""
    with _lock:
        lanes = _lanes.pop(os.getpid(), None)
    if lanes is not None:
        lanes.close()


def as_overview(body: Message, arrays: list[Array]) -> Overview | None:
    """Return what another process, or a file, says as an Overview; None if it cannot be one, for nothing of it is believed."""
    numbers = [body.get(name) for name in ("bin_num_samples", "num_samples", "rate_hz")]
    if len(arrays) != 2 or not all(isinstance(number, int) and number > 0 for number in numbers):
        return None
    low, high = arrays
    if low.dtype != np.int16 or high.dtype != np.int16 or low.shape != high.shape or low.ndim != 1 or not 0 < len(low) <= MAX_BINS:
        return None
    found = Overview(low, high, *numbers)  # type: ignore[arg-type]
    return found if len(low) == -(-found.num_samples // found.bin_num_samples) else None


def _ask(message: Message, path: StrPath, *, is_long: bool = False) -> tuple[Message, list[Array]]:
    with _lock:
        lanes = _lanes.setdefault(os.getpid(), Lanes(lambda: Worker(__name__), NUM_PROCESSES))
    return lanes.request({**message, "path": os.fsdecode(path)}, limit_s=_LONG_S if is_long else _SHORT_S, is_long=is_long)


def _bytes(arrays: list[Array], path: StrPath) -> bytes:
    if len(arrays) != 1 or arrays[0].dtype != np.uint8 or arrays[0].ndim != 1:
        raise _nonsense(path)
    return arrays[0].tobytes()


def _nonsense(path: StrPath) -> WorkerDiedError:
    return WorkerDiedError(f"The process that read {show(path)} answered nonsense.")


# the child's side

_pieces = Pieces()


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Answer one request: the child's side."""
    path, what = message["path"], message["do"]
    if what == "pcm":
        samples = _pieces.read(path, message["start"], message["stop"], report)
        return {}, [np.frombuffer(pcm_bytes(samples, message["depth"]), np.uint8)]
    _pieces.close()
    if what == "overview":
        found = waves.read_overview(path, report)
        facts = {"bin_num_samples": found.bin_num_samples, "num_samples": found.num_samples, "rate_hz": found.rate_hz}
        return facts, [found.low, found.high]
    with open_spans(path) as reader:
        return _DEEDS[what](reader, message, report)


def _form(reader: SpanReader, _message: Message, _report: Report) -> tuple[Message, list[Array]]:
    return {"rate_hz": reader.form.rate_hz, "num_channels": reader.form.num_channels, "depth": reader.form.depth}, []


def _cut(reader: SpanReader, message: Message, report: Report) -> tuple[Message, list[Array]]:
    rate_hz = reader.form.rate_hz
    found = read_samples(reader, round(message["start_s"] * rate_hz), round(message["end_s"] * rate_hz), report)
    return {}, [np.frombuffer(encode(found, message["format"]), np.uint8)]


def _columns(reader: SpanReader, message: Message, report: Report) -> tuple[Message, list[Array]]:
    found = waves.read_columns(reader, message["start_s"], message["end_s"], message["width"], report)
    return {}, [found.low, found.high]


def _picture(reader: SpanReader, message: Message, report: Report) -> tuple[Message, list[Array]]:
    wanted = PictureRequest(*(message[name] for name in ("start_s", "end_s", "width", "height", "theme")))
    return {}, [np.frombuffer(picture.draw(reader, wanted, report), np.uint8)]


_DEEDS = {"form": _form, "cut": _cut, "columns": _columns, "picture": _picture}

if __name__ == "__main__":
    serve(handle)
