"""Tables of machine-made captions: a CSV with a caption for each clip, and maybe the references beside it.

Read are the forms that are about: aac-metrics' (`caption_predicted`, `caption_1` to `caption_5`), conette's (`fname`, `cands`, `mrefs` as
Python writes a list), our own `captions.csv`, and any table with a column for the clip and one for the caption.

Legend: `N` rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.rows import Row, fail, read_csv
from hearken.errors import show

CANDIDATE_COLUMNS = ("caption_predicted", "cands", "candidate", "prediction", "predicted", "machine_made", "caption")
"""Columns that hold the machine-made caption; the first that is there is taken."""
CLIP_COLUMNS = ("clip", "file_name", "file", "fname", "filename", "path", "clip_id", "audio_id", "youtube_id", "id")
"""Columns that say which clip a caption is of."""
LIST_COLUMNS = ("mrefs", "references")
"""Columns that hold all references as a list."""
_REFERENCE = re.compile(r"(?:caption|reference|ref)_(\d{1,3})")


@dataclass(frozen=True, eq=False)
class CaptionTable:
    """The captions (N) of a file, the `clips` (N) that they are of ("" each where it names none), the lines that they stand on, and the
    `references` (N) of each, empty where the file has none."""

    path: Path
    clips: tuple[str, ...]
    candidates: tuple[str, ...]
    lines: tuple[int, ...]
    references: tuple[tuple[str, ...], ...] = ()

    @property
    def names_clips(self) -> bool:
        """Whether the table says which clip each caption is of."""
        return any(self.clips)


def read_table(path: Path, *, with_references: bool = True) -> CaptionTable:
    """Return the table in `path`. An empty caption is one; an empty reference is none.

    Raises MissingDataError where there is no file, DataError, naming file and line, for what is no table, has no column for captions, or, with
    references, a row without one.
    """
    rows = list(read_csv(path, ()))
    if not rows:
        fail(path, None, "there is no caption in it.", "A row for each clip, below a line with the names of the columns.")
    columns = list(rows[0].values)
    candidate = next((name for name in CANDIDATE_COLUMNS if name in columns), None)
    if candidate is None:
        fail(path, 1, f"there is no column of machine-made captions among {show(', '.join(columns))}.", f"Name it {CANDIDATE_COLUMNS[0]}.")
    clip = next((name for name in CLIP_COLUMNS if name in columns), "")
    references = _references(rows, columns) if with_references else ()
    return CaptionTable(
        path,
        tuple(row.text(clip) if clip else "" for row in rows),
        tuple(row.text(candidate, default="") for row in rows),
        tuple(row.line for row in rows),
        references,
    )


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
