"""Sounds that are sent along: received into one temporary file, decoded in a process of its own, and gone.

How many are received or decoded at a time is bounded (`Ceilings.max_uploads`), and so is how large each is and how long it plays.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from hearken.audio.decode import open_stream
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve
from hearken.errors import AudioLimitError, DiskFullError, WorkerDiedError
from hearken.server.problems import problem
from hearken.types import FloatArray

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["sound"],
    "properties": {"sound": {"type": "string", "format": "binary", "description": "a sound file of any known format"}},
}
_MAX_NAME_CHARS = 200
_CHUNK_BYTES = 1 << 20
_lock = threading.Lock()
_workers: dict[int, Worker] = {}


@dataclass(frozen=True)
class Upload:
    """A sound that was sent: the `name` that it had there, and the `path` of the temporary file."""

    name: str
    path: str


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Upload]:
    """Receive the field `sound` of a form; inside, it is a file, which is removed afterwards, whatever happens.

    Raises the 415 or 422 of `problems` for what is no such form; what is too large is refused by `limiting.BodyLimit`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise problem(415, "A sound is sent as multipart/form-data, in the field `sound`.")
    try:
        with _disk_may_be_full():
            form = await request.form(max_files=1, max_fields=8, max_part_size=10_000)
    except ClientDisconnect as error:
        raise problem(400, "The connection broke off.") from error
    try:
        sound = form.get("sound")
        if not isinstance(sound, UploadFile) or len(form) != 1:
            raise problem(422, "The form must have one field, `sound`, with a file in it.")
        with tempfile.TemporaryDirectory(prefix="hearken-upload-") as folder:
            path = os.path.join(folder, "sound")
            with _disk_may_be_full():
                await asyncio.to_thread(_write, sound, path)
            yield Upload((sound.filename or "sound")[:_MAX_NAME_CHARS], path)
    finally:
        await form.close()


@contextmanager
def _disk_may_be_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFullError("There is no room on the server for the sound.", "Make room in its folder for temporary files.") from error


def _write(sound: UploadFile, path: str) -> None:
    with open(path, "xb") as file:
        while chunk := sound.file.read(_CHUNK_BYTES):
            file.write(chunk)


def decoded(upload: Upload, max_s: float) -> tuple[int, FloatArray]:
    """Return sample rate in Hz and mono samples (T,) of a sound that was sent.

    Raises AudioError subclasses: AudioLimitError for more than `max_s` seconds of sound, WorkerDiedError where it is the decoder's end.
    """
    with _lock:
        worker = _workers.setdefault(os.getpid(), Worker(__name__))
        body, blocks = worker.request({"path": upload.path, "max_s": max_s})
    rate_hz = body.get("rate_hz")
    if (
        not isinstance(rate_hz, int)
        or rate_hz <= 0
        or not blocks
        or not all(block.ndim == 1 and block.dtype == np.float32 for block in blocks)
    ):
        raise WorkerDiedError("The process that read the sound answered nonsense.")
    return rate_hz, np.concatenate(blocks)


def close() -> None:
    """End the process that decodes, also in the middle of a sound: who waits for it is told that it died."""
    for worker in list(_workers.values()):
        worker.close()


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Decode one file for `decoded`: the child's side."""
    max_s = float(message["max_s"])
    with open_stream(message["path"], _RATE_HZ) as stream:
        blocks: list[Array] = []
        for block in stream:
            blocks.append(block)
            if stream.duration_s > max_s:
                raise AudioLimitError(f"The sound is longer than {max_s / 60:g} minutes.", "Send a shorter stretch of it.")
            report(stream.duration_s)
    return {"rate_hz": _RATE_HZ}, blocks


_RATE_HZ = 48_000  # at least that of any model; the model resamples


if __name__ == "__main__":
    serve(handle)
