"""What a change in a watched folder means: which folders are to be indexed again, and when everything in them is at rest.

Nothing here waits or looks at a disk by itself: times are given, and so is what tells the stamp of a file. A file counts as at rest when
its stamp has stayed the same for `settle_s`; a folder is due when all that changed in it is. One file that never rests (a recording that
runs for hours) holds the others up for `patience_s` only, twice as long each time that it still grows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.library.caption import CAPTION_SUFFIXES
from hearken.library.scan import is_below

SETTLE_S = 2.0
PATIENCE_S = 60.0
MAX_PATIENCE_S = 1_800.0
_MAX_PATHS = 2_000  # of which the stamps are looked at; beyond, any new change means unrest

Kind = Literal["added", "modified", "deleted"]
Stamp = tuple[int, int] | None
"""Size and time of a file in bytes and ns, None where there is none."""

_SUFFIXES = (*AUDIO_SUFFIXES, *CAPTION_SUFFIXES)


def stamp_of(path: str) -> Stamp:
    """Return the stamp of the file at `path`."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def matters(path: str, kind: Kind, root: str, is_folder: bool | None) -> bool:
    """Return whether a change may be one to the sounds below `root`. `is_folder` is None where nothing is at `path` (now).

    Sounds and their captions matter, and folders that come and go, which may bring or take sounds without a further word.
    What is hidden, or lies in a hidden folder, is never indexed.
    """
    below = os.path.relpath(path, root) if path != root else ""
    if any(part.startswith(".") for part in below.split(os.sep) if part):
        return False
    if path.lower().endswith(_SUFFIXES):
        return True
    return kind != "modified" and is_folder is not False


@dataclass
class _Unrest:
    """What has changed below one root: for each path its stamp, and since when that is the same."""

    since_s: float
    paths: dict[str, tuple[Stamp, float]] = field(default_factory=dict)
    last_s: float = 0.0


class Changes:
    """The changes below `roots` (absolute, real) that have not been indexed yet; what is in one of the folders `but` is not theirs."""

    def __init__(
        self, roots: Sequence[str], but: Sequence[str] = (), *, settle_s: float = SETTLE_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._roots, self._but, self._settle_s = tuple(roots), tuple(but), settle_s
        self._first_patience_s = patience_s
        self._patience_s = dict.fromkeys(roots, patience_s)
        self._unrest: dict[str, _Unrest] = {}

    def note(self, path: str, kind: Kind, now_s: float, stamp: Callable[[str], Stamp] = stamp_of) -> bool:
        """Take in one change, and return whether it matters."""
        root = next((each for each in self._roots if is_below(path, each)), None)
        if root is None or any(is_below(path, folder) for folder in self._but):
            return False
        is_folder = os.path.isdir(path) if os.path.lexists(path) else None
        if not matters(path, kind, root, is_folder):
            return False
        unrest = self._unrest.setdefault(root, _Unrest(now_s))
        unrest.last_s = now_s
        if len(unrest.paths) < _MAX_PATHS:
            unrest.paths[path] = (stamp(path), now_s)
        return True

    def note_root(self, root: str, now_s: float) -> None:
        """Say that anything below `root` may have changed, and is at rest as far as anybody knows."""
        self._unrest.setdefault(root, _Unrest(now_s, last_s=now_s - self._settle_s))

    def due(self, now_s: float, stamp: Callable[[str], Stamp] = stamp_of) -> list[str]:
        """Return the roots to index now, and forget their changes."""
        ready = []
        for root, unrest in list(self._unrest.items()):
            rests = self._rests(unrest, now_s, stamp)
            if rests or now_s - unrest.since_s >= self._patience_s[root]:
                longer_s = min(2 * self._patience_s[root], MAX_PATIENCE_S)
                self._patience_s[root] = self._first_patience_s if rests else longer_s
                del self._unrest[root]
                ready.append(root)
        return ready

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._unrest

    def _rests(self, unrest: _Unrest, now_s: float, stamp: Callable[[str], Stamp]) -> bool:
        for path, (known, _) in unrest.paths.items():
            found = stamp(path)
            if found != known:
                unrest.paths[path] = (found, now_s)
                unrest.last_s = now_s
        return now_s - unrest.last_s >= self._settle_s
