"""One state of the library's vectors, as a search sees it from beginning to end, whatever writers do meanwhile.

The files of all blocks are numbered through in order, and so are their windows: a *file number* indexes (F,) arrays, a
*row* is a window. Files without windows have no number. Dead files (deleted or replaced) keep their number and rows
until compaction; `alive` tells.

Legend: `F` files, `N` rows, `M` chosen rows, `Q` queries, `D` embedding size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hearken.library.blocks import FILE_ID, FIRST_ROW, NUM_ROWS, VERSION, Block, IntArray
from hearken.library.graph import Change, Graph
from hearken.library.records import DoubleArray, HalfArray
from hearken.library.scales import Scales, scales_of
from hearken.library.scoring import inner_products
from hearken.types import FloatArray

BoolArray = NDArray[np.bool_]

# Where wanted rows are fewer than this share, just they are fetched: a row fetched costs as much as 1.5 to 3 rows read in
# sequence (measured at shares from 1 to 50 %). A graph answers wide questions quicker still, so it is passed over later.
_GATHER_SHARE, _GATHER_SHARE_WITH_GRAPH = 0.25, 0.05
_MAX_DEAD_SHARE = 0.25  # of a graph; beyond, it is made anew
_GRAPH_MIN_ROWS = 200  # asked of the graph at least: many windows share a file
_GRAPH_MAX_ROWS = 6_400  # beyond this, comparing everything is quicker


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Blocks with the masks of their living files, at one `generation`; `graph` where the library is large."""

    generation: int
    dim: int
    blocks: tuple[Block, ...] = ()
    masks: tuple[BoolArray, ...] = ()
    graph: Graph | None = None

    @cached_property
    def _row_starts(self) -> IntArray:
        """First row of every block, and N at the end."""
        return np.cumsum([0, *(block.num_rows for block in self.blocks)], dtype=np.int64)

    @cached_property
    def _table(self) -> IntArray:
        """The file tables (F, 6) of all blocks with global rows, and per file its block and place in it."""
        parts = [np.zeros((0, 6), np.int64)]
        for number, block in enumerate(self.blocks):
            place = np.arange(len(block.files))
            part = np.column_stack([block.files, np.full(len(place), number), place])
            part[:, FIRST_ROW] += self._row_starts[number]
            parts.append(part)
        return np.concatenate(parts)

    @cached_property
    def _files(self) -> IntArray:
        return self._table[self._table[:, NUM_ROWS] > 0]

    @property
    def file_ids(self) -> IntArray:
        """Store id of every file number (F,)."""
        return self._files[:, FILE_ID]

    @property
    def versions(self) -> IntArray:
        """Version of every file number (F,): files of one version share one sound, with its vectors and its machine-made caption."""
        return self._files[:, VERSION]

    @property
    def first_rows(self) -> IntArray:
        """First row of every file number (F,)."""
        return self._files[:, FIRST_ROW]

    @property
    def num_rows(self) -> int:
        """Number of rows N, dead ones included."""
        return int(self._row_starts[-1])

    @cached_property
    def alive(self) -> BoolArray:
        """Which file numbers (F,) are still in the library."""
        alive = np.concatenate([np.zeros(0, bool), *self.masks])
        return np.asarray(alive[self._table[:, NUM_ROWS] > 0], bool)

    @cached_property
    def unusable_ids(self) -> IntArray:
        """Store ids of living files whose stored vectors cannot be used; they have no file number."""
        alive = np.concatenate([np.zeros(0, bool), *self.masks])
        return np.asarray(self._table[alive & (self._table[:, NUM_ROWS] == 0), FILE_ID], np.int64)

    def num_rows_of(self, chosen: BoolArray) -> int:
        """Return how many rows the `chosen` (F,) files have."""
        return int(self._files[chosen, NUM_ROWS].sum())

    def rows_of(self, chosen: BoolArray) -> IntArray:
        """Return the rows (M,) of the `chosen` (F,) files, ascending."""
        first, count = self._files[chosen, FIRST_ROW], self._files[chosen, NUM_ROWS]
        before = np.cumsum(count) - count
        return np.asarray(np.repeat(first - before, count) + np.arange(count.sum()), np.int64)

    def group(self, rows: IntArray | None) -> tuple[IntArray, IntArray]:
        """Return the file numbers (G,) that ascending `rows` (None: all) belong to, and where in `rows` each one starts (G,)."""
        if rows is None:
            return np.arange(len(self._files)), self.first_rows
        numbers = self._numbers(rows)
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        found: IntArray = numbers[starts]
        return found, starts

    def scores(self, queries: FloatArray, rows: IntArray | None = None) -> FloatArray:
        """Return the inner products (Q, M) of `queries` (Q, D) with ascending `rows` (M,), or with all. Raises InputError."""
        out = np.empty((len(queries), self.num_rows if rows is None else len(rows)), np.float32)
        bounds = self._row_starts if rows is None else np.searchsorted(rows, self._row_starts)
        for number, block in enumerate(self.blocks):
            part = slice(bounds[number], bounds[number + 1])
            windows = block.windows if rows is None else block.windows[rows[part] - self._row_starts[number]]
            out[:, part] = inner_products(windows, queries)
        return out

    def spans(self, rows: IntArray) -> DoubleArray:
        """Return start and end in seconds (M, 2) of `rows` (M,), in any order."""
        out = np.empty((len(rows), 2))
        places = np.searchsorted(self._row_starts, rows, side="right") - 1
        for number in np.unique(places):
            here = places == number
            out[here] = self.blocks[number].spans[rows[here] - self._row_starts[number]]
        return out

    @cached_property
    def scales(self) -> Scales:
        """Which of all rows are moments and contexts, and which contexts belong to a moment."""
        spans = np.concatenate([np.zeros((0, 2)), *(block.spans for block in self.blocks)])
        return scales_of(spans, self.first_rows)

    def windows(self, number: int) -> HalfArray:
        """Return the window vectors (·, D) of a file number: moments, then contexts."""
        block, part = self._place_of(number)
        return block.windows[part]

    def spans_of(self, number: int) -> DoubleArray:
        """Return start and end in seconds (·, 2) of the windows of a file number."""
        block, part = self._place_of(number)
        return block.spans[part]

    def _place_of(self, number: int) -> tuple[Block, slice]:
        first, count, block = (int(value) for value in self._files[number, [FIRST_ROW, NUM_ROWS, 4]])
        start = first - int(self._row_starts[block])
        return self.blocks[block], slice(start, start + count)

    def long_windows(self, number: int) -> HalfArray:
        """Return the contexts (·, D) of a file number, or its windows where it has none."""
        windows, first = self.windows(number), int(self.first_rows[number])
        is_context = self.scales.is_context[first : first + len(windows)]
        return windows[is_context] if is_context.any() else windows

    def clips(self, numbers: IntArray) -> HalfArray:
        """Return the clip vectors (M, D) of file `numbers` (M,)."""
        found = [self.blocks[block].clips[place] for block, place in self._files[numbers, 4:]]
        return np.array(found, np.float16).reshape(-1, self.dim)

    @cached_property
    def _by_id(self) -> IntArray:
        """File numbers of living files, ascending by store id (a living id occurs once)."""
        numbers = np.flatnonzero(self.alive)
        return numbers[np.argsort(self.file_ids[numbers])]

    def numbers_of(self, file_ids: IntArray) -> IntArray:
        """Return the living file number of every store id (M,), -1 where there is none."""
        known = self.file_ids[self._by_id]
        if not len(known):
            return np.full(len(file_ids), -1, np.int64)
        places = np.minimum(np.searchsorted(known, file_ids), len(known) - 1)
        return np.where(known[places] == file_ids, self._by_id[places], -1)

    @cached_property
    def in_graph(self) -> BoolArray:
        """Which file numbers (F,) are alive and in the graph with their present vectors."""
        covered = np.zeros(len(self._files), bool)
        if self.graph is not None:
            numbers = self.numbers_of(self.graph.table[:, 0])
            same = (numbers >= 0) & (self._files[numbers, VERSION] == self.graph.table[:, 1]) if len(self._files) else numbers >= 0
            covered[numbers[same]] = True
        return covered

    @cached_property
    def _gone_from_graph(self) -> IntArray:
        """Lines (·, 3) of the graph's table whose files have died or changed."""
        if self.graph is None:
            return np.zeros((0, 3), np.int64)
        return self.graph.table[~np.isin(self.graph.table[:, 0], self.file_ids[self.in_graph])]

    @property
    def graph_drift(self) -> int:
        """Number of windows by which the graph differs from the library."""
        return self.num_rows_of(self.alive & ~self.in_graph) + int(self._gone_from_graph[:, 2].sum())

    def with_graph(self, graph: Graph | None) -> Snapshot:
        """Return the same state with another graph."""
        return Snapshot(self.generation, self.dim, self.blocks, self.masks, graph)

    def graph_change(self) -> Change:
        """Return what is to be done to bring the graph up to date; it is made anew where much in it has died."""
        gone = self._gone_from_graph
        if self.graph is not None and gone[:, 2].sum() > _MAX_DEAD_SHARE * self.graph.table[:, 2].sum():
            return self.with_graph(None).graph_change()
        added = self.alive & ~self.in_graph
        table = self._files[:, [FILE_ID, VERSION, NUM_ROWS]]
        lines = np.column_stack([table, self.first_rows])
        by_block = [lines[added & (self._files[:, 4] == number)] for number in range(len(self.blocks))]
        moved = [part - [0, 0, 0, start] for part, start in zip(by_block, self._row_starts[:-1], strict=True)]
        pairs = tuple(zip(self.blocks, moved, strict=True))
        return Change(self.graph, gone, table[self.alive], pairs, self.num_rows_of(added))

    def candidates(self, query: FloatArray, num_files: int | None, wanted: BoolArray) -> IntArray | None:
        """Return ascending rows among which the best `num_files` of `wanted` (F,) files for `query` (D,) are; None means all rows.

        With a graph and `num_files`, these are all rows of the files nearest by the graph, more and more until there are
        enough of them, and of all that the graph does not know yet. Otherwise no wanted row is ever missing.
        """
        graph = self.graph if num_files is not None else None
        share = _GATHER_SHARE if graph is None else _GATHER_SHARE_WITH_GRAPH
        if self.num_rows_of(wanted) <= share * self.num_rows:
            return self.rows_of(wanted)
        if graph is None or num_files is None:
            return None
        count = max(_GRAPH_MIN_ROWS, 4 * num_files)
        while count <= _GRAPH_MAX_ROWS:
            files, _ = self.group(self._near(graph, query, count, wanted))
            if len(files) >= num_files:
                chosen = wanted & ~self.in_graph
                chosen[files] = True
                return self.rows_of(chosen)
            count *= 4
        return None

    def _near(self, graph: Graph, query: FloatArray, count: int, wanted: BoolArray) -> IntArray:
        """Ask the graph for `count` rows and return those of `wanted` files, ascending."""
        file_ids, windows = graph.nearest(query, count)
        numbers = self.numbers_of(file_ids)
        good = (numbers >= 0) & self.in_graph[numbers] & wanted[numbers]
        return np.unique(self._files[numbers[good], FIRST_ROW] + windows[good])

    def _numbers(self, rows: IntArray) -> IntArray:
        return np.searchsorted(self.first_rows, rows, side="right") - 1
