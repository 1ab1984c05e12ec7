"""Groups of equal sounds as a table for scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from hearken.errors import show
from hearken.files import write_whole
from hearken.library.records import FileRecord
from hearken.search.dedupe import Group
from hearken.search.excerpts import unwritable
from hearken.search.listing import cell

COLUMNS = ("group", "what", "path", "similarity", "size_bytes", "duration_s", "rate_hz", "num_channels", "codec")


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
