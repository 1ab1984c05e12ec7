"""Captions by a machine for the sounds of a library, from the vectors that it has: no sound is read again.

Sounds are captioned in small batches, each written in one commit. A killed run loses one batch at most, and the next one goes on
where it stopped, because what is still to be done is what has no caption by this captioner.

Legend: `B` batch, `N` windows, `D` embedding size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hearken.errors import ModelMismatchError, QueryError, StoreError, show
from hearken.library.protocol import Store
from hearken.library.records import FileVectors, HalfArray, MachineCaption, ModelIdentity, PutCaptions
from hearken.types import Embedded, FloatArray, Span

if TYPE_CHECKING:
    from hearken.caption.captioner import VectorCaptioner
    from hearken.caption.heard import MadeCaption

NUM_SOUNDS_PER_COMMIT = 32
"""Less than a second of work for a small decoder: what a killed run loses."""

CaptionProgress = Callable[[int, int], None]
"""Called with the sounds that are captioned and those that there are to caption in this run."""


class TextEncoder(Protocol):
    """The text side of the library's model."""

    def encode_text(self, texts: Sequence[str], /) -> FloatArray:
        """Return unit vectors (B, D) of texts. Raises QueryError for one without a word."""
        ...


def ready_captioner(named: str | os.PathLike[str] | VectorCaptioner | None, library: str, model: ModelIdentity) -> VectorCaptioner:
    """Return the captioner `named`, by name, folder or itself; for None the one that is here for `model`, which makes the vectors of `library`.

    It is read and checked now, rather than after hours of listening. Raises ModelMismatchError where it reads the vectors of another
    model, ModelNotFoundError where there is none, ModelError where it is damaged.
    """
    from hearken.caption.catalog import captioner_for, open_captioner

    if named is None:
        captioner = captioner_for(model.digest)
    else:
        captioner = open_captioner(os.fspath(named)) if isinstance(named, str | os.PathLike) else named
    if captioner.model_digest == model.digest:
        captioner.warm()
        return captioner
    raise ModelMismatchError(
        f"The captioner {show(captioner.name)} reads vectors of another model ({captioner.model_digest[:12]}) than {show(model.name)} "
        f"({model.digest[:12]}), which makes those of the library {show(library)}.",
        "Leave the captions out, or make another library with the captioner's model: `hearken index DIR --library NEW --captions`.",
    )


def caption_sounds(store: Store, captioner: VectorCaptioner, encoder: TextEncoder, on_progress: CaptionProgress | None = None) -> int:
    """Give every sound of `store` that has no caption by `captioner` one, and return how many were given one.

    Captions by another captioner are replaced, one after the other. Whatever stops this (Ctrl-C included), batches that are
    done stay. Sounds whose vectors are not finite are passed over. Raises DamagedError for altered vectors, DiskFullError and other
    StoreErrors, and what the captioner raises.
    """
    if store.read_only:
        raise StoreError("The library was opened for reading only.")
    waiting = store.uncaptioned(captioner.digest)
    encoded = _Encoded(encoder, store.model.dim)
    num_made = 0
    for start in range(0, len(waiting), NUM_SOUNDS_PER_COMMIT):
        if on_progress is not None:
            on_progress(start, len(waiting))
        versions = dict(waiting[start : start + NUM_SOUNDS_PER_COMMIT])
        told = _captions(store, captioner, versions)
        made = tuple(MachineCaption(versions[file_id], each.text, each.score, encoded(each.text)) for file_id, each in told.items())
        store.apply([PutCaptions(captioner.name, captioner.digest, made)])
        num_made += len(made)
    if on_progress is not None and waiting:
        on_progress(len(waiting), len(waiting))
    return num_made


def _captions(store: Store, captioner: VectorCaptioner, file_ids: Sequence[int] | dict[int, int]) -> dict[int, MadeCaption]:
    """Return the captions of files by their id."""
    from hearken.caption.files import SILENCE
    from hearken.caption.heard import heard_of

    silent = {record.id for record in store.files(file_ids) if "silent" in record.flags}
    heard = {
        item.file_id: heard_of(_embedded(item))
        for item in store.read_vectors(file_id for file_id in file_ids if file_id not in silent)
        if _finite(item)
    }
    made = captioner.captions(list(heard.values()))
    return dict.fromkeys(silent, SILENCE) | dict(zip(heard, made, strict=True))


def _finite(item: FileVectors) -> bool:
    return bool(np.isfinite(item.clip).all() and np.isfinite(item.windows).all())


def _embedded(item: FileVectors) -> Embedded:
    spans = tuple(Span(float(start_s), float(end_s)) for start_s, end_s in item.spans)
    return Embedded(item.clip.astype(np.float32), item.windows.astype(np.float32), spans)


class _Encoded:
    """The vectors of captions. Many sounds get the same one, so each text is encoded once in a run."""

    def __init__(self, encoder: TextEncoder, dim: int) -> None:
        self._encoder, self._nothing = encoder, np.zeros(dim, np.float16)
        self._known: dict[str, HalfArray] = {}

    def __call__(self, text: str) -> HalfArray:
        """Return the vector (D,) of `text`; zeros where there is no word in it."""
        if text not in self._known:
            self._known[text] = self._encode(text)
        return self._known[text]

    def _encode(self, text: str) -> HalfArray:
        try:
            vector = self._encoder.encode_text([text])[0].astype(np.float16) if text else self._nothing
        except QueryError:
            return self._nothing
        return vector if np.isfinite(vector).all() else self._nothing
