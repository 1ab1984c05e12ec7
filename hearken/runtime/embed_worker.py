"""The isolated process that turns files into vectors: ``python -m hearken.runtime.embed_worker MODEL_FOLDER``.

Decoding and embedding share the process, so decoded sound never crosses a pipe; only vectors do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hearken.audio.decode import open_stream
from hearken.audio.worker import serve
from hearken.runtime.model import Model
from hearken.runtime.reply import Reply, make_reply


def embed_file(model: Model, path: str, report: Callable[[float], None]) -> Reply:
    """Return the reply for one file; `report` is called with the seconds done. Raises AudioError for a file that cannot be used."""
    with open_stream(path, model.rate_hz) as stream:
        vectors = model.embed(stream, report)
        return make_reply(stream.info, stream.duration_s, stream.flags, vectors)


def main(folder: str) -> None:
    """Serve requests ``{"path": ...}`` until the parent closes the pipe."""
    model = Model(Path(folder))
    model.warm_audio()
    serve(lambda message, report: embed_file(model, message["path"], report))


if __name__ == "__main__":
    main(sys.argv[1])
