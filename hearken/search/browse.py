"""Looking around in a library: what is like one of its sounds, its sounds in an order, its folders. Functions on a `Library`.

A folder is told by its path from the name of its root on, such as `Sounds/birds` for `/home/me/Sounds/birds`: that tells enough, and
no more than it must.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from hearken.errors import QueryError, show
from hearken.library.browsing import Listed, Order
from hearken.library.records import FileRecord, Filters
from hearken.search.answer import Answer, Wish
from hearken.search.library import Library
from hearken.search.query import SearchRequest
from hearken.types import Span


@dataclass(frozen=True)
class Folder:
    """A folder that holds `num_files` sounds, itself and below; `depth` counts from the root, which has 0."""

    path: str
    name: str
    depth: int
    num_files: int


def similar_to(
    library: Library,
    file_id: int,
    start_s: float | None = None,
    end_s: float | None = None,
    k: int = 10,
    *,
    moments: bool = False,
    filters: Filters | None = None,
) -> Answer:
    """Return at most `k` hits that sound like one in the library, or like what is from `start_s` to `end_s` in it; itself is left out.

    Its stored vectors are compared, so nothing is decoded and the file need not be there. Raises QueryError for an id that is not
    there or a stretch that makes no sense, StoreError.
    """
    request = SearchRequest(k, moments, filters=filters or Filters())
    return library.answer(Wish(like=file_id, span=span_of(start_s, end_s)), request)


def span_of(start_s: float | None, end_s: float | None) -> Span | None:
    """Return the stretch from `start_s` to `end_s`, None where neither is given. Raises QueryError."""
    if start_s is None and end_s is None:
        return None
    if start_s is None or end_s is None or not 0 <= start_s < end_s:
        raise QueryError("A stretch of a sound needs a start, and an end after it, in seconds.")
    return Span(start_s, end_s)


def sounds(
    library: Library,
    filters: Filters | None = None,
    order: Order = "name",
    offset: int = 0,
    limit: int = 50,
    *,
    only: frozenset[int] | None = None,
) -> tuple[int, list[FileRecord]]:
    """Return how many sounds pass the filters (and are among the ids `only`), and `limit` of them from `offset` on. Raises StoreError."""
    store = library.parts().store
    with store.snapshot():
        listed: Listed = store.browser.page(filters or Filters(), order, offset, limit, only)
        return listed.total, store.files(listed.file_ids)


def folders(library: Library) -> list[Folder]:
    """Return all folders that hold sounds, themselves or below, by path. Raises StoreError."""
    store = library.parts().store
    roots, counts = store.roots(), dict[str, int]()
    for folder, num_files in store.browser.folders().items():
        parts = folder_of(os.path.join(folder, "x"), roots).split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            counts[path] = counts.get(path, 0) + num_files
    shown = sorted((path.split("/"), path, num_files) for path, num_files in counts.items() if path)
    return [Folder(path, parts[-1], len(parts) - 1, num_files) for parts, path, num_files in shown]


def root_of(path: str, roots: Sequence[str]) -> str | None:
    """Return the nearest of `roots` (folders or single files) that `path` is or lies below, or None."""
    holding = [root for root in roots if path == root or path.startswith(os.path.join(root, ""))]
    return max(holding, key=len, default=None)


def folder_of(path: str, roots: Sequence[str]) -> str:
    """Return the folder of a file from the name of its root on, printable; "" where the file itself is the root, or none holds it."""
    root = root_of(path, roots)
    if root is None or root == path:
        return ""
    below = os.path.relpath(os.path.dirname(path), os.path.dirname(root))
    return show("" if below == os.curdir else below).replace(os.sep, "/")
