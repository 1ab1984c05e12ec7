"""The files behind groups of equal sounds: where they are now, and a table of them for scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hearken.errors import show
from hearken.files import write_whole
from hearken.library.records import FileRecord, KnownFile
from hearken.search.dedupe import Group
from hearken.search.excerpts import unwritable
from hearken.search.listing import cell

Place = tuple[int, int]
"""Device and inode of a file."""


class Present(NamedTuple):
    """Where the files are that are as they were indexed, by path, and the paths of the others: gone, or changed since."""

    places: dict[str, Place]
    others: frozenset[str]


COLUMNS = ("group", "what", "path", "similarity", "size_bytes", "duration_s", "rate_hz", "num_channels", "codec")


def look(known: Mapping[str, KnownFile]) -> Present:
    """Look for the files of a library. Of one that is gone or changed nobody knows whether it still has the sound: no copy may go for it."""
    places, others = dict[str, Place](), set[str]()
    for path, file in known.items():
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            others.add(path)
            continue
        if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
            others.add(path)
        elif status.st_ino:
            places[path] = (status.st_dev, status.st_ino)
    return Present(places, frozenset(others))


def write_table(out: Path, groups: Sequence[Group]) -> None:
    """Write a CSV, whole or not at all: a line for each file; `what` is keep, copy, link, same or part. Raises InputError, DiskFullError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, group in enumerate(groups, 1):
        writer.writerow((number, "keep", *_facts(group.kept, None)))
        writer.writerows((number, extra.kind, *_facts(extra.record, extra.similarity)) for extra in group.extras)
    try:
        write_whole(out, text.getvalue().encode("utf-8"))
    except OSError as error:
        raise unwritable(out, error) from error


def _facts(record: FileRecord, similarity: float | None) -> tuple[object, ...]:
    alike = "" if similarity is None else similarity
    facts = (alike, record.size, round(record.duration_s, 3), record.rate_hz, record.num_channels, record.codec)
    return (cell(show(record.path)), *facts)
