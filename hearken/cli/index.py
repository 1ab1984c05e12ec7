"""`hearken index`: bring a library up to date with folders of sounds."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_INTERRUPTED, EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, LibraryOption, ModelOption, ready_model
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.library.index import IndexEvent, IndexReport
    from hearken.search.library import Library
    from hearken.types import Failure

_TOLD = 3  # so many failures are told at once; more are a list of their own


def index(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders (or single files) of sounds.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    jobs: JobsOption = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed before, though they are unchanged.")
    ] = False,
    captions: Annotated[
        bool, typer.Option("--captions", help="Also write a caption for every sound of the library that has none, by machine.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Index folders of sounds.

    Run it again after changes, or to go on after an interruption: only what is new is listened to.
    """
    from hearken.search.library import Library

    with Library(library, model=ready_model(model)) as opened:
        roots = [os.path.abspath(folder) for folder in folders]
        report = index_into(opened, roots, jobs=jobs, as_json=json, retry_failed=retry_failed, captions=captions)
    if report.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def index_into(
    library: Library, roots: Sequence[str], *, jobs: int | None, as_json: bool, retry_failed: bool = False, captions: bool = False
) -> IndexReport:
    """Index `roots` into `library` with a progress bar, print the report, and return it. Ctrl-C says how to go on."""
    from hearken.cli.progress import IndexProgress

    with IndexProgress(quiet=as_json) as progress:
        try:
            report = library.index(roots, jobs=jobs, retry_failed=retry_failed, captions=captions, on_event=progress)
        except KeyboardInterrupt:
            output.note(interrupted(progress.last))
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        output.print_json({"library": str(library.path), "roots": list(roots), **asdict(report)})
    else:
        told = failed_below(library.failures(), roots) if 0 < report.failed <= _TOLD else []
        output.console().print(summary(report, told))
    return report


def failed_below(ledger: Sequence[Failure], roots: Sequence[str]) -> list[Failure]:
    """Return the failures of files that are one of `roots` or lie below one; what was only skipped is no failure."""
    below = tuple(os.path.join(root, "") for root in roots)
    return [failure for failure in ledger if failure.stage != "scan" and (failure.path in roots or failure.path.startswith(below))]


def interrupted(last: IndexEvent | None) -> str:
    """Return what to say after Ctrl-C: how far it got, and how to go on."""
    done = "Nothing is lost"
    if last and last.phase == "graph":
        done = "All files are done and kept, only searching is not as quick yet"
    elif last and last.phase == "caption":
        done = f"All files are done and kept, and {output.plural(last.num_done, 'caption')} of {output.number(last.num_total)}"
    elif last and last.num_total:
        done = f"{output.plural(last.num_done, 'file')} of {output.number(last.num_total)} done and kept"
    return f"Interrupted. {done}; run the same command again to go on."


def summary(report: IndexReport, failures: Sequence[Failure] = ()) -> str:
    """Return what a run did, in one line; and one more for each thing that may need the user's attention.

    `failures` are the reasons to tell; unless they are those of all files that failed, the place where they are listed is told.
    """
    counts = ("indexed", "unchanged", "moved", "copied", "deleted", "failed", "skipped")
    parts = [f"{output.number(value)} {name}" for name in counts if (value := getattr(report, name)) or name == "indexed"]
    sound = f"{report.audio_s / 60:.1f} min of sound in " if report.audio_s else ""
    speed = f", {report.audio_s / report.wall_s:.0f}x real time" if report.audio_s and report.wall_s else ""
    lines = [f"{output.plural(report.scanned, 'file')}: {', '.join(parts)} ({sound}{report.wall_s:.1f} s{speed})"]
    if report.captioned:
        lines.append(f"{output.plural(report.captioned, 'sound')} got a machine-made caption, which may be wrong.")
    if report.scanned == report.skipped and not report.absent:
        lines.append("No sound file was found there: they are known by names that end in .wav, .flac, .mp3 and the like.")
    lines += [
        f"{root} is not there, or empty; what is known of it was kept. `hearken forget {shlex.quote(root)}` removes it."
        for root in map(show, report.absent)
    ]
    if report.failed and len(failures) == report.failed:
        lines += [f"Failed: {output.failure_text(failure)}" for failure in failures]
    elif report.failed:
        lines.append("Some files failed; `hearken info --failures` says which and why.")
    return "\n".join(lines)
