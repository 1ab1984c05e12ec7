"""What the library is made of: the rows that a store hands out, and the changes that it takes.

A *file* is a path with its stamp (size, times, inode); a *sound* is content, known by its hash, with vectors and facts.
Several files may share one sound, so a copy costs nothing and a moved file keeps everything. Paths are absolute and may
hold any bytes: as `str` they are surrogate-escaped (`os.fsdecode`), on disk they are BLOBs (`os.fsencode`).

Legend: `N` windows of one file, `D` embedding size. Times of sounds are seconds, times of files nanoseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hearken.types import EmbeddedFile, Failure

HalfArray = NDArray[np.float16]
DoubleArray = NDArray[np.float64]


class ModelIdentity(Protocol):
    """Anything that says which model it is: an Embedder, a runtime Model, a ModelRecord."""

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    @property
    def digest(self) -> str:
        """Identity of weights, front end and length policy together; equality of digests is what counts."""
        ...

    @property
    def dim(self) -> int:
        """Embedding size D."""
        ...


@dataclass(frozen=True)
class ModelRecord:
    """The model that made the vectors of a library; `folder` is where it was, if it was given as a folder: a hint, no promise."""

    name: str
    digest: str
    dim: int
    folder: str = ""


class Found(NamedTuple):
    """A sound file met by a scan, with its stamp; numbers are clamped to what SQLite can hold (63 bits).

    `caption_path` is the text or JSON file of the same name beside it ("" for none), `caption_stamp` changes with it.
    """

    path: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    caption_path: str = ""
    caption_stamp: int = 0


@dataclass(frozen=True)
class Skipped:
    """Something that a scan met and left alone. `blocks` says that the path hides what may lie below it: not to be forgotten."""

    path: str
    error: str
    message: str
    hint: str = ""
    blocks: bool = False

    @property
    def failure(self) -> Failure:
        """The ledger line of it."""
        return Failure(self.path, "scan", self.error, self.message, self.hint)


@dataclass(frozen=True)
class FileRecord:
    """One file of the library with the facts of its sound; `content_hash` is hexadecimal BLAKE2b-128 of its bytes."""

    id: int
    path: str
    size: int
    mtime_ns: int
    content_hash: str
    duration_s: float
    rate_hz: int
    num_channels: int
    container: str
    codec: str
    flags: frozenset[str]
    tags: Mapping[str, str]
    num_windows: int


class FileVectors(NamedTuple):
    """The vectors of one file: clip (D,) float16, windows (N, D) float16, spans (N, 2) float64 as start_s and end_s."""

    file_id: int
    clip: HalfArray
    windows: HalfArray
    spans: DoubleArray


class KnownFile(NamedTuple):
    """What the indexer must know of a stored file to tell whether it changed."""

    id: int
    size: int
    mtime_ns: int
    device: int
    inode: int
    caption_stamp: int
    content_hash: bytes


class KnownFailure(NamedTuple):
    """A ledger line with the size and mtime that the file had when it failed (0 where unknown)."""

    failure: Failure
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Filters:
    """Which files a search may return; the default lets all through. Every condition that is set must hold.

    Bounds are inclusive, in seconds. `path_glob` is matched against the whole absolute path (see `store.glob_matcher`).
    `containers` are compared without case with container, codec and the suffix of the name; `rates_hz` and `num_channels`
    list what is allowed.
    """

    min_duration_s: float | None = None
    max_duration_s: float | None = None
    path_glob: str | None = None
    containers: tuple[str, ...] = ()
    rates_hz: tuple[int, ...] = ()
    num_channels: tuple[int, ...] = ()


@dataclass(frozen=True)
class CaptionerCount:
    """How many sounds of a library have a caption by one captioner, which its `digest` identifies."""

    name: str
    digest: str
    num_sounds: int


class MachineCaption(NamedTuple):
    """What a captioner said of one sound: `text` ("": nothing), how sure it was (its own scale), and the text's `vector` (D,) float16.

    The vector is the library's own model's, of unit length; zeros where that model finds no word in the text.
    """

    sound_id: int
    text: str
    score: float
    vector: HalfArray


@dataclass(frozen=True)
class LibraryStats:
    """Totals of a library. `num_failed` and `num_skipped` are ledger lines, `size_bytes` is the database with its log.

    `captioners` tells who made the machine-made captions, and of how many sounds.
    """

    num_files: int
    num_sounds: int
    num_windows: int
    duration_s: float
    num_failed: int
    num_skipped: int
    size_bytes: int
    containers: Mapping[str, int] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    captioners: tuple[CaptionerCount, ...] = ()


@dataclass(frozen=True)
class FileText:
    """What can be searched by words about one file, apart from its tags: words of name and folders, and its caption."""

    name: str
    folders: str
    caption: str


@dataclass(frozen=True)
class PutSound:
    """Enter (or replace) a file whose sound is new. A ledger line for the path goes away."""

    found: Found
    content_hash: bytes
    embedded: EmbeddedFile
    text: FileText


@dataclass(frozen=True)
class PutCopy:
    """Enter (or replace) a file whose sound the store has already. A ledger line for the path goes away."""

    found: Found
    content_hash: bytes
    text: FileText


@dataclass(frozen=True)
class Relabel:
    """Give a file, whose content is as before, a new path, stamp or text (None: as before); it keeps its id and vectors."""

    file_id: int
    found: Found
    text: FileText | None = None


@dataclass(frozen=True)
class RemoveFile:
    """Forget a file."""

    file_id: int


@dataclass(frozen=True)
class PutFailure:
    """Write a ledger line; a file of this path is forgotten, so a path is either in the library or failed.

    Only lines of stage `scan` may stand beside a file: it is out of reach, and kept until it comes back.
    """

    failure: Failure
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True)
class ClearFailure:
    """Strike a line from the ledger."""

    path: str


@dataclass(frozen=True)
class AddRoot:
    """Remember a folder (or single file) that the user indexes."""

    path: str


@dataclass(frozen=True)
class RemoveRoot:
    """Forget a root; its files are removed by their own changes."""

    path: str


@dataclass(frozen=True)
class PutCaptions:
    """Enter (or replace) the machine-made captions of some sounds, by the captioner of this name and digest."""

    name: str
    digest: str
    captions: tuple[MachineCaption, ...]


Change = PutSound | PutCopy | Relabel | RemoveFile | PutFailure | ClearFailure | AddRoot | RemoveRoot | PutCaptions
