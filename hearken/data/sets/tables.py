"""A user's own table of sounds and captions: CSV, TSV, JSON, JSON lines or Parquet, with columns of the names that people use.

One row is a clip, or one of its captions: rows of the same file and split are joined. The sound's path is relative to the table's
folder, or absolute. The first column that is there counts, by `COLUMNS`; columns of other names are left alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hearken.data.clip import GROUP, Clip, Corpus
from hearken.data.rows import Row, fail, read_csv, read_json_records, read_jsonl, read_text
from hearken.data.sets.embedded import keep_sound
from hearken.errors import MissingDataError, MissingExtraError, extra_hint, show

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
COLUMNS = {
    "audio": ("file", "file_name", "filename", "wav", "audio", "audio_path", "audio_file", "path", "fname"),
    "captions": ("captions", "caption", "text", "texts", "sentence"),
    "tags": ("tags", "labels", "label", "keywords"),
    "split": ("split",),
    "title": ("title",),
    "description": ("description",),
    "duration_s": ("duration_s", "duration"),
    "start_s": ("start_s", "start_time"),
    "origins": ("origins",),
    "group": ("group",),
    "licence": ("licence", "license"),
    "author": ("author",),
}
"""What a clip knows -> names of the column that holds it, in order of preference. Captions may also be `caption_1`, `caption_2`, ..."""
WHOLE = "all"
"""The split of clips that name none."""
_NUMBERED = re.compile(r"caption_?(\d+)")


def load_table(path: Path) -> Corpus:
    """Return the clips of a table. Raises MissingDataError, DataError (with the line), MissingExtraError for Parquet without pyarrow."""
    rows = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)
    clips = tuple(read_clips(rows))
    if not clips:
        fail(path, None, "there is no clip in it.", "A table has a row for each clip, with the columns `file` and `caption`.")
    return Corpus(reference=str(path), folder=path.parent, clips=clips)


def _read_text(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return read_jsonl(path)
    if suffix == ".json":  # a list, or the layout of WavCaps: {"data": [...]}
        return read_json_records(path, "data" if read_text(path).lstrip().startswith("{") else None)
    return read_csv(path, (), delimiter="\t" if suffix == ".tsv" else ",")


def _read_parquet(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file; `line` is the number of the row, from 1. Sounds inside it are kept as files."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtraError("Reading Parquet needs pyarrow.", extra_hint("data")) from error
    line = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for values in batch.to_pylist():
                    line += 1
                    yield Row(path, line, values)
    except FileNotFoundError as error:
        raise MissingDataError(f"{show(path)} is not there.", "Check the path.") from error
    except (ArrowException, OSError, ValueError) as error:
        reason = show(str(error).split("\n", 1)[0])
        fail(path, None, f"this is no Parquet file that can be read: {reason}.", "Write it again.")


def read_clips(rows: Iterable[Row]) -> Iterator[Clip]:
    """Yield a clip for every file, in order of appearance; the captions of its rows are joined. Its path is its id.

    A file that is in several splits is a clip of each, so that the leak can be found; the later ones' id is `SPLIT/PATH`.
    Raises DataError, with the line, for a row without a file.
    """
    clips: dict[tuple[str, str], Clip] = {}
    for row in rows:
        clip = _clip(row)
        before = clips.get((clip.audio, clip.split))
        clips[clip.audio, clip.split] = clip if before is None else replace(before, captions=before.captions + clip.captions)
    taken: set[str] = set()
    for clip in clips.values():
        name = clip.id
        while name in taken:
            name = f"{clip.split}/{name}"
        taken.add(name)
        yield replace(clip, id=name)


def _clip(row: Row) -> Clip:
    columns = {meaning: next((name for name in names if row.values.get(name) not in (None, "")), "") for meaning, names in COLUMNS.items()}
    audio = _audio(row, columns["audio"])
    return Clip(
        id=audio,
        split=row.text(columns["split"]) if columns["split"] else WHOLE,
        audio=audio,
        captions=_captions(row, columns["captions"]),
        title=row.text(columns["title"], default=""),
        description=row.text(columns["description"], default=""),
        tags=_several(row, columns["tags"], separator=";"),
        duration_s=row.seconds(columns["duration_s"]),
        start_s=row.seconds(columns["start_s"]),
        origins=_several(row, columns["origins"], separator=";") + _group(row, columns["group"]),
        licence=row.text(columns["licence"], default=""),
        author=row.text(columns["author"], default=""),
    )


def _group(row: Row, name: str) -> tuple[str, ...]:
    """Return what a user calls the recording that a clip was cut from, or its session, as an origin."""
    return (f"{GROUP}:{row.text(name)}",) if name else ()


def _audio(row: Row, name: str) -> str:
    """Return the path of a row's sound, with `/`. Sound inside the table, as Hugging Face stores it, becomes a file."""
    if not name:
        row.fail(f"there is no file; its column is one of {', '.join(COLUMNS['audio'])}.")
    value: Any = row.values[name]
    if isinstance(value, dict):
        content, path = value.get("bytes"), value.get("path")
        if isinstance(content, bytes):
            return keep_sound(content, path if isinstance(path, str) else "")
        value = path
    if not isinstance(value, str) or not value.strip():
        row.wrong(name, value, str)
    return row.clean(value, name).replace(os.sep, "/")


def _captions(row: Row, name: str) -> tuple[str, ...]:
    """Return the captions of a row: of one column, as text or list, and of `caption_1`, `caption_2`, ..., in that order."""
    numbered = sorted((int(match[1]), key) for key in row.values if (match := _NUMBERED.fullmatch(key)))
    found = _several(row, name, separator=None) + tuple(row.text(key, default="") for _, key in numbered)
    return tuple(caption for caption in found if caption)


def _several(row: Row, name: str, *, separator: str | None) -> tuple[str, ...]:
    """Return the texts of a cell: of a list, of a list written as Python or JSON has it, or of one text with separators."""
    value = row.values.get(name) if name else None
    if value in (None, ""):
        return ()
    if isinstance(value, int | float):
        return (row.text(name),)
    if isinstance(value, str) and not (value.lstrip().startswith("[") and value.rstrip().endswith("]")):
        parts = [row.text(name)] if separator is None else row.text(name).split(separator)
        return tuple(part.strip() for part in parts if part.strip())
    return tuple(text.strip() for text in row.texts(name) if text.strip())
