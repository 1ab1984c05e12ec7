"""Tables of machine-made captions: a CSV, or what `hearken caption --out` writes, with a caption for each clip, and maybe the references beside it.

Read are the forms that are about: aac-metrics' (`caption_predicted`, `caption_1` to `caption_5`), conette's (`fname`, `cands`, `mrefs` as
Python writes a list), our own `captions.csv`, the CSV, JSON lines and JSON of `hearken caption` (`path`, `caption`), and any table with a column for the clip and one for the caption.

Legend: `N` rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.rows import Row, fail, read_csv, read_json_records, read_jsonl
from hearken.errors import MissingDataError, show

CANDIDATE_COLUMNS = ("caption_predicted", "cands", "candidate", "prediction", "predicted", "machine_made", "caption")
"""Columns that hold the machine-made caption; the first that is there is taken."""
CLIP_COLUMNS = ("clip", "file_name", "file", "fname", "filename", "path", "clip_id", "audio_id", "youtube_id", "id")
"""Columns that say which clip a caption is of."""
SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")
"""How tables are called."""
_OF_OURS = "machine_made_by"
LIST_COLUMNS = ("mrefs", "references")
"""Columns that hold all references as a list."""
_REFERENCE = re.compile(r"(?:caption|reference|ref)_(\d{1,3})")


@dataclass(frozen=True, eq=False)
class CaptionTable:
    """The captions (N) of a file, the `clips` (N) that they are of ("" each where it names none), the lines that they stand on, and the
    `references` (N) of each, empty where the file has none. `num_stretches` captions of parts of a sound were left out."""

    path: Path
    clips: tuple[str, ...]
    candidates: tuple[str, ...]
    lines: tuple[int, ...]
    references: tuple[tuple[str, ...], ...] = ()
    num_stretches: int = 0

    @property
    def names_clips(self) -> bool:
        """Whether the table says which clip each caption is of."""
        return any(self.clips)


def read_table(path: Path, *, with_references: bool = True) -> CaptionTable:
    """Return the table in `path`. An empty caption is one; an empty reference is none.

    Raises MissingDataError where there is no file, DataError, naming file and line, for what is no table, has no column for captions, or, with
    references, a row without one.
    """
    check_there(path)
    read = list(_read(path))
    rows = [row for row in read if not _is_stretch(row)]
    if not rows:
        fail(path, None, "there is no caption in it.", "A row for each clip, below a line with the names of the columns.")
    columns = list(rows[0].values)
    candidate = next((name for name in CANDIDATE_COLUMNS if name in columns), None)
    if candidate is None:
        fail(
            path,
            1,
            f"there is no column of machine-made captions among {show(', '.join(columns))}.",
            f"Expected is a column of captions ({', '.join(CANDIDATE_COLUMNS)}), and one of clips ({', '.join(CLIP_COLUMNS[:4])}, ...).",
        )
    clip = next((name for name in CLIP_COLUMNS if name in columns), "")
    references = _references(rows, columns) if with_references else ()
    return CaptionTable(
        path,
        tuple(row.text(clip) if clip else "" for row in rows),
        tuple(row.text(candidate, default="") for row in rows),
        tuple(row.line or number for number, row in enumerate(rows, start=1)),
        references,
        len(read) - len(rows),
    )


def check_there(path: Path) -> None:
    """Raise MissingDataError where there is no such file."""
    if not path.is_file():
        raise MissingDataError(f"{show(path)} is not there.", "Check the path.")


def _read(path: Path) -> Iterator[Row]:
    form = path.suffix.lower()
    if form == ".jsonl":
        return read_jsonl(path)
    return read_json_records(path, "captions") if form == ".json" else read_csv(path, ())


def _is_stretch(row: Row) -> bool:
    """Whether a row of ours is of a part of its sound, as `hearken caption --every` tells them in a CSV beside the whole."""
    return _OF_OURS in row.values and bool(row.values.get("start_s") or row.values.get("end_s"))


def _references(rows: Sequence[Row], columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The references of each row; none at all where no column holds such."""
    listed = next((name for name in LIST_COLUMNS if name in columns), "")
    numbered = sorted((name for name in columns if _REFERENCE.fullmatch(name)), key=lambda name: int(name.rpartition("_")[2]))
    if not listed and not numbered:
        return ()
    found = []
    for row in rows:
        texts = row.texts(listed) if listed else [row.text(name, default="") for name in numbered]
        own = tuple(text.strip() for text in texts if text.strip())
        if not own:
            row.fail("there is no reference caption.")
        found.append(own)
    return tuple(found)
