"""A file of captions that grows while it is made, and can be gone on with: CSV, JSON lines, or one JSON object.

Every line says which machine wrote it (`machine_made_by`): so nobody takes it for a person's word, and a file of another captioner, or
of another program, is never touched. CSV and JSON lines get each caption as soon as it is there; at the end (also after Ctrl-C) the
whole file is written once more, in the order of the input, whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hearken.caption.files import CaptionedFile, CaptionedSpan
from hearken.caption.heard import MadeCaption
from hearken.errors import InputError, show
from hearken.files import write_whole
from hearken.types import Span

COLUMNS = ("path", "duration_s", "start_s", "end_s", "caption", "score", "machine_made_by")
"""Of a CSV. A line for each stretch, then one for all of the sound, without start and end: it says that the sound is done."""
FORMATS = (".csv", ".json", ".jsonl")
_LINE = '{"path": '
_OTHER = "Name another file with --out, or remove this one."


class CaptionsFile:
    """The captions in `path`, made by what `made_by` says in short; `done` has those that are there already, by path.

    The path of a sound is kept as text that can be printed (see `show`), by which it is known again.
    Raises InputError for a name without one of FORMATS, a folder that is not there, and a file that was not made by this captioner
    in this way. Not for two processes at a time.
    """

    def __init__(self, path: Path, made_by: str) -> None:
        self.path, self.made_by = path, made_by
        self._form = path.suffix.lower()
        if self._form not in FORMATS:
            raise InputError(f"The output {show(path)} ends in none of {', '.join(FORMATS)}.", "Name it for example captions.csv.")
        if not path.parent.is_dir():
            raise InputError(f"There is no folder {show(path.parent)} for the output.", "Make it first, or write to another place.")
        if path.is_dir():
            raise InputError(f"The output {show(path)} is a folder.", "Name a file in it.")
        self.done = self._read() if path.exists() else {}
        self._whole = not path.exists()

    def add(self, told: CaptionedFile) -> None:
        """Note one file's captions, in CSV and JSON lines at once. Raises OSError."""
        if not self._whole:
            self.finish(())  # what an earlier run left is made tidy first: its last line may be torn
        self.done[show(told.path)] = told
        if self._form == ".json":
            return
        begin = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write((self._head() if begin else "") + self._lines(told))

    def finish(self, order: Iterable[str]) -> None:
        """Write the whole file: the sounds of `order` first, then others that were there before. Raises OSError; then it is as it was."""
        names = dict.fromkeys([*(show(path) for path in order), *self.done])
        rows = [self.done[name] for name in names if name in self.done]
        if self._form == ".json":
            text = json.dumps(
                {"machine_made_by": self.made_by, "machine_made": True, "captions": [row_json(row) for row in rows]}, indent=1
            )
        else:
            text = self._head() + "".join(self._lines(row) for row in rows)
        write_whole(self.path, text.encode())
        self._whole = True

    def _head(self) -> str:
        return _csv_line(COLUMNS) if self._form == ".csv" else ""

    def _lines(self, told: CaptionedFile) -> str:
        if self._form == ".jsonl":
            return json.dumps({**row_json(told), "machine_made_by": self.made_by}) + "\n"
        parts = [(f"{each.span.start_s:.3f}", f"{each.span.end_s:.3f}", each.made) for each in told.spans]
        name, length = show(told.path), f"{told.duration_s:.3f}"
        rows = [(name, length, *times, made.text, f"{made.score:.6f}", self.made_by) for *times, made in [*parts, ("", "", told.made)]]
        return "".join(map(_csv_line, rows))

    def _read(self) -> dict[str, CaptionedFile]:
        """What an earlier run wrote; a last line that was cut off counts as not written."""
        try:
            text = self.path.read_text(encoding="utf-8")
            rows = _READERS[self._form](text) if text else []
            others = {made_by for _, made_by in rows} - {self.made_by}
        except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
            raise InputError(f"{show(self.path)} holds something else than captions that Hearken wrote.", _OTHER) from error
        if others:
            message = f"The captions in {show(self.path)} were made by {show(str(min(others, key=str)))}, not by {self.made_by}."
            raise InputError(message, f"To go on, use the same captioner and options. {_OTHER}")
        return {show(told.path): told for told, _ in rows}


def row_json(told: CaptionedFile) -> dict[str, Any]:
    """Return a file's captions as plain values: path, caption, score, duration_s, and spans where there are any."""
    row: dict[str, Any] = {
        "path": told.path,
        "caption": told.made.text,
        "score": round(told.made.score, 6),
        "duration_s": round(told.duration_s, 3),
    }
    if told.spans:
        row["spans"] = [
            {
                "start_s": round(each.span.start_s, 3),
                "end_s": round(each.span.end_s, 3),
                "caption": each.made.text,
                "score": round(each.made.score, 6),
            }
            for each in told.spans
        ]
    return row


def _of_json(row: Mapping[str, Any]) -> CaptionedFile:
    spans = [_span(each["start_s"], each["end_s"], each["caption"], each["score"]) for each in row.get("spans", [])]
    return CaptionedFile(str(row["path"]), MadeCaption(str(row["caption"]), float(row["score"])), float(row["duration_s"]), tuple(spans))


def _span(start_s: float | str, end_s: float | str, text: str, score: float | str) -> CaptionedSpan:
    return CaptionedSpan(Span(float(start_s), float(end_s)), MadeCaption(str(text), float(score)))


Rows = list[tuple[CaptionedFile, str]]


def _read_json(text: str) -> Rows:
    whole = json.loads(text)
    return [(_of_json(row), str(whole["machine_made_by"])) for row in whole["captions"]]


def _read_jsonl(text: str) -> Rows:
    if "\n" not in text and not text.startswith(_LINE):
        raise ValueError("not even the beginning of a line of ours")
    values = [json.loads(line) for line in _whole_lines(text)]
    return [(_of_json(row), str(row["machine_made_by"])) for row in values]


def _read_csv(text: str) -> Rows:
    lines = list(csv.reader(_whole_lines(text), strict=True))
    if not lines or tuple(lines[0]) != COLUMNS:
        raise ValueError("other columns")
    rows: Rows = []
    spans: list[CaptionedSpan] = []
    for path, duration_s, start_s, end_s, caption, score, made_by in lines[1:]:
        if start_s:
            spans.append(_span(start_s, end_s, caption, score))
        else:
            rows.append((CaptionedFile(path, MadeCaption(caption, float(score)), float(duration_s), tuple(spans)), made_by))
            spans = []
    return rows


_READERS: dict[str, Callable[[str], Rows]] = {".csv": _read_csv, ".json": _read_json, ".jsonl": _read_jsonl}


def _whole_lines(text: str) -> list[str]:
    """The lines, without a last one that was cut off."""
    return text.split("\n")[:-1]


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()
