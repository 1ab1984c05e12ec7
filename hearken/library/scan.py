"""Walk over the user's folders: every sound file once, and a reason for everything that was left alone.

Terminates on any tree: each folder is entered once, known by device and inode, whatever links lead to it. Links are
followed after everything else, so a file that can be reached without one is always reported by its plain path. Names
are sorted by their bytes, so the same tree gives the same list.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from hearken.audio.source import AUDIO_SUFFIXES, read_error
from hearken.errors import show
from hearken.library.caption import CAPTION_SUFFIXES
from hearken.library.records import Found, Skipped

__all__ = ["Found", "Skipped", "found_from", "is_below", "nearest", "normal_roots", "scan", "stamp_of"]

_MAX_INT = 2**63 - 1
_KINDS = ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))


def normal_roots(roots: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Return absolute real paths of `roots`, in order, without repetitions and without what lies below another one."""
    real = list(dict.fromkeys(os.path.realpath(os.path.expanduser(root)) for root in roots))
    known = frozenset(real)
    return [path for path in real if os.path.dirname(path) == path or nearest(os.path.dirname(path), known) is None]


def nearest(path: str, folders: Container[str]) -> str | None:
    """Return the longest of `folders` (a set, as there may be many) that is `path` or holds it, by name; None for none."""
    while path not in folders:
        above = os.path.dirname(path)
        if above == path:
            return None
        path = above
    return path


def is_below(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies in it, by name."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def stamp_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return size, mtime_ns, device and inode of a file, clamped or cut to the signed 64 bits that a database holds."""
    mtime_ns = max(-_MAX_INT, min(_MAX_INT, status.st_mtime_ns))
    return min(status.st_size, _MAX_INT), mtime_ns, status.st_dev & _MAX_INT, status.st_ino & _MAX_INT


def found_from(path: str, status: os.stat_result, caption: tuple[str, int] = ("", 0)) -> Found:
    """Return the `Found` of a file with this status and (path, stamp) of its caption."""
    return Found(path, *stamp_of(status), *caption)


def scan(roots: Iterable[str | os.PathLike[str]]) -> Iterator[Found | Skipped]:
    """Yield every sound file below `roots`, and what was skipped with its reason. Never raises for anything it meets.

    A root may be a single file: it is taken whatever its suffix, as the user named it. Other files without a suffix of
    `AUDIO_SUFFIXES` are not mentioned; hidden ones (leading dot, macOS `._` companions) with such a suffix, hidden
    folders, what is not a regular file, what cannot be read, and second names of a file already found are skipped.
    """
    walk = _Walk()
    for root in normal_roots(roots):
        yield from walk.root(root)
    yield from walk.links()


@dataclass
class _Walk:
    """What one scan has seen: folders and files by (device, inode), and links still to be followed."""

    folders: set[tuple[int, int]] = field(default_factory=set)
    files: set[tuple[int, int]] = field(default_factory=set)
    pending: deque[str] = field(default_factory=deque)

    def root(self, path: str) -> Iterator[Found | Skipped]:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            yield _unreadable(path, error)
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self.tree(path, status)
        else:
            yield self.file(path, status, _caption_of(path))

    def links(self) -> Iterator[Found | Skipped]:
        while self.pending:
            path = self.pending.popleft()
            try:
                status = os.stat(path)
            except (OSError, ValueError) as error:  # dangling, or a loop of links
                yield _unreadable(path, error)
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self.tree(path, status)
            elif _is_sound(path):
                yield self.file(path, status, _caption_of(path))

    def tree(self, path: str, status: os.stat_result) -> Iterator[Found | Skipped]:
        """Walk a folder without recursion, deepest first, so that no depth is too deep."""
        stack = [(path, status)]
        while stack:
            folder, status = stack.pop()
            key = (status.st_dev, status.st_ino)
            if status.st_ino and key in self.folders:
                continue
            self.folders.add(key)
            subfolders: list[tuple[str, os.stat_result]] = []
            yield from self.folder(folder, subfolders)
            stack.extend(reversed(subfolders))

    def folder(self, folder: str, subfolders: list[tuple[str, os.stat_result]]) -> Iterator[Found | Skipped]:
        """Yield the files right in `folder`; append its folders to `subfolders` and its links to `pending`."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except (OSError, ValueError) as error:
            yield _unreadable(folder, error)
            return
        captions = {entry.name: entry for entry in entries if entry.name.lower().endswith(CAPTION_SUFFIXES)}
        for entry in entries:
            try:
                skipped = self._enter(entry, subfolders)
                if skipped is None and _is_sound(entry.name) and not entry.is_symlink():
                    yield self.file(entry.path, _status(entry), _caption_in(folder, entry.name, captions))
                elif skipped is not None:
                    yield skipped
            except (OSError, ValueError) as error:  # vanished or withdrawn since the folder was listed
                yield _unreadable(entry.path, error)

    def _enter(self, entry: os.DirEntry[str], subfolders: list[tuple[str, os.stat_result]]) -> Skipped | None:
        """Note a folder or link for later; return what must be reported about it."""
        is_folder, is_link = entry.is_dir(follow_symlinks=False), entry.is_symlink()
        if entry.name.startswith("."):
            return _hidden(entry.path) if is_folder or _is_sound(entry.name) else None
        if is_link:
            self.pending.append(entry.path)
        elif is_folder:
            subfolders.append((entry.path, _status(entry)))
        return None

    def file(self, path: str, status: os.stat_result, caption: tuple[str, int]) -> Found | Skipped:
        """Return what to report of a file that has the name of a sound."""
        if not stat.S_ISREG(status.st_mode):
            return _irregular(path, status.st_mode)
        key = (status.st_dev, status.st_ino)
        if status.st_ino and key in self.files:
            return Skipped(path, "SecondName", f"{show(path)} is a second name (link) of a file that is indexed already.")
        self.files.add(key)
        return found_from(path, status, caption)


def _is_sound(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    """Status of the entry itself; on Windows the listing has no inode numbers, so the file is asked."""
    status = entry.stat(follow_symlinks=False)
    return status if status.st_ino else os.lstat(entry.path)


def _caption_in(folder: str, name: str, captions: dict[str, os.DirEntry[str]]) -> tuple[str, int]:
    """Path and stamp of the caption beside a file, out of the listing of its folder; ("", 0) for none."""
    if not captions:
        return "", 0
    stem = os.path.splitext(name)[0]
    for suffix in CAPTION_SUFFIXES:
        entry = captions.get(stem + suffix)
        with contextlib.suppress(OSError):  # a link in a circle, say: no reason to lose the sound
            if entry is not None and entry.is_file():
                return os.path.join(folder, entry.name), _caption_stamp(entry.stat())
    return "", 0


def _caption_of(path: str) -> tuple[str, int]:
    """Path and stamp of the caption beside a file that was not met in a listing; ("", 0) for none."""
    for suffix in CAPTION_SUFFIXES:
        caption = os.path.splitext(path)[0] + suffix
        try:
            status = os.stat(caption)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode) and caption != path:
            return caption, _caption_stamp(status)
    return "", 0


def _caption_stamp(status: os.stat_result) -> int:
    """One number that changes with the file; 0 is kept for "no caption"."""
    return (status.st_mtime_ns * 31 + status.st_size) & _MAX_INT or 1


def _hidden(path: str) -> Skipped:
    return Skipped(path, "Hidden", f"{show(path)} is hidden.", "Name it as a folder to index, if you want what is in it.")


def _irregular(path: str, mode: int) -> Skipped:
    kind = next((name for test, name in _KINDS if test(mode)), "a folder" if stat.S_ISDIR(mode) else "something special")
    return Skipped(path, "NotRegular", f"{show(path)} is {kind}, not a file.")


def _unreadable(path: str, error: OSError | ValueError) -> Skipped:
    hint = "Links and folders that cannot be followed hide what is behind them; check that it exists and that you may read it."
    return Skipped(path, "Unreadable", read_error(path, error).message, hint, blocks=True)
