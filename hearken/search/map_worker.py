"""The process that lays out a map: ``python -m hearken.search.map_worker LIBRARY``. A server starts it and stays small meanwhile.

It reads the vectors of terms (V, D) as one message (`audio/wire.py`), the library by itself, and answers with one message.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from io import FileIO
from pathlib import Path

import numpy as np

from hearken.audio import wire
from hearken.errors import HearkenError
from hearken.library.store import CACHE_NAME, open_store
from hearken.library.vectors import VectorCache
from hearken.search.projection import MIN_SOUNDS, lay_out

MAX_SOUNDS = 200_000
"""Of more sounds, an even sample is on the map: a browser draws no more, nor does anybody see more."""
_NICENESS = 10


def answer(library: Path, terms: wire.Array) -> tuple[wire.Message, list[wire.Array]]:
    """Return generation, library_id and model of a library, and its map: ids (F,), versions (F,), places (F, 2), regions (F,), votes (K, V)."""
    with open_store(library) as store, store.snapshot():
        snapshot = VectorCache(library / CACHE_NAME, store).snapshot()
        numbers = np.flatnonzero(snapshot.alive)
        order = np.argsort(snapshot.file_ids[numbers])
        numbers = _sample(numbers[order])
        facts = {"generation": store.generation, "library_id": store.library_id, "model": store.model.digest, "kind": "map"}
        ids, versions = snapshot.file_ids[numbers], snapshot.versions[numbers]
        clips = np.asarray(snapshot.clips(numbers), np.float32)
    if len(ids) < MIN_SOUNDS:
        return facts | {"kind": "empty"}, []
    usable = np.isfinite(clips).all(axis=1)
    made = lay_out(clips[usable], np.asarray(terms, np.float32))
    return facts, [ids[usable], versions[usable], made.xy, made.regions, made.votes]


def _sample(numbers: wire.Array) -> wire.Array:
    if len(numbers) <= MAX_SOUNDS:
        return numbers
    return numbers[np.unique(np.linspace(0, len(numbers) - 1, MAX_SOUNDS).round().astype(np.int64))]


def main(library: str) -> None:
    """Answer the one message that comes on stdin, on stdout."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    requests, answers = _pipes()
    _, (terms,) = wire.receive(requests)
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    try:
        body, arrays = answer(Path(library), terms)
    except HearkenError as error:
        body, arrays = {"kind": "error", "class": type(error).__name__, "message": error.message, "hint": error.hint}, []
    wire.send(answers, body, arrays)


def _end_with_parent(pipe: FileIO) -> None:
    """End this process, whatever it is doing, when the server closes the pipe or has been killed: nobody would read the answer."""
    with contextlib.suppress(OSError):
        pipe.read(1)
    os._exit(1)


def _pipes() -> tuple[FileIO, FileIO]:
    """Keep stdin and stdout for messages; what libraries print goes to stderr."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return requests, answers


if __name__ == "__main__":
    main(sys.argv[1])
