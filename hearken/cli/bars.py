"""Progress bars on a terminal, nothing in a pipe: one for bytes that come, one for things that get done."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearken.cli import output
from hearken.errors import show

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID
    from rich.status import Status

_TITLE_CELLS = 24
_SPINNER_CELLS = 8  # with the dots behind a line
_WIDE_CELLS = 90  # a narrower terminal has no room for the speed


class _Bar:
    """A context manager that shows a bar on stderr; quiet when told to be, and where that is no terminal."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        self._title = output.shorten(show(title), _TITLE_CELLS)
        self._bar: Progress | None = None if quiet or not sys.stderr.isatty() else self._make()
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away, to make room for another."""
        if self._bar and self._task is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` are there; the bar appears with the first call."""
        if self._bar is None:
            return
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=total)
        self._bar.update(self._task, completed=done, total=total)

    def _make(self) -> Progress:
        from rich.progress import Progress, TextColumn, TimeRemainingColumn

        screen = output.console(stderr=True)
        name = TextColumn("{task.description}", markup=False)
        columns = self._columns(narrow=screen.width < _WIDE_CELLS)
        return Progress(name, *columns, TimeRemainingColumn(compact=True), console=screen, transient=True)

    def _columns(self, *, narrow: bool) -> list[ProgressColumn]:
        raise NotImplementedError


class StepLine:
    """A context manager that shows on stderr what is being done; quiet when told to be, and where that is no terminal."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        self._title, self._quiet = title, quiet
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, step: str) -> None:
        """Show that `step` is next; the line appears with the first call."""
        if self._quiet or not sys.stderr.isatty():
            return
        from rich.text import Text

        screen = output.console(stderr=True)
        text = Text(output.shorten(f"{self._title}: {show(step)}", screen.width - _SPINNER_CELLS) + " ...")
        if self._status is None:
            self._status = screen.status(text)
            self._status.start()
        else:
            self._status.update(text)


class DownloadBar(_Bar):
    """Shows the bytes of a download; its title is the last part of an address."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        super().__init__(title.rsplit("/", 1)[-1], quiet=quiet)

    def _columns(self, *, narrow: bool) -> list[ProgressColumn]:
        from rich.progress import BarColumn, DownloadColumn, TransferSpeedColumn

        return [DownloadColumn()] if narrow else [BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn()]


class CountBar(_Bar):
    """Shows how many of some things, such as `clips`, are done."""

    def __init__(self, title: str, unit: str, *, quiet: bool) -> None:
        self._unit = unit
        super().__init__(title, quiet=quiet)

    def _columns(self, *, narrow: bool) -> list[ProgressColumn]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

        return [BarColumn(bar_width=12 if narrow else 24), MofNCompleteColumn(), TextColumn(self._unit, markup=False)]
