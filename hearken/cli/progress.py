"""The progress of an indexing run: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearken.cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from hearken.library.index import IndexEvent


_WIDE_CELLS = 90  # a narrower terminal has no room for the hours and the speed beside bar, count and time left
_TITLES = {"scan": "Looking", "embed": "Listening", "done": "Listening", "graph": "Ordering for search", "caption": "Captioning"}
_UNITS = {"graph": "windows", "caption": "sounds"}  # files elsewhere


class IndexProgress:
    """A context manager that shows files, hours of sound, speed (times real time) and time left, on stderr.

    A narrow terminal shows neither hours nor speed.

    It is quiet when told to be and when stderr is no terminal. `last` is the latest event, None before the first.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.last: IndexEvent | None = None
        self._bar: Progress | None = None if quiet or not sys.stderr.isatty() else _make_bar()
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("Looking", total=None, unit="files", sound="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, event: IndexEvent) -> None:
        """Show where the run is."""
        self.last = event
        if self._bar and self._task is not None:
            total, unit = event.num_total or None, _UNITS.get(event.phase, "files")
            title = _TITLES[event.phase]
            self._bar.update(self._task, description=title, completed=event.num_done, total=total, unit=unit, sound=sound_text(event))


def sound_text(event: IndexEvent) -> str:
    """Return how much new sound an event tells of, how quickly it is heard, and how many files failed."""
    if event.phase in _UNITS:
        return ""
    parts = [f"{event.audio_s / 3600:.2f} h of sound, {event.rate:.0f}x real time"] if event.audio_s else []
    return ", ".join(parts + ([f"{event.num_failed} failed"] if event.num_failed else []))


def _make_bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = output.console(stderr=True)
    narrow = screen.width < _WIDE_CELLS
    sound = [] if narrow else [TextColumn("{task.fields[sound]}", markup=False)]
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12 if narrow else 24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        *sound,
        TimeRemainingColumn(compact=True),
        console=screen,
        transient=True,
    )
