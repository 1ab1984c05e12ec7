"""A list of sounds as a file for other programs: CSV, JSON, a playlist, labels for Audacity, a selection table for Raven.

Pure: lines in, bytes out, all of it UTF-8. Names that are not Unicode are told as well as each format can: JSON holds lone surrogates as
escapes, a playlist a `file:` address, the others backslash escapes.

Sources: M3U as VLC and foobar2000 read it (`#EXTINF`, and VLC's `#EXTVLCOPT:start-time`); the label format of Audacity's manual ("Importing
and Exporting Labels"); the selection table of Raven Pro's manual, with the columns by which it finds the sounds of several files.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote_from_bytes

from hearken.errors import InputError, show
from hearken.types import Hit

COLUMNS = (
    "rank", "path", "start_s", "end_s", "duration_s", "score", "confidence", "labels", "caption", "note", "duplicates",
)  # fmt: skip
SUFFIXES = {"csv": ".csv", "json": ".json", "m3u": ".m3u8", "labels": ".txt", "raven": ".tsv", "zip": ".zip"}
"""What the name of a file in each format ends in."""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "m3u": "audio/x-mpegurl; charset=utf-8",
    "labels": "text/plain; charset=utf-8",
    "raven": "text/tab-separated-values; charset=utf-8",
    "zip": "application/zip",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the begin of a formula (OWASP, "CSV Injection")


@dataclass(frozen=True)
class Line:
    """One sound of a list: its `path`, the stretch of it that is meant in seconds, its length, and what is known of it.

    `score` and `confidence` are those of a hit, None where there was no search.
    """

    path: str
    start_s: float
    end_s: float
    duration_s: float
    score: float | None = None
    confidence: float | None = None
    labels: tuple[str, ...] = ()
    caption: str = ""
    note: str = ""
    duplicates: tuple[str, ...] = ()


def line_of(hit: Hit, *, labels: Sequence[str] = (), note: str = "") -> Line:
    """Return the line for a hit, with what else is known of its sound."""
    span = (*rounded(hit.start_s, hit.end_s), round(hit.duration_s, 3))
    sure = None if hit.confidence is None else round(hit.confidence, 4)
    return Line(hit.path, *span, round(hit.score, 6), sure, tuple(labels), hit.machine_caption, note, hit.duplicates)


def rounded(start_s: float, end_s: float) -> tuple[float, float]:
    """Return a stretch in whole milliseconds, but as it is where nothing would be left of it."""
    start, end = round(start_s, 3), round(end_s, 3)
    return (start, end) if start < end else (start_s, end_s)


def format_of(path: str | os.PathLike[str]) -> str | None:
    """Return the format that the name of a file asks for by its suffix, or None; `.m3u` counts as `.m3u8`."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    return next((name for name, own in SUFFIXES.items() if suffix in (own, ".m3u" if name == "m3u" else own)), None)


def text_of(format: str, lines: Sequence[Line], *, title: str = "") -> bytes:  # noqa: A002  what users call it
    """Return all `lines` in a format of `SUFFIXES` but `zip`; `title` says what the list is, where there is a place for it.

    Raises InputError for an unknown format.
    """
    if format not in _WRITERS:
        raise InputError(f"There is no format {show(format)!r} for lists.", f"Known: {', '.join(_WRITERS)}.")
    return _WRITERS[format](lines, title).encode("utf-8", "backslashreplace")


def num_sounds(lines: Sequence[Line]) -> int:
    """Return how many different files there are: times in an Audacity label file are those of one."""
    return len({line.path for line in lines})


def _csv(lines: Sequence[Line], _: str) -> str:
    """One header line, then a line for each sound; several labels or paths in a cell stand with ` | ` between them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    for rank, line in enumerate(lines, 1):
        numbers = ["" if value is None else value for value in (line.score, line.confidence)]
        texts = [" | ".join(line.labels), line.caption, line.note, " | ".join(map(show, line.duplicates))]
        writer.writerow([rank, cell(show(line.path)), line.start_s, line.end_s, line.duration_s, *numbers, *map(cell, texts)])
    return out.getvalue()


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it, if it must be."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(lines: Sequence[Line], title: str) -> str:
    """An object with `title` and `sounds`, which have the names of `Line`'s fields."""
    return json.dumps({"title": title, "sounds": [_fields(line) for line in lines]}, ensure_ascii=True, allow_nan=False, indent=2) + "\n"


def _fields(line: Line) -> dict[str, Any]:
    return {each.name: getattr(line, each.name) for each in fields(Line)}  # and none of a class of its own


def _m3u(lines: Sequence[Line], title: str) -> str:
    """An extended M3U; a stretch that is not all of its sound has VLC's start and stop time."""
    out = ["#EXTM3U", *([f"#PLAYLIST:{_one_line(title)}"] if title else [])]
    for line in lines:
        out.append(f"#EXTINF:{round(line.end_s - line.start_s)},{_one_line(_name(line))}")
        if line.start_s > 0 or line.end_s < line.duration_s:
            out += [f"#EXTVLCOPT:start-time={line.start_s:g}", f"#EXTVLCOPT:stop-time={line.end_s:g}"]
        out.append(_playable(line.path))
    return "\n".join(out) + "\n"


def _playable(path: str) -> str:
    """Return a path as it stands, or as a `file:` address where a line of text could not hold it."""
    if path.isprintable() and path == path.strip() and not path.startswith("#"):
        return path
    address = quote_from_bytes(os.fsencode(path), safe="/")
    return f"file://{address}" if os.path.isabs(path) else address


def _labels(lines: Sequence[Line], _: str) -> str:
    """Start, end and text of each, with tabs between. Where there are several files, the text says which."""
    several = num_sounds(lines) > 1
    return "".join(f"{line.start_s:.6f}\t{line.end_s:.6f}\t{_one_line(_told(line, with_name=several))}\n" for line in lines)


def _raven(lines: Sequence[Line], _: str) -> str:
    """Raven's table: times count over all files in their order, and `Begin Path` with `File Offset (s)` says where a selection is."""
    begins: dict[str, float] = {}
    total_s = 0.0
    for line in lines:
        if line.path not in begins:
            begins[line.path] = total_s
            total_s += line.duration_s
    titles = ("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Begin Path", "File Offset (s)", "Score", "Annotation")
    rows = ["\t".join(titles)]
    for rank, line in enumerate(lines, 1):
        begin_s = begins[line.path]
        times = (f"{begin_s + line.start_s:.3f}", f"{begin_s + line.end_s:.3f}")
        score = "" if line.score is None else f"{line.score:.4f}"
        rows.append(
            "\t".join((str(rank), "Spectrogram 1", "1", *times, show(line.path), f"{line.start_s:.3f}", score, _one_line(_told(line))))
        )
    return "\n".join(rows) + "\n"


def _told(line: Line, *, with_name: bool = True) -> str:
    """Return what a label says: the file where it must, and labels, or else the note, the caption, or the score."""
    about = ", ".join(line.labels) or line.note or line.caption or ("" if line.score is None else f"{line.score:.2f}")
    return f"{_name(line)}: {about}".removesuffix(": ") if with_name or not about else about


def _name(line: Line) -> str:
    return show(os.path.splitext(os.path.basename(line.path))[0])


def _one_line(text: str) -> str:
    return " ".join(show(text).split())


_WRITERS: dict[str, Callable[[Sequence[Line], str], str]] = {"csv": _csv, "json": _json, "m3u": _m3u, "labels": _labels, "raven": _raven}
