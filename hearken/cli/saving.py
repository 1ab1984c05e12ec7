"""Keeping what was found: `--save FILE` of search, similar and export, whose suffix says in which form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import completing, output
from hearken.cli.bars import CountBar
from hearken.errors import AudioLimitError, InputError, show

if TYPE_CHECKING:
    from hearken.search.excerpts import Cuts
    from hearken.search.library import Library
    from hearken.search.listing import Line
    from hearken.types import Hit

_FORMS = ".csv, .json, .m3u8 (playlist), .txt (Audacity labels), .tsv (Raven), .zip (the sounds, cut out), or a folder for these"
SaveOption = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help=f"Also keep the hits; the suffix says how: {_FORMS}."),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME",
        autocompletion=completing.labels,
        help="Only sounds with this label (hearken tag); may be given several times: any of them.",
    ),
]
CollectionOption = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", autocompletion=completing.collections, help="Only sounds of this collection.")
]
PadOption = Annotated[float, typer.Option("--pad", min=0.0, max=60.0, metavar="S", help="Seconds more before and behind each cut sound.")]


def check_place(path: Path) -> str:
    """Return the format that a place asks for, `folder` for one without a suffix. Raises InputError for a suffix that says nothing."""
    from hearken.search.listing import format_of

    if path.is_dir() or not path.suffix:
        return "folder"
    found = format_of(path)
    if found is None:
        raise InputError(f"The suffix of {show(path)} says no format.", f"Known: {_FORMS}.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {show(path.absolute().parent)}.", "Make it first.")
    return found


def check_table(path: Path) -> None:
    """Refuse a place for a table before the work is done for it. Raises InputError."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"The table {show(path)} would be a CSV.", "Give it a name that ends in .csv.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {show(path.absolute().parent)}.", "Make it first.")


def note_unknown(library: Library, labels: Sequence[str]) -> None:
    """Say which of some labels no sound of the library has: a name that is misspelt would pass for one of which there is nothing."""
    from hearken.library.notebook import Notebook

    with Notebook(library.path) as notebook:
        unknown = [label for label in labels if not notebook.labelled(label)]
    if unknown:
        output.note(
            f"No sound has the label {', '.join(repr(show(label)) for label in unknown)}; `hearken tag --show` lists what there is."
        )


def lines_of(library: Library, hits: Sequence[Hit]) -> list[Line]:
    """Return `hits` as lines of a list, with the labels and notes of their sounds."""
    from hearken.library.whereabouts import marks_of
    from hearken.search.listing import line_of

    store = library.parts().store
    ids = [store.find(hit.path) for hit in hits]
    records = {record.id: record for record in store.files([each for each in dict.fromkeys(ids) if each is not None])}
    known = marks_of(store, list(records.values()))
    lines = []
    for file_id, hit in zip(ids, hits, strict=True):
        about = known.get(file_id or 0)
        names = tuple(dict.fromkeys(label.label for label in about.labels)) if about else ()
        lines.append(line_of(hit, labels=names, note=about.note if about else ""))
    return lines


def save(lines: Sequence[Line], path: Path, *, title: str, quiet: bool, pad_s: float = 0.0) -> bool:
    """Write `lines` to `path` in the format that its name asks for, say so on stderr, and return whether all of it could be written.

    Raises InputError, DiskFullError.
    """
    from hearken.files import write_whole
    from hearken.search.excerpts import unwritable
    from hearken.search.listing import num_sounds, text_of

    form = check_place(path)
    if form in ("zip", "folder"):
        return _cut_out(lines, path, form, quiet=quiet, pad_s=pad_s)
    try:
        write_whole(path, text_of(form, lines, title=title))
    except OSError as error:
        raise unwritable(path, error) from error
    output.note(f"{output.plural(len(lines), 'line')} written to {show(path)}")
    if form == "labels" and num_sounds(lines) > 1:
        output.note("The times are those of several files; Audacity takes labels of one: add --path NAME --moments.")
    return True


def _cut_out(lines: Sequence[Line], path: Path, form: str, *, quiet: bool, pad_s: float) -> bool:
    from hearken.audio import viewing
    from hearken.search.excerpts import write_folder, write_zip

    padded = [_padded(line, pad_s) for line in lines]
    try:
        with CountBar("cut", "sounds", quiet=quiet) as bar:
            made = (write_folder if form == "folder" else write_zip)(path, padded, _cut, on_done=bar)
    finally:
        viewing.close()
    _tell(made, path)
    return not made.problems


def _cut(line: Line) -> bytes:
    from hearken.audio import viewing

    try:
        return viewing.cut(line.path, line.start_s, line.end_s, format="flac")
    except TimeoutError as error:
        raise AudioLimitError(f"{show(line.path)}: cutting took too long.") from error


def _padded(line: Line, pad_s: float) -> Line:
    from dataclasses import replace

    return replace(line, start_s=round(max(0.0, line.start_s - pad_s), 3), end_s=round(min(line.duration_s, line.end_s + pad_s), 3))


def _tell(made: Cuts, path: Path) -> None:
    output.note(f"{output.plural(made.num_written, 'sound')} cut out, with list.csv, in {show(os.fspath(path))}")
    for name, problem in made.problems[:3]:
        output.note(problem if show(name) in problem else f"{show(name)}: {problem}")
