"""From a wish to hits: text, a sound of the library, the vector of any other sound, or text and sound together.

A sound of the library is sought by its stored vectors, so nothing is decoded: all of it by its clip vector, a span by the mean of the
moments in it. Together with a text, the vectors are added, the sound's with the weight `SOUND_SHARE`: cosines of two sounds spread over
about twice the range that those of text and sound do.

Legend: `N` windows of one file, `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from hearken.errors import QueryError
from hearken.library.records import FileRecord, FileVectors
from hearken.library.scales import scales_of
from hearken.library.store import SqliteStore
from hearken.library.vectors import VectorCache
from hearken.search import engine, wording
from hearken.search.asking import ask, checked
from hearken.search.captions import CaptionCache
from hearken.search.confidence import Calibration, unit
from hearken.search.judging import judged
from hearken.search.query import SearchRequest, clean_text
from hearken.search.scope import Query
from hearken.types import FloatArray, Hit, Span

SOUND_SHARE = 0.5


class Encoder(Protocol):
    """What searching needs of a model; `hearken.load_model` returns one."""

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    @property
    def digest(self) -> str:
        """Identity of the model."""
        ...

    @property
    def dim(self) -> int:
        """Embedding size D."""
        ...

    def encode_text(self, texts: Sequence[str], /) -> FloatArray:
        """Return unit vectors (B, D) of texts."""
        ...

    def encode_audio(self, sounds: Sequence[Any], /, sample_rate: int | None = None) -> FloatArray:
        """Return unit vectors (B, D) of files or arrays."""
        ...


class Parts(NamedTuple):
    """An open library. `ready` returns the model that made it, loaded, with its calibration if it has one."""

    store: SqliteStore
    cache: VectorCache
    captions: CaptionCache
    ready: Callable[[], tuple[Encoder, Calibration | None]]


@dataclass(frozen=True)
class Wish:
    """What is sought: what `text` describes, what is like the sound with id `like` (all of it, or `span`), or like `vector` (D,).

    `not_text`, `names`, `captions` and `as_typed` are as in `Library.search`; the first and the last do without a text, too.
    Raises QueryError for texts that are none, and where nothing is sought.
    """

    text: str | None = None
    not_text: str | None = None
    like: int | None = None
    span: Span | None = None
    vector: FloatArray | None = None
    names: bool = True
    captions: bool = True
    as_typed: bool = False

    def __post_init__(self) -> None:
        for name in ("text", "not_text"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, clean_text(getattr(self, name)))
        if self.text is None and self.like is None and self.vector is None:
            raise QueryError("Nothing is sought.", "Describe a sound, or name one that it should be like.")


class Answer(NamedTuple):
    """Hits, best first, with the record of the file of each; `understood` is how the texts were read: `text`, `not_text`, those given."""

    hits: list[Hit]
    records: list[FileRecord]
    understood: list[wording.Understood]


def answer(parts: Parts, wish: Wish, request: SearchRequest) -> Answer:
    """Return what `request` wants of what is sought, all from one committed state. Raises QueryError, StoreError, ModelError.

    Hits for a text alone have a confidence, where the model has a calibration.
    """
    given = {"text": wish.text, "not_text": wish.not_text}
    texts = {name: text for name, text in given.items() if text is not None}
    read = {name: wording.as_typed(text) if wish.as_typed else understand(parts.store, text) for name, text in texts.items()}
    query = _query(parts, wish, read)
    calibration = parts.ready()[1] if read else None
    captions = parts.captions if wish.captions else None
    with parts.store.snapshot():
        ranked = engine.rank(parts.store, parts.cache, query, request, captions)
        hits = judged(calibration, query, ranked) if wish.like is None and wish.vector is None else ranked.hits
        return Answer(hits, ranked.records, list(read.values()))


def understand(store: SqliteStore, text: str) -> wording.Understood:
    """Return what `text` asks for; words that the library holds are no typing errors. Raises QueryError."""
    return wording.understand(text, lambda word: bool(store.match_text(word)))


def _query(parts: Parts, wish: Wish, read: dict[str, wording.Understood]) -> Query:
    """Return what to compare with the library."""
    sound = checked(wish.vector) if wish.vector is not None else None
    if wish.like is not None:
        sound = vector_of(parts.store, wish.like, wish.span)
    if "text" in read:
        encoder, _ = parts.ready()
        asked = ask(read["text"], read.get("not_text"), encoder.encode_text, names=wish.names, captions=wish.captions)
        if sound is None:
            return asked
        together = unit(asked.vector + SOUND_SHARE * sound)
        return replace(asked, vector=together, parts=None, leave_out=wish.like)
    if sound is None:
        raise QueryError("Nothing is sought.")  # which a Wish never says
    against = None
    if "not_text" in read:
        encoder, _ = parts.ready()
        against = checked(encoder.encode_text([read["not_text"].text])[0])
    return Query(sound, against, leave_out=wish.like)


def vector_of(store: SqliteStore, file_id: int, span: Span | None = None) -> FloatArray:
    """Return the unit vector (D,) of a sound of the library, or of a span of it. Raises QueryError for an id that is not there."""
    found = next(store.read_vectors([file_id]), None)
    if found is None:
        raise QueryError(f"There is no sound with the id {file_id} in the library.", "It may have been removed meanwhile.")
    if span is None:
        return checked(found.clip.astype(np.float32))
    return checked(_of_span(found, span))


def _of_span(found: FileVectors, span: Span) -> FloatArray:
    """Return the mean of the moments in `span`, each by how many seconds of it are inside; of the nearest, where none is."""
    is_moment = ~scales_of(found.spans, np.zeros(1, np.int64)).is_context
    spans, moments = found.spans[is_moment], found.windows[is_moment].astype(np.float32)
    inside = np.minimum(spans[:, 1], span.end_s) - np.maximum(spans[:, 0], span.start_s)
    weights = np.clip(inside, 0.0, None)
    if not weights.any():
        weights = (inside == inside.max()).astype(np.float64)
    mean: FloatArray = unit((weights @ moments).astype(np.float32))
    return mean
