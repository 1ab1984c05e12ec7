"""`hearken tag`: labels for the sounds of a library, from a list of your own or AudioSet's names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.options import JsonOption, LibraryOption, ModelOption, ready_model
from hearken.cli.saving import check_table
from hearken.errors import InputError, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hearken.search.library import Library
    from hearken.search.tagging import Tagged

_SHOWN = 20


def tag(
    library: LibraryOption = None,
    model: ModelOption = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="LIST", help="A file with one label a line, or 'dog,rain,door'. Default: AudioSet's 527 names."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, metavar="N", help="At most so many labels for each sound.")] = 5,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score", min=-1.0, max=1.0, metavar="S", help="Only labels with at least this score. Default: measured for the model."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Also write a table of files and labels.")] = None,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Also write SOUND.labels.txt beside each sound that gets labels, one label a line.")
    ] = False,
    show_: Annotated[bool, typer.Option("--show", help="Show the labels that are there; give none.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take away all labels that this command gave.")] = False,
    json: JsonOption = False,
) -> None:
    """Give the sounds of the library labels, by ear.

    They are kept beside the library, and hearken search --label finds sounds by them.
    """
    from hearken.search.library import Library

    if show_ and remove:
        raise InputError("--show and --remove exclude each other.")
    if out is not None:
        check_table(out)
    with Library(library, model=ready_model(model)) as opened:
        if remove:
            _remove(opened, as_json=json)
            return
        made = _shown(opened) if show_ else _given(opened, labels, top=top, min_score=min_score, quiet=json)
        num_sounds = opened.info().stats.num_sounds if show_ else len(made)
        if out is not None or sidecar:
            _write(made, out, sidecar=sidecar)
        if json:
            output.print_json(tagged_json(opened, made, num_sounds))
        else:
            _tell(made, num_sounds)


def tagged_json(library: Library, made: Sequence[Tagged], num_sounds: int) -> dict[str, Any]:
    """Return the labels as JSON: `library`, `num_sounds`, `num_labelled`, `labels` (how many sounds have each), `sounds`."""
    sounds = [
        {"paths": list(each.paths), "labels": [{"label": label, "score": score} for label, score in each.labels]}
        for each in made
        if each.labels
    ]
    return {
        "library": str(library.path), "num_sounds": num_sounds, "num_labelled": len(sounds), "labels": dict(_counts(made)), "sounds": sounds,
    }  # fmt: skip


def _given(library: Library, labels: str | None, *, top: int, min_score: float | None, quiet: bool) -> list[Tagged]:
    from hearken.search import tagging

    request = tagging.TagRequest(tagging.read_labels(labels), top, min_score)
    parts = library.parts()
    with CountBar("label", "files", quiet=quiet) as bar:
        made = tagging.tag(parts, request, on_progress=bar)
    if tagging.least_score(parts.ready()[0].name, request) is None and not quiet:
        output.note("For this model nobody measured how sure a label must be: each sound gets its best one. --min-score says otherwise.")
    tagging.keep(str(library.path), made)
    return made


def _shown(library: Library) -> list[Tagged]:
    from hearken.search.tagging import kept

    return kept(library.parts())


def _remove(library: Library, *, as_json: bool) -> None:
    from hearken.library.notebook import Notebook
    from hearken.search.tagging import SOURCE

    with Notebook(library.parts().store.folder) as notebook:
        count = notebook.clear_labels(SOURCE)
    if as_json:
        output.print_json({"library": str(library.path), "removed": count})
    else:
        output.note(f"{output.plural(count, 'label')} taken away")


def _write(made: Sequence[Tagged], out: Path | None, *, sidecar: bool) -> None:
    from hearken.search.tag_files import write_sidecars, write_table

    if out is not None:
        write_table(out, made)
        output.note(f"written to {show(out)}")
    if sidecar:
        done = write_sidecars(made)
        output.note(f"{output.plural(done.num_written, 'text file')} written beside the sounds")
        for path, problem in done.problems[:3]:
            output.note(f"{show(path)}: {problem}")


def _tell(made: Sequence[Tagged], num_sounds: int) -> None:
    labelled = sum(bool(each.labels) for each in made)
    counts = _counts(made)
    screen = output.console()
    if counts:
        screen.print(output.table(("label", "sounds"), [(label, output.number(count)) for label, count in counts[:_SHOWN]]))
    more = f", the {_SHOWN} most frequent of {output.number(len(counts))} shown" if len(counts) > _SHOWN else ""
    output.note(f"{output.number(labelled)} of {output.plural(num_sounds, 'sound')} have labels{more}")


def _counts(made: Sequence[Tagged]) -> list[tuple[str, int]]:
    return Counter(label for each in made for label, _ in each.labels).most_common()
