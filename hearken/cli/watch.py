"""`hearken watch`: the library follows its folders."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_INTERRUPTED
from hearken.cli.options import JobsOption, JsonOption, LibraryOption, ModelOption, ready_model
from hearken.errors import InputError, show

if TYPE_CHECKING:
    from hearken.library.index import IndexReport
    from hearken.search.following import Step
    from hearken.search.library import Library

_COUNTS = ("indexed", "moved", "copied", "deleted", "failed")
_TOLD_ROOTS = 3


def watch(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Folders of sounds. Default: those that the library has.", show_default=False),
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    jobs: JobsOption = None,
    poll: Annotated[
        bool, typer.Option("--poll", help="Look through the folders from time to time instead of being told of changes by the system.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Index folders, and again whenever something in them changes.

    It goes on until Ctrl-C, which ends it with exit code 130; what is done is kept.
    New, changed, moved and deleted files are followed; a file that is still being written is left alone until it is at rest.
    """
    from hearken.library.scan import normal_roots
    from hearken.search.following import Follower
    from hearken.search.library import Library

    with Library(library, model=ready_model(model)) as opened:
        roots = normal_roots(folders or _known(opened))
        told = _Teller(roots, as_json=json, place=str(opened.path))

        def index(which: Sequence[str]) -> IndexReport:
            return opened.index(list(which), jobs=jobs, retry_failed=False, captions=False, on_event=told.note)

        told.begin()
        try:
            Follower(roots, index, told.step, but=[os.path.realpath(opened.path)], always_poll=poll).run()
        except KeyboardInterrupt:
            told.end()
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _known(library: Library) -> list[str]:
    """Return the folders that a library has. Raises InputError for none, LibraryNotFoundError."""
    roots = list(library.info().stats.roots)
    if not roots:
        raise InputError("The library has no folders to watch.", "Name them: `hearken watch DIR`.")
    return roots


class _Teller:
    """Prints one line for each change, as text or as JSON."""

    def __init__(self, roots: Sequence[str], *, as_json: bool, place: str) -> None:
        self._roots, self._as_json, self._place = roots, as_json, place
        self._failed: dict[tuple[str, ...], int] = {}
        self._absent: set[str] = set()
        self._is_first = True

    def begin(self) -> None:
        """Say what is watched."""
        if not self._as_json:
            output.note(f"Watching {_names(self._roots)}. Ctrl-C ends it.")

    def end(self) -> None:
        """Say that it has ended."""
        if not self._as_json:
            output.note("Ended. Nothing is lost; run the same command again to go on.")

    def note(self, event: object) -> None:
        """Take an event of an indexing run; nothing is shown of it."""

    def step(self, step: Step) -> None:
        """Print what has happened, unless nothing has. Lines come at once, also in a pipe."""
        if not self._is_news(step):
            return
        if self._as_json:
            sys.stdout.write(json_line(self._json(step)) + "\n")
        else:
            output.console().print(f"{time.strftime('%H:%M:%S')}  {_names(step.roots)}: {_text(step)}", soft_wrap=True)
        sys.stdout.flush()

    def _is_news(self, step: Step) -> bool:
        """Say whether anything happened that was not told before. Files that failed before fail again, which is no news."""
        if step.state == "back":
            self._absent.difference_update(step.roots)
        absent = set(step.roots if step.state == "away" else step.report.absent if step.report is not None else ()) - self._absent
        self._absent |= absent
        if step.report is None:
            return step.state != "away" or bool(absent)
        failed, self._failed[step.roots] = self._failed.get(step.roots), step.report.failed
        first, self._is_first = self._is_first, False
        return (
            first or bool(absent) or failed != step.report.failed or any(getattr(step.report, name) for name in _COUNTS if name != "failed")
        )

    def _json(self, step: Step) -> dict[str, Any]:
        told: dict[str, Any] = {"library": self._place, "time": round(time.time(), 3), "state": step.state, "roots": list(step.roots)}
        return (
            told
            | ({"report": asdict(step.report)} if step.report is not None else {})
            | ({"message": step.message} if step.message else {})
        )


def json_line(value: dict[str, Any]) -> str:
    """Return an object as JSON in one line; names that are not Unicode come out as escaped lone surrogates."""
    import json

    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _names(roots: Sequence[str]) -> str:
    names = ", ".join(show(root) for root in roots[:_TOLD_ROOTS])
    return names if len(roots) <= _TOLD_ROOTS else f"{names} and {len(roots) - _TOLD_ROOTS} more"


def _text(step: Step) -> str:
    if step.report is not None:
        return _counts(step.report)
    return {
        "waiting": f"{step.message} Waiting for it.",
        "away": "not there any more; what is known of it is kept.",
        "back": "there again.",
        "polling": "the system does not tell of changes there; looking through it from time to time.",
    }.get(step.state, step.state)


def _counts(report: IndexReport) -> str:
    parts = [f"{output.number(count)} {name}" for name in _COUNTS if (count := getattr(report, name))]
    sound = f" ({report.audio_s / 60:.1f} min of sound in {report.wall_s:.1f} s)" if report.audio_s else ""
    absent = "not there, or empty: " + ", ".join(map(show, report.absent)) + "; what is known of it is kept" if report.absent else ""
    return "; ".join(part for part in (", ".join(parts) + sound, absent) if part) or f"{output.plural(report.scanned, 'file')}, nothing new"
