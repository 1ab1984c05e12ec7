"""`hearken data prepare`: bring a corpus here, or say what to put where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import DownloadBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JsonOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.data.report import FileState, Prepared, SplitState

_SHOWN = 5
_MOST_IN_JSON = 1_000


def prepare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A corpus of `hearken data list`, or one split: NAME-SPLIT.")],
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="SPLIT", help="Only this split; may be given several times.")
    ] = None,
    text_only: Annotated[bool, typer.Option("--text-only", help="Only captions and tables, no sound.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where the corpus belongs. Default: NAME below $HEARKEN_DATA.")
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", metavar="URL", help="Get files from URL/NAME/FILE, an address or a folder. Default: $HEARKEN_MIRROR."),
    ] = None,
    remove_archives: Annotated[
        bool, typer.Option("--remove-archives/--keep-archives", help="Remove archives once they are unpacked and complete.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring a corpus here: fetch, check, unpack, and look for the sound of every clip.

    What has no public address is told: which file, from where, to which place. Run it again to go on.
    """
    from hearken.data.prepare import prepare as run

    report = run(
        name,
        folder=folder,
        splits=split or (),
        text_only=text_only,
        mirror=mirror or os.environ.get("HEARKEN_MIRROR") or None,
        remove_archives=remove_archives,
        bars=lambda title: DownloadBar(title, quiet=json),
    )
    if json:
        output.print_json(report.to_json(_MOST_IN_JSON))
    else:
        _print(report)
    if not report.is_complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _print(report: Prepared) -> None:
    screen = output.console()
    titles = ("file", "holds", "state", "size", "unpacked")
    screen.print(output.table(titles, [file_row(file) for file in report.files], folding=("file",), drop_empty=True))
    screen.print()
    if not report.clips_of:
        splits = ("split", "clips", "card", "captions", "card", "sound found", "missing")
        screen.print(output.table(splits, [split_row(split) for split in report.splits], folding=("split",), drop_empty=True))
    for kind, count in (("queries", report.num_queries), ("variations", report.num_variations)):
        if count is not None:
            screen.print(f"{output.number(count)} {kind}")
    for line in advice(report):
        output.note(line)
    if report.clips_of:
        output.note(f"The clips are those of {report.clips_of}: hearken data prepare {report.clips_of}")
    whole = "All is here" if report.is_complete else "Not all is here"
    screen.print(f"{whole}: {show(report.folder)}")


def file_row(file: FileState) -> tuple[str, ...]:
    """Return a file for the table of files."""
    size = "" if file.size_bytes is None else output.size(file.size_bytes)
    unpacked = "" if file.num_unpacked is None else output.plural(file.num_unpacked, "file")
    return file.path, file.holds, file.status, size, unpacked


def split_row(split: SplitState) -> tuple[str, ...]:
    """Return a split for the table of splits; `?` is what could not be counted."""

    def text(count: int | None) -> str:
        return "?" if count is None else output.number(count)

    missing = "" if split.found is None else output.number(len(split.missing))
    return (
        split.name, text(split.clips), output.number(split.card_clips), text(split.captions), output.number(split.card_captions),
        "" if split.found is None else text(split.found), missing,
    )  # fmt: skip


def advice(report: Prepared) -> list[str]:
    """Return what is wrong and what to do about it, a line for each thing; missing clips up to a number, and where all are."""
    lines = [f"{file.status}: {show(file.message)} {show(file.hint)}".rstrip() for file in report.files if not file.is_done]
    for split in report.splits:
        if split.problem:
            hint = "" if "data prepare" in split.hint else split.hint  # this command, which has just said why it could not
            lines.append(f"{split.name}: {show(split.problem)} {show(hint)}".rstrip())
        elif split.differs:
            lines.append(
                f"{split.name}: the files hold {split.clips} clips and {split.captions} captions; "
                f"the card says {split.card_clips} and {split.card_captions}."
            )
        lines += [f"missing: {show(audio)}" for audio in split.missing[:_SHOWN]]
        if len(split.missing) > _SHOWN:
            more = output.number(len(split.missing) - _SHOWN)
            lines.append(f"and {more} more of {split.name}: all are in {show(report.folder / 'prepared.json')}")
    return lines + [show(note) for note in report.notes]
