"""Which rows answer which queries: rows may stand in any order, and queries with equal words may have one row or one each."""

from __future__ import annotations

from collections.abc import Sequence

from hearken.evaluate.submission.faults import Faults, brief

MISSING = "missing query"
UNKNOWN = "unknown query"
DUPLICATE = "duplicate query"
CUT_OFF = ("csv", "encoding", "too large", "no row")
"""After one of these there is no telling what is missing."""


class Rows:
    """Takes the queries of rows as they come, and says which row answers each of the `queries` ([]: nobody knows them)."""

    def __init__(self, queries: Sequence[str], faults: Faults, column: str) -> None:
        self._queries, self._faults, self._column = queries, faults, column
        self._wanted: dict[str, int] = {}
        for query in queries:
            self._wanted[query] = self._wanted.get(query, 0) + 1
        self._rows: dict[str, list[tuple[int, int]]] = {}
        self._taken: list[str] = []
        self._excused: set[str] = set()
        self._num_seen = 0

    @property
    def taken(self) -> tuple[str, ...]:
        """The queries of the rows that were taken, in the order of the file."""
        return tuple(self._taken)

    def note_if_none(self) -> None:
        """Note a fault if there was no row at all, where that is not told already by what ended the reading."""
        if not self._num_seen and not any(self._faults.counts[kind] for kind in CUT_OFF):
            self._faults.add("no row", None, "there is no row below the header.")

    def take(self, query: str, line: int) -> bool:
        """Say whether the row on `line` answers a query that is asked and has no row yet; otherwise the fault is noted."""
        self._num_seen += 1
        if not query.strip():
            self._faults.add("empty cell", line, "there is no query.", self._column)
            return False
        if self._queries and query not in self._wanted:
            self._faults.unknown(UNKNOWN, line, "query", query, self._wanted, self._column)
            return False
        known = self._rows.setdefault(query, [])
        if len(known) >= self._wanted.get(query, 1):
            self._faults.add(DUPLICATE, line, f"the query {brief(query)} has a row already, on line {known[-1][0]}.", self._column)
            return False
        known.append((line, len(self._taken)))
        self._taken.append(query)
        return True

    def excuse(self, cells: Sequence[str]) -> None:
        """Remember that a row with another fault was there: its query is not missing besides."""
        self._num_seen += 1
        self._excused.update(cells[:1])

    def of_queries(self) -> list[int | None]:
        """Return for each query the number of the row that answers it, counted among those taken; None, and a fault, where there is none.

        Where nobody knows the queries, the rows are they. Queries of equal words share a row if there is one, else each has its own, in order.
        """
        if not self._queries:
            return list(range(len(self._taken)))
        told = not any(self._faults.counts[kind] for kind in CUT_OFF)
        seen: dict[str, int] = {}
        found: list[int | None] = []
        for query in self._queries:
            rows = self._rows.get(query, [])
            at = seen.get(query, 0)
            seen[query] = at + 1
            found.append(rows[min(at, len(rows) - 1)][1] if rows else None)
            if told and not rows and at == 0 and query not in self._excused:
                self._faults.add(MISSING, None, f"the query {brief(query)} has no row." if self._faults.wants(MISSING) else "")
        return found
