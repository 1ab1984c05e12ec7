"""Filters of a search: facts as SQL conditions, and the path pattern."""

from __future__ import annotations

import fnmatch
import glob
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
    path. A pattern without wildcards also means all below a folder of that name or path (`drums`, `/media/drums/`), and
    so does the path of anything that exists, seen from the current folder (`./drums`, `../drums`). Upper and lower case
    differ where they differ in file names.
    """
    wanted = "|".join(fnmatch.translate(os.path.normcase(each)) for each in _patterns(pattern))
    expression = re.compile(wanted)
    return lambda path: expression.match(os.path.normcase(path)) is not None


def _patterns(pattern: str) -> list[str]:
    """Return the patterns of whole absolute paths that `pattern` stands for."""
    found: list[str] = []
    if os.path.lexists(pattern):
        for place in dict.fromkeys((os.path.abspath(pattern), os.path.realpath(pattern))):
            found += [glob.escape(place), os.path.join(glob.escape(place), "*")]
    relative = pattern.split(os.sep, 1)[0] in {os.curdir, os.pardir}
    folder = pattern.endswith(os.sep) or pattern in {os.curdir, os.pardir}
    if relative:
        pattern = os.path.normpath(os.path.join(glob.escape(os.getcwd()), pattern))
    pattern = pattern.rstrip(os.sep) if folder else pattern
    wide = pattern if os.path.isabs(pattern) or pattern.startswith("*") or (folder and not pattern) else os.path.join("*", pattern)
    if not folder:
        found.append(wide)
    if folder or not glob.has_magic(pattern):
        found.append(wide + os.sep + "*")
    return found


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
        names = [name.lower().removeprefix(".") for name in filters.containers]
        marks, suffixes = ", ".join("?" * len(names)), " OR ".join(["lower(CAST(substr(path, ?) AS TEXT)) = ?"] * len(names))
        ends = [value for name in names for value in (-1 - len(name.encode()), f".{name}")]
        add(f"(lower(container) IN ({marks}) OR lower(codec) IN ({marks}) OR {suffixes})", *names, *names, *ends)
    for column in ("rates_hz", "num_channels"):
        if values := getattr(filters, column):
            add(f"{column.replace('rates', 'rate')} IN ({', '.join('?' * len(values))})", *values)
    return conditions, parameters
