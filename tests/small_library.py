"""A library whose vectors a test writes by hand: real store, real cache, no model and no sound files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hearken.library.graph import GraphProgress
from hearken.library.records import FileText, Found, ModelRecord, PutSound, RemoveFile
from hearken.library.snapshot import Snapshot
from hearken.library.store import CACHE_NAME, SqliteStore, open_store
from hearken.library.vectors import VectorCache
from hearken.library.words import folder_words, name_words
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Span

HOP_S = 1.0
CONTEXT_HOP_S = 4.0
MODEL = ModelRecord("hand-made", "d" * 32, 4)


def unit(*values: float) -> np.ndarray:
    """The unit vector (D,) float32 in a direction."""
    vector = np.array(values, np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def random_units(generator: np.random.Generator, count: int, dim: int) -> np.ndarray:
    """Unit vectors (count, dim) float32, with scores that float16 holds well apart."""
    vectors = generator.standard_normal((count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class SmallLibrary:
    """A store in `folder` that is open for writing, and a cache of it. Windows are 2 s long and start 1 s apart, contexts 8 s and 4 s."""

    def __init__(self, folder: Path, dim: int = 4, *, exact_max_windows: int = 10**9, model: ModelRecord = MODEL) -> None:
        self.store: SqliteStore = open_store(folder, create=True, model=ModelRecord(model.name, model.digest, dim), read_only=False)
        self.cache = VectorCache(folder / CACHE_NAME, self.store, exact_max_windows=exact_max_windows)
        self.exact_max_windows = exact_max_windows
        self.dim = dim

    def another_cache(self) -> VectorCache:
        """A cache as another process would open it."""
        return VectorCache(self.cache.folder, self.store, exact_max_windows=self.exact_max_windows)

    def sound(
        self,
        path: str,
        windows: Sequence[np.ndarray] | np.ndarray,
        *,
        contexts: Sequence[np.ndarray] | np.ndarray = (),
        duration_s: float = 0.0,
        content: str = "",
        flags: Sequence[str] = (),
    ) -> PutSound:
        """The change that enters a file with these windows (N, D), whose mean is its clip vector; `contexts` (C, D) come behind them."""
        rows = np.array(windows, np.float32).reshape(-1, self.dim)
        clip = rows.mean(axis=0) / max(float(np.linalg.norm(rows.mean(axis=0))), 1e-6)
        spans = tuple(Span(index * HOP_S, index * HOP_S + 2 * HOP_S) for index in range(len(rows)))
        duration_s = duration_s or spans[-1].end_s
        spans += tuple(Span(index * CONTEXT_HOP_S, index * CONTEXT_HOP_S + 2 * CONTEXT_HOP_S) for index in range(len(contexts)))
        rows = np.concatenate([rows, np.array(contexts, np.float32).reshape(-1, self.dim)])
        name = content.encode() or path.encode("utf-8", "surrogateescape") + rows.tobytes()
        digest = hashlib.blake2b(name, digest_size=16).digest()
        info = AudioInfo(path.rpartition(".")[2] or "wav", "pcm", 44_100, 1, int(duration_s * 44_100))
        embedded = EmbeddedFile(info, duration_s, frozenset(flags), Embedded(clip.astype(np.float32), rows, spans))
        found = Found(path, 1000, 1, 1, int.from_bytes(digest[:6], "little"))
        return PutSound(found, digest, embedded, FileText(name_words(path), folder_words(path, "/sounds"), ""))

    def put(self, path: str, windows: Sequence[np.ndarray] | np.ndarray, **facts: object) -> int:
        """Enter one file in a commit of its own and return its id."""
        self.store.apply([self.sound(path, windows, **facts)])  # type: ignore[arg-type]
        found = self.store.find(path)
        assert found is not None
        return found

    def put_many(self, sounds: dict[str, np.ndarray]) -> None:
        """Enter files by path in one commit."""
        self.store.apply([self.sound(path, windows) for path, windows in sounds.items()])

    def remove(self, *paths: str) -> None:
        """Forget files in one commit."""
        self.store.apply([RemoveFile(self.store.find(path) or 0) for path in paths])

    def refresh(self, on_progress: GraphProgress | None = None) -> Snapshot:
        """Bring the graph up to date, reproducibly."""
        return self.cache.refresh(threads=1, on_progress=on_progress)

    def truth(self, query: np.ndarray) -> dict[int, list[float]]:
        """The scores of the windows of every file by id, straight from the store."""
        ids = [record.id for record in self.store.files()]
        return {
            item.file_id: [float(row @ query.astype(np.float64)) for row in item.windows.astype(np.float64)]
            for item in self.store.read_vectors(ids)
        }

    def close(self) -> None:
        """Release store and lock."""
        self.cache.close()
        self.store.close()


def scores_by_id(snapshot: Snapshot, query: np.ndarray) -> dict[int, list[float]]:
    """The scores of the windows of every living file by id, as a snapshot tells them."""
    scores = snapshot.scores(query[None])[0]
    found = {}
    for number in np.flatnonzero(snapshot.alive):
        rows = snapshot.rows_of(np.arange(len(snapshot.alive)) == number)
        found[int(snapshot.file_ids[number])] = [float(score) for score in scores[rows]]
    return found


def assert_same_scores(snapshot: Snapshot, library: SmallLibrary, query: np.ndarray) -> None:
    """Fail unless the snapshot holds the store's vectors, all of them, and nothing else."""
    found, truth = scores_by_id(snapshot, query), library.truth(query)
    assert found.keys() == truth.keys()
    for file_id, scores in truth.items():
        np.testing.assert_allclose(found[file_id], scores, atol=2e-7)
