"""The HNSW graph of a large library: a usearch file beside the blocks, also a cache, also never trusted.

It holds float16 copies of the windows under keys made of file id and window number, so that it survives compaction of
the blocks, and a table (G, 3) of the files in it: id, version, number of windows. What the table does not know is
scored exactly; what has gone since is dropped from the answers; every candidate is scored again exactly. A graph
therefore decides only which windows are looked at.

The file is native code's input, so it is compared with the digest in its name before usearch sees it.

Legend: `G` files in the graph, `M` rows, `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearken.errors import AudioReadError, DamagedError, show
from hearken.files import adopt, remove_quietly, temp_beside, write_whole
from hearken.library.blocks import Block, IntArray
from hearken.library.hashing import content_hash, digest_of
from hearken.library.manifest import GraphItem
from hearken.types import FloatArray

GraphProgress = Callable[[int, int], None]
"""Called with the windows done and the windows to do."""

WINDOW_BITS = 24  # a file has fewer windows than 2 ** 24: a day of sound has some 10 ** 5
_CONNECTIVITY = 16
_EXPANSION_ADD = 128  # measured on 50 k windows: 64 builds three times as fast, but finds .965 of the ten nearest, not all
# Measured on 1 M windows in 300 tight clusters, which is hard for such graphs: 256 finds .943 of the ten best files and loses
# whole clusters for 5 queries in 100, 512 finds .986, 1,024 finds .996 for 1 ms more.
_EXPANSION_SEARCH = 1_024
_ROWS_PER_ADD = 16_384


@dataclass(frozen=True, eq=False)
class Graph:
    """An opened graph: `item` names its files, `table` (G, 3) says what is in it, `index` is usearch's."""

    item: GraphItem
    table: IntArray
    index: Any  # usearch.index.Index, which is loaded only where a graph is used

    def nearest(self, query: FloatArray, count: int) -> tuple[IntArray, IntArray]:
        """Return file ids and window numbers (M,) of about `count` windows near `query` (D,)."""
        self.index.expansion_search = max(_EXPANSION_SEARCH, count)
        keys: IntArray = self.index.search(query.astype(np.float16), count, threads=1).keys.astype(np.int64)
        return keys >> WINDOW_BITS, keys & ((1 << WINDOW_BITS) - 1)


def open_graph(folder: Path, item: GraphItem, dim: int) -> Graph:
    """Map a graph file after checking all of it against its digest. Raises DamagedError, also where it is absent."""
    check_graph(folder, item)
    table = np.fromfile(folder / item.table, "<i8").reshape(-1, 3)
    index = _new_index(dim)
    index.view(str(folder / item.name))
    return Graph(item, table, index)


def check_graph(folder: Path, item: GraphItem) -> None:
    """Compare both files of a graph with the digests in their names. Raises DamagedError."""
    for name in (item.name, item.table):
        try:
            digest = content_hash(str(folder / name)).hex()
        except AudioReadError as error:
            raise DamagedError(error.message) from error
        if digest not in name:
            raise DamagedError(f"{show(folder / name)} does not hold what was written.")


def _new_index(dim: int) -> Any:  # noqa: ANN401  see Graph.index
    import onnxruntime  # noqa: F401  before usearch (2.26), whose own C++ library crashes the import of any onnxruntime that comes later
    from usearch.index import Index

    return Index(
        ndim=dim, metric="ip", dtype="f16", connectivity=_CONNECTIVITY, expansion_add=_EXPANSION_ADD, expansion_search=_EXPANSION_SEARCH
    )


def keys_of(table: IntArray) -> IntArray:
    """Return the keys (M,) of all windows of the files in `table` (G, 3)."""
    count = table[:, 2]
    windows = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    keys: IntArray = np.repeat(table[:, 0] << WINDOW_BITS, count) + windows
    return keys


@dataclass(frozen=True)
class Change:
    """What a new graph needs: `gone` (·, 3) files to take out of `old`, `table` (G, 3) files to be in it, and new ones to add."""

    old: Graph | None
    gone: IntArray
    table: IntArray
    added: Iterable[tuple[Block, IntArray]]
    num_added: int


def write_graph(folder: Path, dim: int, change: Change, *, threads: int, on_progress: GraphProgress | None) -> GraphItem:
    """Make a graph of an old one and a change, write it into `folder` and return its names. Raises OSError.

    `added` yields, block by block, the table lines (·, 3) of files to add with their first row in that block as fourth
    column. With one thread the result is a function of the order of files.
    """
    index = _new_index(dim)
    if change.old is not None:
        index.load(str(folder / change.old.item.name))
        index.remove(keys_of(change.gone))
    _add(index, change, threads, on_progress)
    temp = temp_beside(folder / "graph.usearch")
    try:
        index.save(str(temp))
        name = f"graph-{content_hash(str(temp)).hex()}.usearch"
        adopt(temp, folder / name)
    except RuntimeError as error:  # usearch reports failing system calls so
        raise OSError(f"usearch could not write the graph: {error}") from error
    finally:
        remove_quietly(temp)
    return GraphItem(name, _write_table(folder, change.table))


def _add(index: Any, change: Change, threads: int, on_progress: GraphProgress | None) -> None:  # noqa: ANN401  see Graph.index
    done = 0
    for block, lines in change.added:
        keys = keys_of(lines[:, :3])
        rows = np.repeat(lines[:, 3] - np.cumsum(lines[:, 2]) + lines[:, 2], lines[:, 2]) + np.arange(len(keys))
        for start in range(0, len(keys), _ROWS_PER_ADD):
            part = slice(start, start + _ROWS_PER_ADD)
            index.add(keys[part], np.ascontiguousarray(block.windows[rows[part]]), threads=threads)
            done += len(keys[part])
            if on_progress is not None:
                on_progress(done, change.num_added)


def _write_table(folder: Path, table: IntArray) -> str:
    data = np.ascontiguousarray(table, "<i8").tobytes()
    name = f"graph-{digest_of([data])}.table"
    write_whole(folder / name, [data])
    return name
