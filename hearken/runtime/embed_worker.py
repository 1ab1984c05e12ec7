"""The isolated process that turns files into vectors: ``python -m hearken.runtime.embed_worker MODEL_FOLDER DIGEST``.

Decoding and embedding share the process, so decoded sound never crosses a pipe; only vectors do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hearken.audio.decode import open_stream
from hearken.audio.wire import Message
from hearken.audio.worker import serve
from hearken.errors import ModelError, show
from hearken.runtime.model import Model
from hearken.runtime.reply import Reply, make_reply


def embed_file(model: Model, path: str, report: Callable[[float], None]) -> Reply:
    """Return the reply for one file; `report` is called with the seconds done. Raises AudioError for a file that cannot be used."""
    with open_stream(path, model.rate_hz) as stream:
        vectors = model.embed(stream, report)
        return make_reply(stream.info, stream.duration_s, stream.flags, vectors)


def check_same(model: Model, digest: str) -> None:
    """Raise ModelError unless `model` has the `digest` that the parent knows: a folder may have got another model since."""
    if model.digest != digest:
        raise ModelError(f"Another model was put into {show(model.folder)} while that one was in use.", "Run the same command again.")


def main(folder: str, digest: str) -> None:
    """Serve requests ``{"path": ...}`` until the parent closes the pipe."""
    model = Model(Path(folder))
    model.warm_audio()

    def handle(message: Message, report: Callable[[float], None]) -> Reply:
        check_same(model, digest)
        return embed_file(model, message["path"], report)

    serve(handle)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
