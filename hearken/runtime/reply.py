"""What an embedding worker answers, on both sides of the pipe: facts as JSON, vectors as arrays.

Its sender has read foreign bytes, so the receiving side believes nothing: every fact is checked for its type, every
array for its shape.

Legend: `N` windows, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import AudioNonFiniteError, WorkerDiedError
from hearken.types import FLAGS, AudioInfo, Embedded, EmbeddedFile, Span

Array = NDArray[Any]
Reply = tuple[dict[str, Any], Sequence[Array]]

_FACTS = {
    "container": str, "codec": str, "rate_hz": int, "num_channels": int, "num_samples": int | None, "tags": dict,
    "duration_s": int | float, "flags": list,
}  # fmt: skip


def make_reply(info: AudioInfo, duration_s: float, flags: frozenset[str], vectors: Embedded) -> Reply:
    """Return the reply for one file: a table for JSON, and the arrays clip (D,), windows (N, D), spans (N, 2) in seconds."""
    facts = {
        "container": info.container, "codec": info.codec, "rate_hz": info.rate_hz, "num_channels": info.num_channels,
        "num_samples": info.num_samples, "tags": dict(info.tags), "duration_s": duration_s, "flags": sorted(flags),
    }  # fmt: skip
    spans = np.array([(span.start_s, span.end_s) for span in vectors.spans], np.float64)
    return facts, [vectors.clip, vectors.windows, spans]


def read_reply(reply: Reply, dim: int) -> EmbeddedFile:
    """Return what a reply means, for embeddings of size D = `dim`.

    Raises WorkerDiedError when it makes no sense, AudioNonFiniteError when its vectors are not finite.
    """
    facts, arrays = reply
    if not (_facts_are_sound(facts) and _shapes_are_sound(arrays, dim)):
        raise WorkerDiedError("The process that read this file answered nonsense.")
    clip, windows, spans = arrays
    if not all(np.isfinite(array).all() for array in arrays):
        raise AudioNonFiniteError("The model's answer to this sound is not finite.", "Please report the file.")
    info = AudioInfo(*(facts[key] for key in ("container", "codec", "rate_hz", "num_channels", "num_samples", "tags")))
    times = tuple(Span(float(start_s), float(end_s)) for start_s, end_s in spans)
    return EmbeddedFile(info, float(facts["duration_s"]), frozenset(facts["flags"]), Embedded(clip, windows, times))


def _facts_are_sound(facts: dict[str, Any]) -> bool:
    if facts.keys() != _FACTS.keys() or not all(isinstance(facts[key], kind) for key, kind in _FACTS.items()):
        return False
    tags_are_text = all(isinstance(key, str) and isinstance(value, str) for key, value in facts["tags"].items())
    return tags_are_text and all(flag in FLAGS for flag in facts["flags"])


def _shapes_are_sound(arrays: Sequence[Array], dim: int) -> bool:
    if [(array.dtype.name, array.ndim) for array in arrays] != [("float32", 1), ("float32", 2), ("float64", 2)]:
        return False
    clip, windows, spans = arrays
    return len(windows) > 0 and (clip.shape, windows.shape, spans.shape) == ((dim,), (len(windows), dim), (len(windows), 2))
