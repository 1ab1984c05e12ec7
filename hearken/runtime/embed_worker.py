"""The isolated process that turns files into vectors: ``python -m hearken.runtime.embed_worker MODEL_FOLDER``.

Decoding and embedding share the process, so decoded sound never crosses a pipe; only vectors do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import open_stream
from hearken.audio.worker import serve
from hearken.errors import AudioNonFiniteError, WorkerDiedError
from hearken.runtime.model import Model
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Span

Reply = tuple[dict[str, Any], Sequence[np.ndarray]]


def embed_file(model: Model, path: str, report: Callable[[float], None]) -> Reply:
    """Return the reply for one file: facts for JSON, and the arrays clip (D,), windows (N, D) and spans (N, 2) in seconds.

    `report` is called with the seconds done. Raises AudioError subclasses for a file that cannot be used.
    """
    with open_stream(path, model.rate_hz) as stream:
        vectors = model.embed(stream, report)
        return _facts(stream.info, stream.duration_s, stream.flags), _arrays(vectors)


def _facts(info: AudioInfo, duration_s: float, flags: frozenset[str]) -> dict[str, Any]:
    return {
        "container": info.container, "codec": info.codec, "rate_hz": info.rate_hz, "num_channels": info.num_channels,
        "num_samples": info.num_samples, "tags": dict(info.tags), "duration_s": duration_s, "flags": sorted(flags),
    }  # fmt: skip


def _arrays(vectors: Embedded) -> list[np.ndarray]:
    spans = np.array([(span.start_s, span.end_s) for span in vectors.spans], np.float64)
    return [vectors.clip, vectors.windows, spans]


def read_reply(reply: Reply, dim: int) -> EmbeddedFile:
    """Return what a reply of `embed_file` means. Raises WorkerDiedError when it makes no sense: its sender read foreign bytes."""
    facts, arrays = reply
    try:
        clip, windows, spans = arrays
        info = AudioInfo(*(facts[key] for key in ("container", "codec", "rate_hz", "num_channels", "num_samples", "tags")))
        duration_s, flags = float(facts["duration_s"]), frozenset(facts["flags"])
    except (ValueError, KeyError, TypeError) as error:
        raise WorkerDiedError("The process that read this file answered nonsense.") from error
    count = len(windows)
    if (clip.shape, windows.shape, spans.shape) != ((dim,), (count, dim), (count, 2)) or not count:
        raise WorkerDiedError("The process that read this file answered with arrays of the wrong shapes.")
    if not (np.isfinite(clip).all() and np.isfinite(windows).all() and np.isfinite(spans).all()):
        raise AudioNonFiniteError("The model's answer to this sound is not finite.", "Please report the file.")
    return EmbeddedFile(info, duration_s, flags, Embedded(clip, windows, tuple(Span(float(a), float(b)) for a, b in spans)))


def main(folder: str) -> None:
    """Serve requests ``{"path": ...}`` until the parent closes the pipe."""
    model = Model(Path(folder))
    model.warm_audio()
    serve(lambda message, report: embed_file(model, message["path"], report))


if __name__ == "__main__":
    main(sys.argv[1])
