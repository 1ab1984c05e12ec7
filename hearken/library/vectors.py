"""The search cache: the library's vectors in memory-mapped blocks, kept in step with the store, and never trusted.

Sources of truth are the rows of the store. The folder `cache` holds immutable block files, perhaps a graph, and a
manifest that names them. When the store's generation has moved, `snapshot` reads only what is new, into new blocks;
files that went are masked. Small blocks are merged into new ones like the digits of a binary counter, so there are
O(log N) of them and a window is rewritten O(log N) times; a block that is a quarter dead is rewritten too.

One process at a time writes, under the cache's own lock (`cache/lock`); whoever cannot get it, or may not write, or has
no disk left, keeps what is new in memory. Files in use elsewhere may be deleted here: their readers keep their maps.
Anything absent, damaged, or of another library or model is read again from the store. Damage is looked for at opening:
in manifest, headers, tables and sizes always, in every byte while there are at most `VERIFY_AT_OPEN_BYTES`, and in a
graph always; `check` reads everything.

Legend: `F` files, `D` embedding size.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from hearken.errors import DamagedError, show
from hearken.files import TEMP_MARK, remove_quietly
from hearken.library import blocks as blocks_
from hearken.library.blocks import FILE_ID, NUM_ROWS, VERSION, Block, Entry, IntArray
from hearken.library.graph import Graph, GraphProgress, check_graph, open_graph, write_graph
from hearken.library.manifest import MANIFEST_NAME, BlockItem, GraphItem, Manifest, load_manifest, pack_mask, unpack_mask
from hearken.library.records import FileVectors, ModelRecord
from hearken.library.snapshot import BoolArray, Snapshot
from hearken.limits import EXACT_MAX_WINDOWS

VERIFY_AT_OPEN_BYTES = 256 << 20
"""Up to here every byte is compared with its digest at opening: searching exactly reads it all anyway. 0.7 s a GB."""

_LOCK_WAIT_S = 2.0
_MAX_DEAD_SHARE = 0.25
_MAX_GRAPH_DRIFT = 0.05  # share of windows by which the graph may differ from the library before it is brought up to date
_IDS_PER_READ = 500
_NEVER = -1  # generation of a cache that holds nothing


class VectorSource(Protocol):
    """What the cache needs of a store; see `store.Store`."""

    @property
    def library_id(self) -> str:
        """Name of this library; ids mean something only together with it."""
        ...

    @property
    def model(self) -> ModelRecord:
        """The model that made the vectors."""
        ...

    def snapshot(self) -> AbstractContextManager[int]:
        """Enter a state that does not change while inside, and yield its generation."""
        ...

    def file_versions(self) -> dict[int, int]:
        """Return the version of each file id."""
        ...

    def read_vectors(self, file_ids: Iterable[int]) -> Iterator[FileVectors]:
        """Yield the vectors of `file_ids`."""
        ...


_Masked = tuple[Block, BoolArray]
"""A block and which of its files (F,) are alive."""


class _Step(NamedTuple):
    """What a new state is made of: kept blocks with their masks, and entries to lay out in new blocks."""

    kept: list[_Masked]
    entries: Iterator[Entry]


class VectorCache:
    """The cache in `folder` of the vectors in `store`. Safe to share between threads; any number of processes may have one.

    A graph is used (and made, by `refresh`) where there are more than `exact_max_windows` windows.
    """

    def __init__(self, folder: Path, store: VectorSource, *, exact_max_windows: int = EXACT_MAX_WINDOWS) -> None:
        self.folder = folder
        self._store = store
        self._exact_max_windows = exact_max_windows
        self._mutex = threading.RLock()
        self._current: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return the vectors as of now. Cheap when nothing changed; else reads what is new. Raises StoreError.

        Inside `store.snapshot()` the result belongs to that same state of the store.
        """
        with self._store.snapshot() as generation, self._mutex:  # in this order everywhere, or two threads wait for each other
            if self._current is None:
                self._current = self._load()
            if self._current.generation != generation:
                self._current = self._sync(self._current, generation)
            return self._current

    def refresh(self, *, threads: int = 0, on_progress: GraphProgress | None = None) -> Snapshot:
        """Return `snapshot()` after making or updating the graph where one is due; this can take minutes.

        `threads` 0 means all cores; with one thread the graph is reproducible. Where the cache cannot be written,
        search stays exact. Raises StoreError.
        """
        with self._store.snapshot(), self._mutex:
            snapshot = self.snapshot()
            if snapshot.num_rows <= self._exact_max_windows or snapshot.graph_drift <= _MAX_GRAPH_DRIFT * snapshot.num_rows:
                return snapshot
            with self._writing() as allowed:
                if allowed:
                    self._current = self._with_graph(snapshot, threads, on_progress)
            return self._current or snapshot

    def rebuild(self, *, threads: int = 0, on_progress: GraphProgress | None = None) -> Snapshot:
        """Make the cache anew from the store, and only then let go of what was there. Raises StoreError; then it still is."""
        with self._store.snapshot() as generation, self._mutex:
            with self._writing() as allowed:
                self._current = self._advance(Snapshot(_NEVER, self._store.model.dim), generation, allowed)
            return self.refresh(threads=threads, on_progress=on_progress)

    def check(self) -> list[str]:
        """Return what is wrong with the files of the cache, one sentence each; every byte is read. An absent cache is sound."""
        manifest = load_manifest(self.folder)
        if manifest is None:
            present = (self.folder / MANIFEST_NAME).exists()
            return [f"{show(self.folder / MANIFEST_NAME)} does not hold what was written."] if present else []
        damaged = [item.name for item in manifest.blocks if not blocks_.block_is_whole(self.folder, item.name)]
        problems = [f"{show(self.folder / name)} is absent or does not hold what was written." for name in damaged]
        if manifest.graph is not None:
            try:
                check_graph(self.folder, manifest.graph)
            except DamagedError as error:
                problems.append(error.message)
        stale = [path for path in sorted(self.folder.iterdir()) if TEMP_MARK in path.name]
        return problems + [f"{show(path)} was left behind by a process that was stopped." for path in stale]

    def close(self) -> None:
        """Let go of all maps, as soon as searches that run have ended."""
        with self._mutex:
            self._current = None

    def _load(self) -> Snapshot:
        """Open what is on disk: the state of the manifest, or, where any part is amiss, the good parts as of no generation."""
        manifest = load_manifest(self.folder)
        model = self._store.model
        if manifest is None or (manifest.uid, manifest.model, manifest.dim) != (self._store.library_id, model.digest, model.dim):
            return Snapshot(_NEVER, model.dim)
        verify = self._verify(manifest)
        opened = [self._open_block(item, verify) for item in manifest.blocks]
        good = [(block, mask) for block, mask in opened if block is not None]
        snapshot = _snapshot(manifest.generation if len(good) == len(opened) else _NEVER, model.dim, good, None)
        return self._attach_graph(snapshot, manifest.graph)

    def _verify(self, manifest: Manifest) -> bool:
        """Tell whether all bytes of the blocks are to be checked now."""
        try:
            return sum(os.path.getsize(self.folder / item.name) for item in manifest.blocks) <= VERIFY_AT_OPEN_BYTES
        except OSError:
            return True

    def _open_block(self, item: BlockItem, verify: bool) -> tuple[Block | None, BoolArray]:
        """Return the block, or None where it is damaged, and its mask."""
        for block in self._current.blocks if self._current else ():
            if block.name == item.name:
                return block, unpack_mask(item.dead, len(block.files))
        try:
            block = blocks_.map_block(self.folder, item.name)
        except DamagedError:
            return None, np.zeros(0, bool)
        whole = block.windows.shape[1] == self._store.model.dim and (not verify or blocks_.block_is_whole(self.folder, item.name))
        return (block if whole else None), unpack_mask(item.dead, len(block.files))

    def _attach_graph(self, snapshot: Snapshot, item: GraphItem | None) -> Snapshot:
        if item is None or snapshot.num_rows <= self._exact_max_windows:
            return snapshot
        graph = self._current.graph if self._current else None
        if graph is None or graph.item != item:
            try:
                graph = open_graph(self.folder, item, snapshot.dim)
            except (DamagedError, OSError, ValueError):
                graph = None  # search is exact until `refresh` makes a new one
        return snapshot.with_graph(graph)

    def _sync(self, base: Snapshot, generation: int) -> Snapshot:
        """Return the state of the store, which is at `generation`, made of `base` or what others have made since."""
        with self._writing() as allowed:
            if allowed:
                newest = self._load()
                base = newest if newest.generation != _NEVER or base.generation == _NEVER else base
            return base if base.generation == generation else self._advance(base, generation, allowed)

    def _advance(self, base: Snapshot, generation: int, allowed: bool) -> Snapshot:
        """Return the state of the store made of `base` and what it lacks; where `allowed`, on disk."""
        step = self._plan(base)
        made = [self._settle(block, allowed) for block in blocks_.lay_out(step.entries, base.dim)]
        pairs = step.kept + [(block, np.ones(len(block.files), bool)) for block in made]
        snapshot = _snapshot(generation, base.dim, pairs, base.graph)
        if allowed:
            self._publish(snapshot)
        return snapshot

    def _plan(self, base: Snapshot) -> _Step:
        """Decide which blocks stay, which are merged, and what is read from the store."""
        versions = self._store.file_versions()
        ids = np.fromiter(versions, np.int64, len(versions))
        order = np.argsort(ids)
        table = np.column_stack([ids, np.fromiter(versions.values(), np.int64, len(versions))])[order]
        pairs = [(block, _living(block, table)) for block in base.blocks]
        num_missing = len(table) - sum(int(mask.sum()) for _, mask in pairs)
        kept, merged = _choose(pairs, num_missing)
        sound = [pair for pair in merged if not pair[0].name or blocks_.block_is_whole(self.folder, pair[0].name)]
        here = [block.files[mask, FILE_ID] for block, mask in kept + sound]
        missing = np.setdiff1d(table[:, 0], np.concatenate([np.zeros(0, np.int64), *here]), assume_unique=True)
        old = chain.from_iterable(block.entries(mask) for block, mask in sound)
        return _Step(kept, chain(old, self._read(missing, versions, base.dim)))

    def _read(self, ids: IntArray, versions: dict[int, int], dim: int) -> Iterator[Entry]:
        for start in range(0, len(ids), _IDS_PER_READ):
            for found in self._store.read_vectors(ids[start : start + _IDS_PER_READ].tolist()):
                entry = Entry(found.file_id, versions[found.file_id], found.clip, found.windows, found.spans)
                yield blocks_.usable(entry, dim)

    def _settle(self, block: Block, allowed: bool) -> Block:
        """Return `block` mapped from a new file, or as it is where that cannot be."""
        if not allowed:
            return block
        try:
            return blocks_.write_block(self.folder, block)
        except (OSError, DamagedError):
            return block

    @contextmanager
    def _writing(self) -> Iterator[bool]:
        """Hold the lock of the cache if it is to be had soon, and tell whether files may be written."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "lock", timeout=_LOCK_WAIT_S, thread_local=False)
        try:
            self.folder.mkdir(exist_ok=True)
            lock.acquire()
        except (OSError, Timeout):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _publish(self, snapshot: Snapshot) -> None:
        """Write the manifest of `snapshot` and delete what is no longer needed. A newer state on disk is left alone."""
        if any(not block.name for block in snapshot.blocks):
            return  # no room or no permission: what lies there stays as it is
        model, uid = self._store.model, self._store.library_id
        there = load_manifest(self.folder)
        if there is not None and (there.uid, there.model) == (uid, model.digest) and there.generation > snapshot.generation:
            return
        items = tuple(BlockItem(block.name, pack_mask(mask)) for block, mask in zip(snapshot.blocks, snapshot.masks, strict=True))
        graph = snapshot.graph.item if snapshot.graph else None
        manifest = Manifest(uid, model.digest, model.dim, snapshot.generation, items, graph)
        try:
            manifest.save(self.folder)
        except OSError:
            return
        self._sweep(manifest.names)

    def _sweep(self, names: set[str]) -> None:
        """Delete files of the cache that are not in `names`: old blocks, and what killed writers left. The lock is held."""
        for path in self.folder.iterdir():
            ours = path.name.startswith(("block-", "graph-")) or TEMP_MARK in path.name
            if ours and path.name not in names:
                remove_quietly(path)

    def _with_graph(self, snapshot: Snapshot, threads: int, on_progress: GraphProgress | None) -> Snapshot:
        change = snapshot.graph_change()
        if change.old is not None and not _graph_is_whole(self.folder, change.old):
            change = snapshot.with_graph(None).graph_change()
        try:
            item = write_graph(self.folder, snapshot.dim, change, threads=threads, on_progress=on_progress)
            grown = snapshot.with_graph(open_graph(self.folder, item, snapshot.dim))
        except (OSError, DamagedError):
            return snapshot
        self._publish(grown)
        return grown


def _graph_is_whole(folder: Path, graph: Graph) -> bool:
    try:
        check_graph(folder, graph.item)
    except DamagedError:
        return False
    return True


def _snapshot(generation: int, dim: int, pairs: list[_Masked], graph: Graph | None) -> Snapshot:
    pairs = [(block, mask) for block, mask in pairs if mask.any()]
    return Snapshot(generation, dim, tuple(block for block, _ in pairs), tuple(mask for _, mask in pairs), graph)


def _living(block: Block, table: IntArray) -> BoolArray:
    """Tell which files (F,) of `block` the store still has in that version; `table` (·, 2) is ascending by file id."""
    if not len(table):
        return np.zeros(len(block.files), bool)
    places = np.minimum(np.searchsorted(table[:, 0], block.files[:, FILE_ID]), len(table) - 1)
    living: BoolArray = (table[places] == block.files[:, [FILE_ID, VERSION]]).all(axis=1)
    return living


def _choose(pairs: list[_Masked], num_new: int) -> tuple[list[_Masked], list[_Masked]]:
    """Split blocks into those that stay and those to be laid out anew, together with `num_new` files that come."""
    kept: list[_Masked] = []
    merged: list[_Masked] = []
    growing = num_new > 0
    for block, mask in reversed(pairs):
        alive_rows, num_alive = int(block.files[mask, NUM_ROWS].sum()), int(mask.sum())
        dead = block.num_rows - alive_rows > _MAX_DEAD_SHARE * block.num_rows
        small = growing and num_alive <= 2 * num_new and alive_rows <= blocks_.MAX_BLOCK_ROWS // 2
        growing = small
        num_new += num_alive if small else 0
        (merged if small or dead else kept).append((block, mask))
    return kept[::-1], merged[::-1]
