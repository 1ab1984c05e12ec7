"""The tables of a collection: WavText5K.csv with the columns of the published one, and manifest.jsonl with captions."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path

from hearken.data.collect.entry import Entry, Record
from hearken.data.collect.sites import SITES
from hearken.data.rows import Row, read_csv
from hearken.data.sets.wavtext5k import caption
from hearken.files import write_whole

COLUMNS = ("view_link", "download_link", "title", "description", "fname", "tags")
TABLE, MANIFEST = "WavText5K.csv", "manifest.jsonl"
_STRAY_MARKUP = re.compile(r"<li>.*?</li>\s*,?\s*")


def publish(folder: Path, records: Iterable[Record], *, table: str = TABLE) -> None:
    """Write both tables of what was kept, by site and number, whole or not at all; the manifest holds what has a sound.

    In the CSV, `fname` is the name of the file in `audio/`, and that of the public table (or "") where no sound was fetched.
    """
    kept = sorted((record for record in records if record.state == "kept"), key=_place)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in kept:
        entry = record.entry
        tags = repr(list(entry.tags)) if entry.tags else ""
        writer.writerow((entry.view_link, entry.download_link, entry.title, entry.description, Path(record.file).name or entry.fname, tags))
    manifest = "".join(json.dumps(_line(record), ensure_ascii=False) + "\n" for record in kept if record.file)
    write_whole(folder / table, lines.getvalue().encode("utf-8", "backslashreplace"), alone=True)
    write_whole(folder / MANIFEST, manifest.encode("utf-8", "backslashreplace"), alone=True)


def _place(record: Record) -> tuple[int, int, str]:
    entry = record.entry
    return (list(SITES).index(entry.site), int(entry.number), entry.number)


def _line(record: Record) -> dict[str, object]:
    entry = record.entry
    duration_s = None if record.duration_s is None else round(record.duration_s, 6)
    values = {
        "id": entry.id, "file": record.file, "caption": caption(entry.title, entry.description), "title": entry.title, "tags": list(entry.tags),
        "duration_s": duration_s, "origins": [entry.id], "licence": entry.licence, "author": entry.author,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value not in ("", [], None)}


def read_public_table(path: Path) -> tuple[Entry, ...]:
    """Return the sounds of the published WavText5K.csv, or of one in its columns, in its order, each once.

    Raises MissingDataError; DataError, with the line, for a link that leads to neither site.
    """
    entries: dict[str, Entry] = {}
    for row in read_csv(path, COLUMNS):
        link = row.text("view_link")
        site = next((site for site in SITES.values() if site.owns(link) and site.sound_number(link)), None)
        if site is None:
            row.fail("'view_link' is no page of a sound on bigsoundbank.com or soundbible.com.")
        number = site.sound_number(link)
        entry = Entry(
            f"{site.name}:{number}", link, row.text("download_link", default=site.download_link(number)), row.text("title", default=""),
            row.text("description", default=""), _tags(row), row.text("fname", default=""),
        )  # fmt: skip
        entries.setdefault(entry.id, entry)
    return tuple(entries.values())


def _tags(row: Row) -> tuple[str, ...]:
    """Return the tags: a Python list, in three rows of the published file with pieces of HTML between its items."""
    text = _STRAY_MARKUP.sub("", row.text("tags", default=""))
    return Row(row.path, row.line, {"tags": text}).texts("tags")
