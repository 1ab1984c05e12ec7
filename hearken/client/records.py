"""What a server answers, as frozen dataclasses. Fields that a newer server adds are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from hearken.types import Hit

T = TypeVar("T")


@dataclass(frozen=True)
class RemoteSound:
    """One sound of a library on a server; `absolute_path` is None unless the server runs for this machine alone."""

    id: int
    name: str
    folder: str
    path: str
    absolute_path: str | None
    duration_s: float
    rate_hz: int
    num_channels: int
    format: str
    caption: str | None = None
    labels: tuple[str, ...] = ()
    noted: bool = False
    collections: tuple[int, ...] = ()


@dataclass(frozen=True)
class RemoteHit(RemoteSound):
    """One answer of a search: the moment from `start_s` to `end_s` of a sound."""

    start_s: float = 0.0
    end_s: float = 0.0
    score: float = 0.0
    confidence: float | None = None
    weak: bool = False
    duplicates: tuple[Mapping[str, Any], ...] = ()

    @property
    def hit(self) -> Hit:
        """The same as `hearken.Library.search` returns it; its `path` is as much of the path as the server tells."""
        copies = tuple(f"{each['folder']}/{each['name']}" for each in self.duplicates)
        path = self.absolute_path or self.path
        return Hit(path, self.start_s, self.end_s, self.score, self.duration_s, copies, self.caption or "", self.confidence, self.weak)


@dataclass(frozen=True)
class Found:
    """Answer of a search: `hits`, best first; `notes` tell how the text was read, `nothing_fits` that none seems to be what was asked."""

    hits: tuple[RemoteHit, ...]
    has_more: bool
    nothing_fits: bool
    took_ms: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of the sounds of a library, which has `total` of them."""

    total: int
    sounds: tuple[RemoteSound, ...]


@dataclass(frozen=True)
class LibraryStatus:
    """What a library holds; `state` is `ready`, `absent` or `broken`."""

    name: str
    state: str
    num_files: int = 0
    num_sounds: int = 0
    num_windows: int = 0
    duration_s: float = 0.0
    num_failed: int = 0
    num_skipped: int = 0
    size_bytes: int = 0
    generation: int = 0
    formats: Mapping[str, int] = field(default_factory=dict)


def record(kind: type[T], answer: Mapping[str, Any]) -> T:
    """Return the dataclass `kind` with what a server answered; lists become tuples. Raises KeyError or TypeError for what it is not."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in answer.items() if name in known})
