"""Filters of a search: facts as SQL conditions, and the path pattern."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable
from typing import Any

from hearken.library.records import Filters


def glob_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test of absolute paths against `pattern`, as wide as users expect.

    `*` stands for anything, folder separators included (so `**` is the same); `?` for one character; `[ab]` and `[!ab]`
    for one of a set. The whole path must match, but a pattern that is not absolute may begin at any folder:
    `kick*.wav` finds the file anywhere, `drums/*` all below any folder of this name, `*drum*` whatever has it in its
    path. Upper and lower case differ where they differ in file names.
    """
    anywhere = os.path.isabs(pattern) or pattern.startswith("*")
    wide = pattern if anywhere else os.path.join("*", pattern)
    expression = re.compile(fnmatch.translate(os.path.normcase(wide)))
    return lambda path: expression.match(os.path.normcase(path)) is not None


def where(filters: Filters) -> tuple[list[str], list[Any]]:
    """Return the conditions of `filters` in SQL (apart from the path) with their parameters."""
    conditions, parameters = ["1"], list[Any]()

    def add(condition: str, *values: object) -> None:
        conditions.append(condition)
        parameters.extend(values)

    if filters.min_duration_s is not None:
        add("duration_s >= ?", filters.min_duration_s)
    if filters.max_duration_s is not None:
        add("duration_s <= ?", filters.max_duration_s)
    if filters.containers:
        marks, names = ", ".join("?" * len(filters.containers)), [name.lower() for name in filters.containers]
        add(f"(lower(container) IN ({marks}) OR lower(codec) IN ({marks}))", *names, *names)
    for column in ("rates_hz", "num_channels"):
        if values := getattr(filters, column):
            add(f"{column.replace('rates', 'rate')} IN ({', '.join('?' * len(values))})", *values)
    return conditions, parameters
