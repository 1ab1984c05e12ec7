"""Looking through a library without searching it: counts by fact, folders, and pages of files in an order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hearken.library.database import Database
from hearken.library.filtering import glob_matcher, where
from hearken.library.records import Filters

Order = Literal["name", "duration", "added"]
Fact = Literal["container", "rate_hz", "num_channels"]
_ORDERS: dict[str, str] = {"name": "path", "duration": "duration_s, path", "added": "files.id DESC"}
_COLUMNS: dict[str, str] = {"container": "container", "rate_hz": "rate_hz", "num_channels": "num_channels"}
_PER_QUERY = 500
_FROM = "FROM files JOIN sounds ON sounds.id = sound_id"


class Listed(NamedTuple):
    """A page of files, by id, and how many there are in all."""

    total: int
    file_ids: list[int]


@dataclass(frozen=True)
class Browser:
    """The files of the library in `database`. Methods raise StoreError."""

    database: Database

    def counts(self, fact: Fact) -> dict[str, int]:
        """Return how many files have each value of a fact, most first."""
        column = _COLUMNS[fact]
        found = self.database.rows(f"SELECT {column}, count(*) {_FROM} GROUP BY 1 ORDER BY 2 DESC, 1")
        return {str(value): int(count) for value, count in found}

    def page(self, filters: Filters, order: Order, offset: int, limit: int, only: Collection[int] | None = None) -> Listed:
        """Return `limit` files from `offset` on that pass `filters` and, if given, are among `only`.

        By name is by path, so that files of a folder stay together; by duration the shortest come first, by `added` the newest.
        """
        conditions, parameters = where(filters)
        tail = f"{_FROM} WHERE {' AND '.join(conditions)}"
        if filters.path_glob is None and only is None:
            with self.database.snapshot():
                (total,) = self.database.rows(f"SELECT count(*) {tail}", parameters)[0]
                sql = f"SELECT files.id {tail} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?"
                found = self.database.rows(sql, [*parameters, limit, offset])
            return Listed(int(total), [row[0] for row in found])
        found = self.database.rows(f"SELECT files.id, path {tail} ORDER BY {_ORDERS[order]}", parameters)
        kept = _kept(found, filters.path_glob, only)
        return Listed(len(kept), kept[offset : offset + limit])

    def folders(self) -> dict[str, int]:
        """Return how many files lie directly in each folder, by absolute path."""
        return dict(Counter(os.path.dirname(os.fsdecode(row[0])) for row in self.database.rows("SELECT path FROM files")))

    def copies(self, file_id: int) -> list[int]:
        """Return the ids of the other files that have the sound of a file, by path."""
        sql = "SELECT other.id FROM files JOIN files AS other USING (sound_id) WHERE files.id = ? AND other.id <> files.id ORDER BY other.path"
        return [row[0] for row in self.database.rows(sql, (file_id,))]

    def versions(self, file_ids: Collection[int]) -> dict[int, int]:
        """Return the version of each of `file_ids`, as `Store.file_versions` does of all; unknown ids are left out."""
        return dict(self._chunked("SELECT id, sound_id FROM files WHERE id IN", sorted(file_ids)))

    def with_content(self, hashes: Collection[str]) -> set[int]:
        """Return the ids of all files whose content has one of these hexadecimal hashes."""
        wanted = [bytes.fromhex(each) for each in sorted(hashes)]
        return {row[0] for row in self._chunked(f"SELECT files.id {_FROM} WHERE content_hash IN", wanted)}

    def contents(self, hashes: Collection[str]) -> set[str]:
        """Return those of some hexadecimal content hashes that a file has."""
        wanted = [bytes.fromhex(each) for each in sorted(hashes)]
        return {row[0].hex() for row in self._chunked(f"SELECT DISTINCT content_hash {_FROM} WHERE content_hash IN", wanted)}

    def at_paths(self, paths: Collection[str]) -> set[int]:
        """Return the ids of the files at these absolute paths."""
        return {row[0] for row in self._chunked("SELECT id FROM files WHERE path IN", sorted(map(os.fsencode, paths)))}

    def _chunked(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(values), _PER_QUERY):
            part = values[start : start + _PER_QUERY]
            yield from self.database.rows(f"{sql} ({', '.join('?' * len(part))})", part)


def _kept(found: list[tuple[Any, ...]], path_glob: str | None, only: Collection[int] | None) -> list[int]:
    matches = glob_matcher(path_glob) if path_glob is not None else lambda _: True
    wanted = None if only is None else frozenset(only)
    return [row[0] for row in found if (wanted is None or row[0] in wanted) and matches(os.fsdecode(row[1]))]
