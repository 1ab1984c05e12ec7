"""A file of captions that grows while it is made, and can be gone on with: CSV, JSON lines, or one JSON object.

Every line says which machine wrote it (`machine_made_by`): so nobody takes it for a person's word, and a file of another captioner, or
of another program, is never touched. CSV and JSON lines get each caption as soon as it is there; at the end (also after Ctrl-C) the
whole file is written once more, in the order of the input, whole or not at all. What another process put into it meanwhile stays.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hearken.caption.files import CaptionedFile, CaptionedSpan
from hearken.caption.heard import MadeCaption
from hearken.errors import InputError, show
from hearken.files import replacing
from hearken.types import Span

COLUMNS = ("path", "duration_s", "start_s", "end_s", "caption", "score", "machine_made_by")
"""Of a CSV. A line for each stretch, then one for all of the sound, without start and end: it says that the sound is done."""
FORMATS = (".csv", ".json", ".jsonl")
_FULL = "Check its permissions and the space left; what is in it stays, and the same command goes on with the rest."
_OTHER = "Name another file with --out, or remove this one."
_ROW_KEYS = {"path", "caption", "score", "duration_s"}
_SPAN_KEYS = {"start_s", "end_s", "caption", "score"}
_TOP_KEYS = {"machine_made_by", "machine_made", "captions"}


class CaptionsFile:
    """The captions in `path`, made by what `made_by` says in short; `done` has those that are there already, by `name_of` their paths.

    Where `path` is a link, the file that it leads to is written; a file keeps its mode. Raises InputError for a name without one of FORMATS,
    a folder that is not there or not writable, what is no file (a pipe, a device) or may only be read, and a file that was not made by this
    captioner in this way.
    """

    def __init__(self, path: Path, made_by: str) -> None:
        self.path, self.made_by = path, show(made_by)
        self._form, self._place = path.suffix.lower(), Path(os.path.realpath(path))
        if self._form not in FORMATS:
            raise InputError(f"The output {show(path)} ends in none of {', '.join(FORMATS)}.", "Name it for example captions.csv.")
        if not self._place.parent.is_dir():
            raise InputError(f"There is no folder {show(self._place.parent)} for the output.", "Make it first, or write to another place.")
        if path.is_dir():
            raise InputError(f"The output {show(path)} is a folder.", "Name a file in it.")
        if path.exists() and not path.is_file():
            raise InputError(f"The output {show(path)} is no file, so that nothing can be kept in it.", "Name a file.")
        self._check_writable()
        self.done = self._read()
        self._whole = not path.exists()

    def _check_writable(self) -> None:
        """Raise InputError now for what could not be written later. A file without any write bit is one that its owner wants left alone."""
        folder = self._place.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(f"The folder {show(folder)} of the output may not be written to.", "Write to another place with --out.")
        if self._place.exists() and not (_is_writable(self._place) and os.access(self._place, os.W_OK)):
            raise InputError(f"The output {show(self.path)} may only be read.", "Name another file with --out, or make this one writable.")

    def known(self, path: str) -> CaptionedFile | None:
        """Return the captions of the sound in `path`, if they are there."""
        told = self.done.get(name_of(path))
        return told and replace(told, path=path)

    def add(self, told: CaptionedFile) -> None:
        """Note one file's captions, in CSV and JSON lines at once. Raises InputError as `finish` does."""
        if not self._whole:
            self.finish(())  # what an earlier run left is made tidy first: its last line may be torn
        name = name_of(told.path)
        self.done[name] = told
        if self._form == ".json":
            return
        with self._writing():
            begin = not self._place.exists()
            with self._place.open("ab") as file:
                file.write(((self._head() if begin else "") + self._lines(name, told)).encode())

    def finish(self, order: Iterable[str]) -> None:
        """Write the whole file: the sounds of `order` first, then others that were there before, or that another process has added.

        Raises InputError where that is not possible (a full disk), and where the file holds something else by now; then it is as it was.
        """
        done = self._read() | self.done
        names = [name for name in dict.fromkeys([*map(name_of, order), *self.done, *done]) if name in done]
        if self._form == ".json":
            rows = [row_json(done[name]) for name in names]
            text = json.dumps({"machine_made_by": self.made_by, "machine_made": True, "captions": rows}, indent=1)
        else:
            text = self._head() + "".join(self._lines(name, done[name]) for name in names)
        with self._writing(), replacing(self._place) as temp:
            if self._place.exists():
                temp.touch()
                shutil.copymode(self._place, temp)  # before anything is in it: what was private stays so
            temp.write_bytes(text.encode())
        self._whole = True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Name the file in what the system says of a full disk and the like."""
        try:
            yield
        except OSError as error:
            raise InputError(f"The output {show(self.path)} cannot be written: {error.strerror}.", _FULL) from error

    def _head(self) -> str:
        return _csv_line(COLUMNS) if self._form == ".csv" else ""

    def _lines(self, name: str, told: CaptionedFile) -> str:
        if self._form == ".jsonl":
            return json.dumps({**row_json(told), "machine_made_by": self.made_by}) + "\n"
        parts = [(f"{each.span.start_s:.3f}", f"{each.span.end_s:.3f}", each.made) for each in told.spans]
        length = f"{told.duration_s:.3f}"
        rows = [(name, length, *times, made.text, f"{made.score:.6f}", self.made_by) for *times, made in [*parts, ("", "", told.made)]]
        return "".join(map(_csv_line, rows))

    def _read(self) -> dict[str, CaptionedFile]:
        """What the file holds, by name; nothing where there is none. A last line that was cut off counts as not written."""
        try:
            text = self._place.read_text(encoding="utf-8") if self._place.exists() else ""
            rows = _READERS[self._form](text, self.made_by) if text else []
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error) as error:
            raise InputError(f"{show(self.path)} holds something else than captions that Hearken wrote.", _OTHER) from error
        others = {made_by for _, _, made_by in rows} - {self.made_by}
        if others:
            message = f"The captions in {show(self.path)} were made by {show(min(others))}, not by {self.made_by}."
            raise InputError(message, f"To go on, use the same captioner and options. {_OTHER}")
        return {name: told for name, told, _ in rows}


def _is_writable(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def name_of(path: str) -> str:
    """Return a path as text that can be printed (see `show`), another for each path: where backslashes are no separators they are doubled."""
    return show(path if os.sep == "\\" else path.replace("\\", "\\\\"))


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
    _expect(row, _ROW_KEYS | ({"spans"} & set(row)))
    made = _made(row["caption"], row["score"])
    spans = tuple(_span(each) for each in row.get("spans", []))
    return CaptionedFile(str(row["path"]), made, float(row["duration_s"]), spans)


def _span(value: Mapping[str, Any]) -> CaptionedSpan:
    _expect(value, _SPAN_KEYS)
    return CaptionedSpan(Span(float(value["start_s"]), float(value["end_s"])), _made(value["caption"], value["score"]))


def _made(text: str, score: float | str) -> MadeCaption:
    if not math.isfinite(float(score)):
        raise ValueError("a score that is no number")
    return MadeCaption(str(text), float(score))


def _expect(value: Mapping[str, Any], keys: set[str]) -> None:
    """Raise ValueError unless `value` has these keys and no others: what somebody has added would be lost when the file is written anew."""
    if set(value) != keys:
        raise ValueError(f"other keys: {', '.join(sorted(set(value) ^ keys))}")


Rows = list[tuple[str, CaptionedFile, str]]
"""Name, captions, and who made them."""


def _read_json(text: str, _: str) -> Rows:
    whole = json.loads(text)
    _expect(whole, _TOP_KEYS)
    told = [_of_json(row) for row in whole["captions"]]
    return [(name_of(each.path), each, str(whole["machine_made_by"])) for each in told]


def _read_jsonl(text: str, made_by: str) -> Rows:
    begin = '{"path": '
    lines = _whole_lines(text, json.dumps({"machine_made_by": made_by})[1:])
    if not lines and (text.endswith("}") or not (text.startswith(begin) or begin.startswith(text))):
        raise ValueError("not the beginning of a line of ours, or all of one of somebody else's")
    rows: Rows = []
    for line in lines:
        row = json.loads(line)
        by = str(row.pop("machine_made_by"))
        told = _of_json(row)
        rows.append((name_of(told.path), told, by))
    return rows


def _read_csv(text: str, made_by: str) -> Rows:
    head = list(COLUMNS)
    if _csv_line(head).startswith(text):  # cut off in its first line, or right behind it
        return []
    lines = list(csv.reader(_whole_lines(text, f",{_csv_line([made_by])[:-1]}"), strict=True))
    if not lines or lines[0] != head:  # two processes that began together have written it twice
        raise ValueError("other columns")
    rows: Rows = []
    spans: dict[str, list[CaptionedSpan]] = {}
    for path, duration_s, start_s, end_s, caption, score, by in (line for line in lines if line != head):
        if start_s:
            spans.setdefault(path, []).append(CaptionedSpan(Span(float(start_s), float(end_s)), _made(caption, score)))
        else:
            rows.append((path, CaptionedFile(path, _made(caption, score), float(duration_s), tuple(spans.pop(path, ()))), by))
    return rows


_READERS: dict[str, Callable[[str, str], Rows]] = {".csv": _read_csv, ".json": _read_json, ".jsonl": _read_jsonl}


def _whole_lines(text: str, ending: str) -> list[str]:
    """The lines, without a last one that was cut off: one without a line break that has not our `ending` either."""
    *lines, last = text.split("\n")
    return [*lines, last] if last.endswith(ending) else lines


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()
