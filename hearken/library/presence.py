"""Is a file gone, or only out of reach? Nothing is ever forgotten because a disk was not there.

A file that a scan did not meet counts as gone only if a root that holds it is there, nothing on the way to it was
unreadable, and the nearest folder that still exists lies on the device that the file was on: where a file system is
unmounted, its mount point remains as an empty folder of another device. As a mount point made anew may lie on the same
device, a root that held files and is empty now counts as not there (`emptied`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from hearken.library.scan import nearest


def emptied(roots: Iterable[str], files: Iterable[str]) -> frozenset[str]:
    """Return which of `roots` are empty folders though some of the known `files` lay below them."""
    empty = frozenset(root for root in roots if _is_empty(root))
    return frozenset(root for path in files if (root := nearest(path, empty)) is not None) if empty else empty


def _is_empty(folder: str) -> bool:
    """Return whether `folder` is a folder that holds no entry at all; one that cannot be read is not known to be empty."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except (OSError, ValueError):
        return False


class Presence:
    """Answers for one moment: it remembers what it has asked the file system. `blocked` are paths that a scan could not read."""

    def __init__(self, roots: Iterable[str], blocked: Iterable[str] = ()) -> None:
        self._roots = frozenset(root for root in roots if os.path.lexists(root))
        self._blocked = frozenset(blocked)
        self._same_devices: set[tuple[int, int]] = set()
        self._devices: dict[str, int | None] = {}

    def note_device(self, before: int, now: int) -> None:
        """Learn that a device was given another number: a file was met at its old place with this one."""
        self._same_devices.add((before, now))

    def out_of_reach(self, path: str, device: int) -> bool:
        """Return whether the file `path`, last seen on `device`, may still exist where nobody can see it now."""
        if self.is_away(path) or self.is_blocked(path):
            return True
        now = self._device_of(os.path.dirname(path))
        return now is None or (now != device and (device, now) not in self._same_devices)

    def is_away(self, path: str) -> bool:
        """Return whether no root that is there holds `path`."""
        return nearest(path, self._roots) is None

    def is_blocked(self, path: str) -> bool:
        """Return whether the scan could not read `path` or a folder above it."""
        return bool(self._blocked) and nearest(path, self._blocked) is not None

    def _device_of(self, folder: str) -> int | None:
        """Device of the nearest folder above that exists; None where the file system would not tell."""
        if folder not in self._devices:
            try:
                self._devices[folder] = os.stat(folder).st_dev & (2**63 - 1)
            except (FileNotFoundError, NotADirectoryError):
                above = os.path.dirname(folder)
                self._devices[folder] = self._device_of(above) if above != folder else None
            except (OSError, ValueError):
                self._devices[folder] = None
        return self._devices[folder]
