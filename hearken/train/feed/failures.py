"""The clips that could not be used, each once: `failed.jsonl` of a run, a line of JSON for each, and who counts them.

A clip that failed while training stays out for the rest of the run, also of a run that is resumed: else a sound that comes and goes
would make two runs of one seed differ. Removing its line brings it back.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearken.data.clip import Clip
from hearken.data.locate import way_to_sounds
from hearken.errors import DataError, HearkenError, show
from hearken.train.feed.corpora import Place

MAX_FAILED_SHARE = 0.1
"""A run ends when more of its clips than this cannot be read (one may always fail)."""
READ, LEFT_OUT = "read", "left out"


class Failures:
    """Keeps the ledger at `path` (None: nowhere). Threads may share it. With `writes_left_out` it also names clips that never come in."""

    def __init__(self, path: Path | None, *, writes_left_out: bool = True) -> None:
        self._path, self._writes_left_out = path, writes_left_out
        self._lock = threading.Lock()
        try:
            self._known = set(self._lines())
            self._begin = b"" if _is_whole(path) else b"\n"  # a killed run may have left half a line: what comes now must not join it
        except OSError as error:
            raise DataError(f"{show(path or '')} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
        self._read_failed = {place for stage, _, place in self._known if stage == READ}
        self.num_clips = 0

    @property
    def num_failed(self) -> int:
        """How many sounds could not be read."""
        return len(self._read_failed)

    def has(self, place: Place) -> bool:
        """Say whether the sound at `place` failed before."""
        return bool(self._read_failed) and str(place) in self._read_failed

    def left_out(self, reference: str, clip: Clip, place: Place | None) -> None:
        """Name a clip that has no sound, or no caption. Raises DataError if that cannot be written."""
        if not self._writes_left_out:
            return
        if place is None:
            error = (
                "MissingDataError",
                f"{show(clip.audio)} of {show(reference)} is not here.",
                way_to_sounds(reference),
            )
        else:
            error = ("DataError", f"{show(clip.id)} of {show(reference)} has no caption.", "Give it one, or leave it out.")
        self._write(LEFT_OUT, clip.id, str(place or clip.audio), *error)

    def failed(self, name: str, place: Place, error: HearkenError) -> None:
        """Note that a sound cannot be read. Raises DataError if that is more than a tenth of all."""
        with self._lock:
            self._read_failed.add(str(place))
        self.note(name, place, error)
        most = max(1.0, MAX_FAILED_SHARE * self.num_clips)
        if self.num_clips and self.num_failed > most:
            where = f" {show(self._path)} names them." if self._path else ""
            raise DataError(
                f"{self.num_failed} of {self.num_clips} clips cannot be read: more than a tenth. The last: {error.message}",
                f"`hearken data check` finds all that are damaged.{where}",
            )

    def note(self, name: str, place: Place, error: HearkenError) -> None:
        """Name a clip that cannot be read in the ledger, and no more."""
        self._write(READ, name, str(place), type(error).__name__, error.message, error.hint)

    def _write(self, stage: str, name: str, place: str, error: str, message: str, hint: str) -> None:
        key = (stage, name, place)
        with self._lock:
            if key in self._known:
                return
            self._known.add(key)
            if self._path is None:
                return
            line = {"id": name, "path": place, "stage": stage, "error": error, "message": message, "hint": hint}
            try:
                self._append(self._path, json.dumps(line).encode("ascii") + b"\n")
            except OSError as failure:
                if stage == LEFT_OUT:  # at the start; a run under way is not to end because there is no room for one line
                    raise DataError(f"{show(self._path)} cannot be written: {failure.strerror or failure}.", "Check the disk.") from failure

    def _append(self, path: Path, line: bytes) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            line = self._begin + line
            written = os.write(handle, line)  # one call, for other processes write their lines here too
            self._begin = b"" if written == len(line) else b"\n"  # a full disk takes a part of it
        finally:
            os.close(handle)

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        if self._path is None or not self._path.is_file():
            return
        with self._path.open("r", encoding="utf-8", errors="replace") as file:
            for line in file:
                values = _object(line)
                if values is not None and all(isinstance(values.get(name), str) for name in ("stage", "id", "path")):
                    yield values["stage"], values["id"], values["path"]


def _is_whole(path: Path | None) -> bool:
    """Say whether the last line of a ledger is whole; so it is where there is none."""
    if path is None or not path.is_file() or not path.stat().st_size:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _object(line: str) -> dict[str, Any] | None:
    """Return a line's object; None for half a line, as a kill may leave it."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
