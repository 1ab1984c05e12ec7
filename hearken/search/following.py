"""Follow folders: index them, then again whenever something in them has changed, until Ctrl-C.

The system tells of changes (watchfiles); where it cannot (network disks, too many folders), the folders are looked through from time
to time, and all others now and then too, as the system may lose a message. Looking takes at most about a fiftieth of a core.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hearken.errors import LockedError, MissingExtraError, extra_hint
from hearken.library.index import IndexReport
from hearken.library.records import Found
from hearken.library.scan import is_below, scan
from hearken.search.watching import Changes

LOCK_WAIT_S = 5.0
PRESENCE_S = 5.0
POLL_S = 10.0
SAFETY_S = 600.0
_TICK_MS = 1_000
_SHARE = 50  # looking through folders waits at least this many times as long as it took
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "vboxsf", "davfs", "afs", "ceph", "fuse.glusterfs"}
)

State = Literal["indexed", "waiting", "away", "back", "polling"]


@dataclass(frozen=True)
class Step:
    """What has happened: roots were `indexed` (with a report), the library is written by another process (`waiting`), a root is `away`
    or `back`, or is looked through from time to time (`polling`) as the system does not tell of changes there."""

    state: State
    roots: tuple[str, ...]
    report: IndexReport | None = None
    message: str = ""


@dataclass
class Follower:
    """Follows `roots` (absolute, real). `index` brings the library up to date with some of them; `tell` is called with each step.

    `but` are folders in which changes are nobody's business, such as the library's own.
    """

    roots: Sequence[str]
    index: Callable[[Sequence[str]], IndexReport]
    tell: Callable[[Step], None]
    but: Sequence[str] = ()
    always_poll: bool = False
    poll_s: float = POLL_S
    settle_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    _changes: Changes = field(init=False)
    _states: dict[str, int] = field(init=False, default_factory=dict)
    _next_s: dict[str, float] = field(init=False, default_factory=dict)
    _polled: set[str] = field(init=False, default_factory=set)
    _is_waiting: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._changes = Changes(self.roots, self.but, settle_s=self.settle_s)

    def run(self, max_ticks: int | None = None) -> None:
        """Follow until KeyboardInterrupt (or for so many ticks of a second or less). Raises MissingExtraError without watchfiles,
        and what `index` raises but LockedError."""
        watch = _watchfiles()
        self._index(list(self.roots))
        while max_ticks is None or max_ticks > 0:
            here = {root: identity for root in self.roots if (identity := _identity(root)) is not None}
            for changes in self._tells(watch, sorted(here)):
                now_s = self.clock()
                for kind, path in changes:
                    self._changes.note(path, kind.name, now_s)
                self._poll(here, now_s)
                due = self._changes.due(now_s)
                if due:
                    self._index(due)
                if max_ticks is not None:
                    max_ticks -= 1
                if max_ticks == 0 or self._presence_changed(here):
                    break

    def _tells(self, watch: Any, here: Sequence[str]) -> Iterator[set[tuple[Any, str]]]:  # noqa: ANN401  the module watchfiles
        """Yield sets of changes (kind, path) below the roots that are here, an empty one at least each second."""
        told = [root for root in here if not (self.always_poll or _is_network(root))]
        self._set_polled([root for root in here if root not in told])
        if told:
            try:
                yield from watch.watch(
                    *told,
                    watch_filter=None,
                    debounce=_TICK_MS,
                    step=200,
                    rust_timeout=_TICK_MS,
                    yield_on_timeout=True,
                    raise_interrupt=True,
                )
                return
            except (OSError, RuntimeError):  # too many folders for the system, or one that went away just now
                self._set_polled([root for root in here if os.path.exists(root)])
        while True:
            time.sleep(min(_TICK_MS / 1_000, self.poll_s))
            yield set()

    def _set_polled(self, roots: Sequence[str]) -> None:
        new = [root for root in roots if root not in self._polled]
        self._polled = set(roots)
        if new:
            self.tell(Step("polling", tuple(new)))

    def _poll(self, here: dict[str, int], now_s: float) -> None:
        """Look through the roots for which it is time, and note those that are not as they were."""
        for root in here:
            if now_s < self._next_s.get(root, 0.0):
                continue
            begin_s = time.monotonic()
            state = _state(root, self.but)
            took_s = time.monotonic() - begin_s
            self._next_s[root] = now_s + max(self.poll_s if root in self._polled else SAFETY_S, _SHARE * took_s)
            if self._states.get(root, state) != state:
                self._changes.note(os.path.join(root, "changed"), "added", now_s)  # it may still be changing
                self._next_s[root] = now_s + max(self.settle_s / 2, _SHARE * took_s / 5)
            self._states[root] = state

    def _presence_changed(self, here: dict[str, int]) -> bool:
        """Say whether a root has gone away, come back or been replaced, and tell of it."""
        now_s = self.clock()
        if now_s < self._next_s.get("", 0.0):
            return False
        self._next_s[""] = now_s + min(PRESENCE_S, self.poll_s)
        found = {root: identity for root in self.roots if (identity := _identity(root)) is not None}
        if found == here:
            return False
        gone, came = tuple(root for root in here if root not in found), tuple(root for root in found if root not in here)
        if gone:
            self.tell(Step("away", gone))
        if came:
            self.tell(Step("back", came))
        for root, identity in found.items():
            if identity != here.get(root):
                self._changes.note_root(root, now_s)
        return True

    def _index(self, roots: Sequence[str]) -> None:
        """Bring the library up to date, when nobody else writes to it."""
        while True:
            try:
                report = self.index(roots)
            except LockedError as error:
                if not self._is_waiting:
                    self.tell(Step("waiting", tuple(roots), message=error.message))
                self._is_waiting = True
                time.sleep(min(LOCK_WAIT_S, self.poll_s))
                continue
            self._is_waiting = False
            self.tell(Step("indexed", tuple(roots), report))
            return


def _watchfiles() -> Any:  # noqa: ANN401  a module
    try:
        import watchfiles
    except ImportError as error:
        raise MissingExtraError("Following folders needs the package watchfiles.", extra_hint("serve")) from error
    return watchfiles


def _identity(root: str) -> int | None:
    """Return what tells a folder from another one in its place (a disk that is mounted there, say), None where there is none."""
    try:
        status = os.stat(root)
    except (OSError, ValueError):
        return None
    return hash((status.st_dev, status.st_ino))


def _state(root: str, but: Sequence[str]) -> int:
    """Return a number that changes with any sound below `root`."""
    found = (item for item in scan([root]) if isinstance(item, Found) and not any(is_below(item.path, folder) for folder in but))
    return hash(tuple((item.path, item.size, item.mtime_ns, item.inode, item.caption_stamp) for item in found))


def _is_network(root: str) -> bool:
    """Say whether a root lies on a disk of another machine, whose changes this one is not told of."""
    if not sys.platform.startswith("linux"):
        return root.startswith(("\\\\", "//"))
    best = ("", "")
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                _, place, kind, *_ = line.split(" ")
                place = place.replace("\\040", " ")
                if is_below(root, place) and len(place) >= len(best[0]):
                    best = (place, kind)
    except (OSError, ValueError):
        return False
    return best[1] in _NETWORK
