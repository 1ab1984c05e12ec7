"""A sound file to the bytes of one sample, where a crash does no harm: ``python -m hearken.data.shards.encode``.

The process decodes, takes the stretch that is wanted, and encodes; what it hands over are bytes to be stored, which nobody
else looks into while packing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.data.shards.codec import encode
from hearken.data.shards.facts import Sound
from hearken.data.shards.recipe import Recipe
from hearken.errors import WorkerDiedError, show
from hearken.types import FLAGS, FloatArray

_KEPT_NUM_SAMPLES = 1 << 26  # of a sound whose stretch lies somewhere inside, held before its length is known: 256 MB


def encoder() -> Worker:
    """Return the isolated process that `encode_file` asks; it is started when it is first needed."""
    return Worker(__name__)


def encode_file(worker: Worker, path: Path, recipe: Recipe, place: float) -> tuple[Sound, bytes]:
    """Return what to store of the file at `path`, and what it is. `place` says which stretch: see `Cut.place`.

    Raises as `hearken.audio.decode.decode` does; WorkerDiedError when two processes in a row died of the file.
    """
    message = {"path": os.fsdecode(path), "recipe": recipe.to_json(), "place": place}
    try:
        body, arrays = worker.request(message)
    except WorkerDiedError:  # once may be the machine's fault
        body, arrays = worker.request(message)
    return _checked(body, arrays, recipe, path)


def _checked(body: Message, arrays: list[Array], recipe: Recipe, path: Path) -> tuple[Sound, bytes]:
    """Return the answer if it is one; its sender read foreign bytes."""
    num_samples, from_s, gain, flags = (body.get(name) for name in ("num_samples", "from_s", "gain", "flags"))
    is_count = type(num_samples) is int and num_samples > 0
    are_flags = isinstance(flags, list) and all(flag in FLAGS for flag in flags)
    is_sound = len(arrays) == 1 and arrays[0].ndim == 1 and arrays[0].dtype == np.uint8 and len(arrays[0]) > 0
    if not (is_count and are_flags and is_sound and _is_number(from_s, 0.0) and _is_number(gain, 1.0)):
        raise WorkerDiedError(f"The process that read {show(path)} answered nonsense.")
    sound = Sound(recipe.rate_hz, int(num_samples), float(from_s), float(gain), bool(body.get("cut")), tuple(flags))  # type: ignore[arg-type]
    return sound, arrays[0].tobytes()


def _is_number(value: object, least: float) -> bool:
    return isinstance(value, float) and least <= value < float("inf")


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Decode, cut and encode one file for `encode_file`: the child's side."""
    recipe = Recipe.from_json(message["recipe"])
    size = recipe.cut.max_num_samples(recipe.rate_hz)
    samples, first, cut, flags = stretch(message["path"], recipe.rate_hz, size, message["place"], report)
    data, gain = encode(samples, recipe, report)
    body = {"num_samples": len(samples), "from_s": first / recipe.rate_hz, "gain": gain, "cut": cut, "flags": sorted(flags)}
    return body, [np.frombuffer(data, np.uint8)]


def stretch(
    path: str, rate_hz: int, size: int | None, place: float, report: Callable[[float], object] = lambda _: None
) -> tuple[FloatArray, int, bool, frozenset[str]]:
    """Return at most `size` samples (None: all) of the file at `path`, the first one's number, whether some are left out, and flags.

    Decoding stops where the stretch is complete when it begins with the file (`place` 0). One inside a file too long to be held
    takes a second pass.
    """
    limit = size if size is not None and place == 0.0 else _KEPT_NUM_SAMPLES
    kept: list[FloatArray] = []
    total, cut = 0, False
    with open_stream(path, rate_hz) as stream:
        for block in stream:
            if size is None or total < limit:
                kept.append(block)
            total += len(block)
            report(stream.duration_s)
            if place == 0.0 and size is not None and total > size:
                cut = True
                break
    first = 0 if size is None or cut else int(place * max(0, total - size))
    if size is None or total <= size:
        return np.concatenate(kept), 0, False, stream.flags
    if first + size <= sum(map(len, kept)):
        return np.concatenate(kept)[first : first + size], first, True, stream.flags
    with open_stream(path, rate_hz) as again:
        return _gathered(again, first, size, report), first, True, stream.flags


def _gathered(blocks: Iterable[FloatArray], first: int, size: int, report: Callable[[float], object]) -> FloatArray:
    """Return `size` samples from number `first` on of a stream of blocks."""
    found: list[FloatArray] = []
    at = 0
    for block in blocks:
        part = block[max(0, first - at) : max(0, first + size - at)]
        at += len(block)
        report(0.0)
        if len(part):
            found.append(part)
        if at >= first + size:
            break
    return np.concatenate(found)


if __name__ == "__main__":
    serve(handle)
