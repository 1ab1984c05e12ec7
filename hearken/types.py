"""The vocabulary: frozen dataclasses that several floors exchange.

Legend: `T` samples, `N` windows of one file, `D` embedding size. Times are seconds from the start of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

FLAGS = ("truncated", "silent", "antiphase", "repaired", "over_duration")
"""What can be remarkable about a file that was indexed all the same; docs/faults.md explains each."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file says about itself, before decoding. `num_samples` (per channel) is None where the header does not tell."""

    container: str
    codec: str
    rate_hz: int
    num_channels: int
    num_samples: int | None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def duration_s(self) -> float | None:
        """Announced length in seconds, or None where the header does not tell."""
        return None if self.num_samples is None else self.num_samples / self.rate_hz


@dataclass(frozen=True)
class Waveform:
    """Mono sound: `samples` (T,) float32, full scale = 1, at `rate_hz`; `flags` out of `FLAGS`."""

    samples: FloatArray
    rate_hz: int
    flags: frozenset[str] = frozenset()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True)
class Span:
    """A stretch of sound from `start_s` to `end_s`."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Embedded:
    """The vectors of one sound: `clip` (D,) for all of it, `windows` (N, D) with their `spans`; all unit length, float32."""

    clip: FloatArray
    windows: FloatArray
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class EmbeddedFile:
    """What indexing one file yields. `duration_s` is what was really decoded (up to the limit), whatever was announced."""

    info: AudioInfo
    duration_s: float
    flags: frozenset[str]
    vectors: Embedded


@dataclass(frozen=True)
class Failure:
    """Why one file could not be indexed; one line of the ledger.

    `stage` says what was at fault: `scan` (it was left alone, for a reason), `read` (the system did not give us the file),
    `worker` (the process that read it died), `decode` (its bytes), `embed` (the model). Only after the last two a file is
    not tried again until it changes.
    """

    path: str
    stage: str
    error: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Hit:
    """One answer of a search, best moment of a file: `path` is absolute, `score` is the cosine of
    sound and query (1 = same), plus at most 0.3 where names or tags hold words of the query, and 0.03 for a machine-made caption that
    fits. `duplicates` are folded copies. `machine_caption` is what a captioner wrote about all of the file, "" where none did.
    `confidence` is how likely the sound is what was asked for, None where the model has not been calibrated; a `weak` hit is
    likelier something else.
    """

    path: str
    start_s: float
    end_s: float
    score: float
    duration_s: float
    duplicates: tuple[str, ...] = ()
    machine_caption: str = ""
    confidence: float | None = None
    weak: bool = False


ProgressCallback = Callable[[str, float], None]
"""Called with a path and the seconds of it that are done."""
Progress = Callable[[int, int | None], None]
"""Called with how many files, clips or bytes are done, and how many there are; None where nobody knows."""


def silent(done: int, total: int | None) -> None:
    """Tell nobody of progress."""


class Embedder(Protocol):
    """What the indexer needs of a model: its identity, and vectors for many files, in any order of completion."""

    @property
    def digest(self) -> str:
        """Identity of weights, front end and length policy together."""
        ...

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    @property
    def dim(self) -> int:
        """Embedding size D."""
        ...

    def embed_files(
        self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None
    ) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
        """Yield a result for every path, as each gets ready; never raises for one bad file. `paths` is consumed lazily."""
        ...
