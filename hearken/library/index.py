"""Indexing: bring a library up to date with folders, incrementally, and survive whatever happens meanwhile.

A file whose size, time and inode are as stored is left alone. Others are hashed: content that is known moves or is
copied without being decoded again, new content is embedded. Commits are small, so a killed run loses seconds, and the
next one goes on where it stopped. The conservation law holds for every run:

    scanned = indexed + unchanged + moved + copied + failed + skipped

A file that failed before is counted in `failed` again; one whose bytes were at fault is not tried again until it changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from hearken.errors import InputError, StoreError
from hearken.library.ingest import Ingest
from hearken.library.plan import Plan, check_roots, make_plan
from hearken.library.protocol import Store
from hearken.library.records import Change, ClearFailure, RemoveFile, RemoveRoot
from hearken.library.scan import nearest, normal_roots
from hearken.library.schema import check_model
from hearken.types import Embedder

_EVENT_INTERVAL_S = 0.1


@dataclass(frozen=True)
class IndexReport:
    """What a run did, in files; `deleted` were forgotten, `kept` are out of reach (in roots `absent` or empty, or unreadable).

    `captioned` are sounds, not files, that were given a machine-made caption.
    """

    scanned: int
    indexed: int
    unchanged: int
    moved: int
    copied: int
    deleted: int
    failed: int
    skipped: int
    audio_s: float
    wall_s: float
    kept: int = 0
    absent: tuple[str, ...] = ()
    captioned: int = 0


@dataclass(frozen=True)
class IndexEvent:
    """One step of a run, for a progress bar: `num_done` of `num_total` files (0 while scanning, when nobody knows).

    After `done`, a large library may send `graph` events, whose numbers are windows laid out for search, and then, where captions are
    wanted, `caption` events, whose numbers are sounds.
    `audio_s` is sound embedded so far, `rate` how much of it per second of wall time; `path` is what was worked on last.
    """

    phase: Literal["scan", "embed", "done", "graph", "caption"]
    num_done: int
    num_total: int
    audio_s: float
    rate: float
    num_failed: int
    path: str = ""


IndexCallback = Callable[[IndexEvent], None]


def index_folders(
    store: Store,
    embedder: Embedder,
    roots: Iterable[str | os.PathLike[str]],
    *,
    jobs: int = 1,
    on_event: IndexCallback | None = None,
    retry_failed: bool = False,
) -> IndexReport:
    """Bring `store` up to date with the folders and files in `roots`, and return what was done.

    Files that are gone from a root that is there are forgotten; nothing is forgotten because a root (or a disk mounted
    below it) is away, or is an empty folder now: that may be the mount point of a disk. `on_event` is called about ten
    times a second, under a lock: it must be quick. On Ctrl-C (and any other error) what is done is committed before
    KeyboardInterrupt goes on its way.

    Raises ModelMismatchError when the embedder is not the model of the library, InputError for no roots, AudioReadError
    for a root that never existed, DiskFullError with the library as it was after the last commit, and other StoreErrors.
    """
    check_model(store.folder, store.model, embedder)
    if store.read_only:
        raise StoreError("The library was opened for reading only.")
    places = _places(roots)
    reporter = _Reporter(on_event)
    plan = make_plan(store, places, retry_failed=retry_failed, on_scanned=lambda count: reporter.step("scan", count, 0))
    ingest = Ingest(store, embedder, plan, lambda path: _report(reporter, ingest, plan, path))
    reporter.start_embedding()
    ingest.run(jobs)
    deleted = len(plan.gone)
    ingest.add([RemoveFile(known.id) for known in plan.gone.values()])
    ingest.commit()
    store.sweep()
    _report(reporter, ingest, plan, "", phase="done")
    return _summary(plan, ingest, deleted, reporter.elapsed_s)


def check_new_roots(roots: Iterable[str | os.PathLike[str]]) -> None:
    """Check the roots of a library that is still to be made. Raises InputError for none, AudioReadError for one that is not there."""
    check_roots(_places(roots))


def _places(roots: Iterable[str | os.PathLike[str]]) -> list[str]:
    places = normal_roots(roots)
    if not places:
        raise InputError("Nothing to index was named.", "Name a folder: `hearken index DIR`.")
    return places


def remove_folder(store: Store, root: str | os.PathLike[str]) -> int:
    """Forget the folder (or file) `root` and everything below it, whether or not it still exists; return how many files.

    The sounds themselves are not touched. What is known by the path of a link goes too. Raises StoreError or a subclass.
    """
    named = os.path.expanduser(root)
    places = {os.path.realpath(named), os.path.abspath(named)}
    files = [known.id for path, known in store.known_files().items() if nearest(path, places)]
    changes: list[Change] = [RemoveFile(file_id) for file_id in files]
    changes.extend(ClearFailure(path) for path in store.known_failures() if nearest(path, places))
    changes.extend(RemoveRoot(path) for path in store.roots() if nearest(path, places))
    if changes:
        store.apply(changes)
        store.sweep()
    return len(files)


class _Reporter:
    """Sends events, but not more often than anybody can look."""

    def __init__(self, on_event: IndexCallback | None) -> None:
        self._on_event = on_event
        self._start_s = self._embed_start_s = time.monotonic()
        self._last_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._start_s

    def start_embedding(self) -> None:
        """Let the rate count from now."""
        self._embed_start_s = time.monotonic()

    def step(
        self, phase: Literal["scan", "embed", "done"], done: int, total: int, audio_s: float = 0.0, failed: int = 0, path: str = ""
    ) -> None:
        """Send an event, unless the last one was sent just before; the last one of a run is always sent."""
        now_s = time.monotonic()
        if self._on_event is None or (phase != "done" and now_s - self._last_s < _EVENT_INTERVAL_S):
            return
        self._last_s = now_s
        rate = audio_s / max(now_s - self._embed_start_s, 1e-3)
        self._on_event(IndexEvent(phase, done, total, audio_s, rate, failed, path))


def _report(reporter: _Reporter, ingest: Ingest, plan: Plan, path: str, phase: Literal["embed", "done"] = "embed") -> None:
    progress = ingest.progress
    audio_s = progress.audio_s + sum(progress.partial_s.values())
    reporter.step(phase, progress.done, progress.total, audio_s, plan.failed + progress.failed, path)


def _summary(plan: Plan, ingest: Ingest, deleted: int, wall_s: float) -> IndexReport:
    progress = ingest.progress
    return IndexReport(
        scanned=plan.scanned,
        indexed=progress.indexed,
        unchanged=plan.unchanged + progress.unchanged,
        moved=progress.moved,
        copied=progress.copied,
        deleted=deleted,
        failed=plan.failed + progress.failed,
        skipped=plan.skipped,
        audio_s=progress.audio_s,
        wall_s=wall_s,
        kept=plan.num_kept,
        absent=plan.absent,
    )
