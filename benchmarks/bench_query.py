"""How long a search takes, from text to ranked hits, at 1 k, 100 k and 1 M windows, against the physical limit.

    python benchmarks/bench_query.py [--windows 1000,100000,1000000] [--repeats 200] [--folder DIR]

Everything runs on one core (where the system lets us choose) and one BLAS thread. The library is synthetic: unit vectors
of D = 384 in files of 1 to 15 windows that lie around their file's direction, and files around 300 topics; store, cache,
graph, names and ranking are the real ones. Two limits are measured beside every figure, in the same run: reading the
float16 block once, and a float32 matrix product of the same windows in numpy. The text is encoded by the pocket model
where it is installed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hearken.errors import HearkenError
from hearken.library.records import FileText, Found, ModelRecord, PutSound
from hearken.library.store import CACHE_NAME, SqliteStore, open_store
from hearken.library.vectors import VectorCache
from hearken.search.engine import Query, search
from hearken.search.query import SearchRequest
from hearken.types import AudioInfo, Embedded, EmbeddedFile, FloatArray, Span

DIM = 384
NUM_TOPICS = 300
FILES_PER_COMMIT = 2_000
QUERIES = ("a dog barks in the distance", "rain on a tin roof", "glass breaking on tiles", "an old steam train passes", "someone laughs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", default="1000,100000,1000000", help="library sizes, separated by commas")
    parser.add_argument("--repeats", type=int, default=200, help="searches for each figure")
    parser.add_argument("--folder", help="where to make the libraries, and keep them (default: a temporary folder)")
    options = parser.parse_args()
    encode = text_encoder()
    with tempfile.TemporaryDirectory() as temporary:
        for size in (int(text) for text in options.windows.split(",")):
            measure(Path(options.folder or temporary) / f"windows-{size}", size, options.repeats, encode)


def use_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def text_encoder() -> Callable[[str], FloatArray] | None:
    """The pocket model's text side, or None where it is not installed."""
    try:
        from hearken.runtime.model import load_model

        model = load_model("pocket")
        model.encode_text(["warm up"])
    except (HearkenError, ImportError) as error:
        print(f"No text encoder: {error}")
        return None
    return lambda text: model.encode_text([text])[0]


def topics() -> FloatArray:
    return np.random.default_rng(0).standard_normal((NUM_TOPICS, DIM), dtype=np.float32)


def units(vectors: np.ndarray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def sounds(num_windows: int) -> Iterator[PutSound]:
    """Files with `num_windows` windows in all."""
    generator, centres, left, number = np.random.default_rng(1), topics(), num_windows, 0
    words = ("dog", "rain", "glass", "train", "laugh", "take", "field", "studio", "night", "harbour")
    while left:
        count = min(left, int(generator.integers(1, 16)))
        middle = centres[generator.integers(NUM_TOPICS)] + 0.9 * generator.standard_normal(DIM, dtype=np.float32)
        windows = units(middle + 0.5 * generator.standard_normal((count, DIM), dtype=np.float32))
        spans = tuple(Span(5.0 * index, 5.0 * index + 10.0) for index in range(count))
        path = f"/sounds/{number // 1000:04}/{words[generator.integers(len(words))]}_{number}.wav"
        info = AudioInfo("wav", "pcm_s16le", 44_100, 1, None)
        vectors = Embedded(units(windows.mean(axis=0)), windows, spans)
        text = FileText(Path(path).stem.replace("_", " "), "sounds", "")
        yield PutSound(
            Found(path, 1, 1, 1, number), number.to_bytes(16, "little"), EmbeddedFile(info, spans[-1].end_s, frozenset(), vectors), text
        )
        left, number = left - count, number + 1


def fill(store: SqliteStore, num_windows: int) -> None:
    batch: list[PutSound] = []
    for sound in sounds(num_windows):
        batch.append(sound)
        if len(batch) == FILES_PER_COMMIT:
            store.apply(batch)
            batch = []
    store.apply(batch)


def timed(action: Callable[[int], object], repeats: int) -> np.ndarray:
    """Milliseconds on the wall clock and of the processor (repeats, 2) for each run, after two that do not count."""
    took = []
    for index in range(-2, repeats):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        action(index)
        took.append(((time.perf_counter() - wall_s) * 1000, (time.process_time() - cpu_s) * 1000))
    return np.array(took[2:])


def show(label: str, took: np.ndarray, limit_ms: float | None = None) -> None:
    """Print wall times, processor times (what is left when nobody else uses the core), and the ratio of the latter to a limit."""
    wall, cpu = (f"p50 {np.median(column):8.2f} p95 {np.percentile(column, 95):8.2f}" for column in took.T)
    ratio = "" if limit_ms is None else f"   {np.median(took[:, 1]) / limit_ms:6.2f} x reading"
    print(f"  {label:<42} wall {wall}   cpu {cpu} ms{ratio}", flush=True)


def measure(folder: Path, size: int, repeats: int, encode: Callable[[str], FloatArray] | None) -> None:
    print(f"\n{size:,} windows", flush=True)
    if not (folder / "library.sqlite").exists():
        with open_store(folder, create=True, model=ModelRecord("synthetic", "0" * 64, DIM), read_only=False) as store:
            start = time.perf_counter()
            fill(store, size)
            print(f"  stored in {time.perf_counter() - start:.1f} s")
            start = time.perf_counter()
            cache = VectorCache(folder / CACHE_NAME, store)
            cache.snapshot()
            print(f"  blocks made in {time.perf_counter() - start:.1f} s")
            start = time.perf_counter()
            if cache.refresh().graph is not None:
                print(f"  graph made in {time.perf_counter() - start:.1f} s, on all cores")
    use_one_core()
    with open_store(folder) as store:
        searches(store, VectorCache(folder / CACHE_NAME, store), repeats, encode)


def searches(store: SqliteStore, cache: VectorCache, repeats: int, encode: Callable[[str], FloatArray] | None) -> None:
    generator = np.random.default_rng(2)
    queries = units(topics()[generator.integers(NUM_TOPICS, size=repeats)] + 1.2 * generator.standard_normal((repeats, DIM)))
    start = time.perf_counter()
    find(store, cache, queries[0], "")
    print(f"  {'first search, cache not yet open':<46}     {(time.perf_counter() - start) * 1000:8.2f} ms")
    snapshot = cache.snapshot()
    limit_ms = limits(np.concatenate([block.windows for block in snapshot.blocks]), queries)
    show("search by vector", timed(lambda index: find(store, cache, queries[index], ""), repeats), limit_ms)
    show("search by vector and names", timed(lambda index: find(store, cache, queries[index], QUERIES[index % 5]), repeats), limit_ms)
    if encode is not None:
        show("encoding the text alone", timed(lambda index: encode(QUERIES[index % 5]), repeats))

        def from_text(index: int) -> None:
            encode(QUERIES[index % 5])  # the synthetic vectors know no words: the time is real, the ranking is of `queries`
            find(store, cache, queries[index], QUERIES[index % 5])

        show("TEXT TO RANKED HITS", timed(from_text, repeats), limit_ms)
    show("with --not", timed(lambda index: find(store, cache, queries[index], "", queries[index - 1]), repeats // 4), limit_ms)
    if snapshot.graph is not None:
        recall(store, cache, queries, limit_ms)


def find(store: SqliteStore, cache: VectorCache, query: FloatArray, words: str, against: FloatArray | None = None) -> list[str]:
    return [hit.path for hit in search(store, cache, Query(query, against, words), SearchRequest(10))]


def limits(windows: np.ndarray, queries: FloatArray) -> float:
    """Print the two physical limits; return the median processor time of reading all windows once, in milliseconds."""
    words = windows.reshape(-1).view(np.int64)
    reading = timed(lambda _: words.max(), 20)
    show("limit: reading the float16 windows once", reading)
    wide = windows.astype(np.float32)
    limit_ms = float(np.median(reading[:, 1]))
    show("limit: numpy float32 matrix product", timed(lambda index: wide @ queries[index], 20), limit_ms)
    return limit_ms


def recall(store: SqliteStore, cache: VectorCache, queries: FloatArray, limit_ms: float) -> None:
    """Compare the ten best files through the graph with those of exact search, and time the latter."""
    with_graph = [set(find(store, cache, query, "")) for query in queries]
    cache._current = cache.snapshot().with_graph(None)
    exact = [set(find(store, cache, query, "")) for query in queries]
    shares = [len(some & all_) / len(all_) for some, all_ in zip(with_graph, exact, strict=True)]
    print(f"  recall@10 of the graph against exact search: {np.mean(shares):.4f} (worst query {min(shares):.2f})")
    show(
        "exact search by vector, without the graph",
        timed(lambda index: find(store, cache, queries[index], ""), len(queries) // 4),
        limit_ms,
    )


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # is read when numpy is loaded, so start over with it
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    main()
