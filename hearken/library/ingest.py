"""The working half of indexing: hash what is new, embed what is unknown, write the outcome in small commits.

Files go to the embedder lazily, so a file is hashed only shortly before it is decoded. The embedder may pull paths and
report progress from threads of its own; one lock guards everything here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hearken.audio.source import read_error
from hearken.errors import AudioReadError, InputError, StoreError, show
from hearken.library.hashing import hash_and_status
from hearken.library.interrupts import set_when_interrupted
from hearken.library.plan import Plan
from hearken.library.protocol import Store
from hearken.library.records import Change, Found, KnownFile, PutCopy, PutFailure, PutSound, Relabel
from hearken.library.rows import check_vectors
from hearken.library.scan import found_from, stamp_of
from hearken.types import EmbeddedFile, Embedder, Failure

COMMIT_INTERVAL_S = 2.0
COMMIT_NUM_CHANGES = 64
SETTLE_NS = 2_000_000_000
"""A file as young as the coarsest clock of a file system (FAT) can change without its stamp changing."""
_MAX_ATTEMPTS = 2


@dataclass
class Progress:
    """What has happened so far; `partial_s` holds the seconds done of files that are still being worked on."""

    total: int = 0
    indexed: int = 0
    unchanged: int = 0
    moved: int = 0
    copied: int = 0
    failed: int = 0
    audio_s: float = 0.0
    partial_s: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many files are finished, whatever came of them."""
        return self.indexed + self.unchanged + self.moved + self.copied + self.failed


class Ingest:
    """One run over the work of a plan. `on_step` is called, under the lock, whenever `progress` has changed."""

    def __init__(self, store: Store, embedder: Embedder, plan: Plan, on_step: Callable[[str], None]) -> None:
        self.progress = Progress(total=len(plan.work))
        self._store, self._embedder, self._plan, self._on_step = store, embedder, plan, on_step
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._queue: list[Found] = list(plan.work)
        self._attempts: dict[str, int] = {}
        self._flying: dict[str, tuple[Found, bytes]] = {}
        self._leaders: dict[bytes, str] = {}
        self._followers: dict[bytes, list[Found]] = {}
        self._lost = _by_hash({**plan.gone, **plan.elsewhere})
        self._batch: list[Change] = list(plan.changes)
        self._last_commit_s = time.monotonic()

    def run(self, jobs: int) -> None:
        """Work off everything. Whatever stops it (Ctrl-C included), what is done is committed first.

        Raises StoreError when it cannot be written, and what the embedder raises.
        """
        try:
            with set_when_interrupted(self._stopping):
                while self._queue:
                    self._run_round(jobs)
            self.commit()
        except StoreError:
            raise  # the batch could not be written, and would not be now
        except BaseException:
            self.commit()
            raise

    def commit(self) -> None:
        """Write what has gathered."""
        with self._lock:
            if self._batch:
                self._store.apply(self._batch)
                self._batch = []
            self._last_commit_s = time.monotonic()

    def add(self, changes: list[Change]) -> None:
        """Append changes to what will be committed next."""
        with self._lock:
            self._batch.extend(changes)

    def _run_round(self, jobs: int) -> None:
        """Embed what is in the queue; what must be tried again is queued for the next round."""
        queue, self._queue = self._queue, []
        results = self._embedder.embed_files(self._feed(queue), jobs=jobs, on_progress=self._note_progress)
        try:
            for path, result in results:
                self._take(path, result)
        except BaseException:
            self._stopping.set()  # closing waits for the embedder's threads, and one of them may be in `_feed`
            raise
        finally:
            close = getattr(results, "close", None)  # a generator stops its workers now, not when it is collected
            if close is not None:
                close()
        for path in list(self._flying):  # an embedder that swallows a path breaks its promise; the file must not vanish
            self._take(path, Failure(path, "embed", "HearkenError", f"The model gave no answer for {show(path)}."))

    def _feed(self, queue: list[Found]) -> Iterator[str]:
        """Yield the paths to embed. Thousands of moved or copied files may be settled before the next one is found."""
        for found in queue:
            if self._stopping.is_set():
                return
            try:
                content_hash, status = hash_and_status(found.path)
            except AudioReadError as error:
                self._fail(found, _unreadable(found.path, error))
                continue
            fresh = found_from(found.path, status, (found.caption_path, found.caption_stamp))
            with self._lock:
                needed = not self._place_by_hash(fresh, content_hash)
            if needed:
                yield found.path

    def _place_by_hash(self, found: Found, content_hash: bytes) -> bool:
        """Settle a file whose sound is known, or being embedded just now. Return whether that is all there is to do."""
        known = self._plan.files.get(found.path)
        if known is not None and known.content_hash == content_hash:
            self._finish("unchanged", found.path, Relabel(known.id, _settled(found), self._plan.text_of(found)))
        elif content_hash in self._plan.sounds:
            self._place_known_sound(found, content_hash)
        elif content_hash in self._leaders:
            self._followers.setdefault(content_hash, []).append(found)
        else:
            self._leaders[content_hash] = found.path
            self._flying[found.path] = (found, content_hash)
            return False
        return True

    def _place_known_sound(self, found: Found, content_hash: bytes) -> None:
        if found.path not in self._plan.files:
            for path in self._lost.get(content_hash, ()):
                if self._claim(path):
                    self._move(path, found)
                    return
        self._finish("copied", found.path, PutCopy(_settled(found), content_hash, self._plan.text_of(found)))

    def _claim(self, path: str) -> bool:
        """Take a lost file for a move, if it is really gone and nobody took it before."""
        known = self._plan.elsewhere.get(path)
        if known is not None and not os.path.lexists(path) and not self._plan.presence.out_of_reach(path, known.device):
            self._plan.gone[path] = self._plan.elsewhere.pop(path)
        return path in self._plan.gone

    def _move(self, path: str, found: Found) -> None:
        known = self._plan.gone.pop(path)
        self._finish("moved", found.path, Relabel(known.id, _settled(found), self._plan.text_of(found)))

    def _take(self, path: str, result: EmbeddedFile | Failure) -> None:
        """Take one answer of the embedder."""
        with self._lock:
            found, content_hash = self._flying.pop(path, (None, b""))
            self.progress.partial_s.pop(path, None)
            if found is None:
                return  # no answer to any question of ours
            self._leaders.pop(content_hash, None)
            followers = self._followers.pop(content_hash, [])
            outcome = self._examine(found, result)
            if outcome is None:
                self._queue.append(found)
            elif isinstance(outcome, Failure):
                self._fail(found, outcome)
            else:
                self._index(found, content_hash, outcome)
            self._queue.extend(followers)  # copies now, if it went well; otherwise each gets its own chance

    def _examine(self, found: Found, result: EmbeddedFile | Failure) -> EmbeddedFile | Failure | None:
        """Return what to record: the result, a failure, or None when the file changed meanwhile and gets another try."""
        try:
            changed = stamp_of(os.stat(found.path)) != (found.size, found.mtime_ns, found.device, found.inode)
        except (OSError, ValueError) as error:
            return _unreadable(found.path, read_error(found.path, error))
        if changed:
            self._attempts[found.path] = self._attempts.get(found.path, 0) + 1
            if self._attempts[found.path] < _MAX_ATTEMPTS:
                return None
            message = f"{show(found.path)} changed while it was being read, twice in a row."
            return Failure(found.path, "read", "AudioChangedError", message, "Index again when nothing writes to it any more.")
        if isinstance(result, Failure):
            return result
        try:
            check_vectors(result, self._store.model.dim)
        except InputError as error:
            return Failure(found.path, "embed", type(error).__name__, error.message, "The model is at fault; try another one.")
        return result

    def _index(self, found: Found, content_hash: bytes, result: EmbeddedFile) -> None:
        self._plan.sounds.add(content_hash)
        self.progress.audio_s += result.duration_s
        self._finish("indexed", found.path, PutSound(_settled(found), content_hash, result, self._plan.text_of(found)))

    def _fail(self, found: Found, failure: Failure) -> None:
        self._finish("failed", found.path, PutFailure(failure, found.size, found.mtime_ns))

    def _finish(self, outcome: str, path: str, change: Change) -> None:
        with self._lock:
            setattr(self.progress, outcome, getattr(self.progress, outcome) + 1)
            self._batch.append(change)
            self._commit_if_due()
            self._on_step(path)

    def _note_progress(self, path: str, seconds: float) -> None:
        with self._lock:
            if path in self._flying:
                self.progress.partial_s[path] = seconds
            self._commit_if_due()
            self._on_step(path)

    def _commit_if_due(self) -> None:
        if len(self._batch) >= COMMIT_NUM_CHANGES or time.monotonic() - self._last_commit_s >= COMMIT_INTERVAL_S:
            self.commit()


def _by_hash(files: dict[str, KnownFile]) -> dict[bytes, list[str]]:
    """Return stored files that were not met, by content. (Inode and time prove no move: both are given again.)"""
    lost: dict[bytes, list[str]] = {}
    for path, known in files.items():
        lost.setdefault(known.content_hash, []).append(path)
    return lost


def _settled(found: Found) -> Found:
    """Return the stamp to store. A file that changed a moment ago may change again within the same tick of its clock,
    so it is stored with inode 0, which never compares equal: the next run looks at its content once more."""
    return found._replace(inode=0) if found.mtime_ns > time.time_ns() - SETTLE_NS else found


def _unreadable(path: str, error: AudioReadError) -> Failure:
    return Failure(path, "read", type(error).__name__, error.message, error.hint or "Check that it exists and that you may read it.")
