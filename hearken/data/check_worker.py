"""The isolated process that decodes a clip to the end and says what it is: ``python -m hearken.data.check_worker``."""

from __future__ import annotations

import hashlib

from hearken.audio.decode import open_stream
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, Worker, serve

_DIGEST_BYTES = 16


def worker() -> Worker:
    """Return a process that answers ``{"path": ...}`` with what `handle` returns."""
    return Worker(__name__)


def handle(message: Message, report: Report) -> tuple[Message, list[Array]]:
    """Decode one file and return its facts: the child's side. Raises AudioError.

    `digest` is that of the mono samples at the file's own rate: equal for the same sound in a WAV and in a FLAC file.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with open_stream(message["path"], None) as stream:
        digest.update(str(stream.rate_hz).encode())
        for block in stream:
            digest.update(block.tobytes())
            report(stream.duration_s)
        info = stream.info
        facts = {
            "duration_s": round(stream.duration_s, 6),
            "rate_hz": info.rate_hz,
            "num_channels": info.num_channels,
            "container": info.container,
            "codec": info.codec,
            "flags": sorted(stream.flags),
            "digest": digest.hexdigest(),
        }
    return facts, []


if __name__ == "__main__":
    serve(handle)
