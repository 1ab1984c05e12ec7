"""The options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from hearken.cli import completing, output
from hearken.errors import show
from hearken.limits import MAX_HITS

_LENGTH = re.compile(r"(?:(?:(\d{1,6}):(?=[0-5]\d:))?(\d{1,6}):(?=[0-5]\d(?:\.|$)))?(\d{1,12}(?:\.\d*)?|\.\d+)", re.ASCII)


def hit_count(text: str | int) -> int:
    """Return how many hits `-k` asks for. Raises BadParameter with a sentence for anything but 1 to MAX_HITS."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if not 1 <= count <= MAX_HITS:
        raise typer.BadParameter(f"{show(str(text))!r} is not a whole number from 1 to {MAX_HITS}.")
    return count


def seconds(text: str | float) -> float:
    """Return a length given as seconds, M:SS or H:MM:SS in seconds. Raises BadParameter with a sentence for anything else."""
    parts = _LENGTH.fullmatch(str(text))
    if not parts:
        raise typer.BadParameter(f"{show(str(text))!r} is no length: give seconds such as 90, or M:SS or H:MM:SS such as 1:30.")
    hours, minutes, rest = parts.groups()
    return int(hours or 0) * 3_600.0 + int(minutes or 0) * 60.0 + float(rest)


def library_folder(text: str | Path) -> Path:
    """Return the folder that `--library` means: a name of `hearken libraries`, or a path. Raises StoreError for names that cannot be read."""
    from hearken.library.register import library_path

    return library_path(text)


def ready_model(model: str | None) -> str | None:
    """Return `model` as it is, once a checkpoint that it names is installed; says on stderr what is fetched and done.

    What is neither here nor can be fetched is left to whoever uses it. Raises what `hearken.zoo.install.ensure` raises.
    """
    from hearken.zoo import install

    if model is not None and install.can_be_fetched(model):
        install.ensure(model, tell=lambda step: output.note(f"{step} ..."))
    return model


LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="PATH",
        parser=library_folder,
        autocompletion=completing.library_names,
        help="The library's folder, or its name (hearken libraries). Default: $HEARKEN_HOME, or else your user-data folder.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        autocompletion=completing.model_names,
        help="The model, by name, hub id or folder. Default: the library's own, 'pocket' for a new one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
CountOption = Annotated[int, typer.Option("-k", parser=hit_count, metavar="N", help="How many hits to show.")]
MomentsOption = Annotated[bool, typer.Option("--moments", help="Show every fitting moment, not just the best one of each file.")]
MinDurationOption = Annotated[
    float | None, typer.Option("--min-duration", parser=seconds, metavar="S", help="Only files of at least S seconds, or M:SS.")
]
MaxDurationOption = Annotated[
    float | None, typer.Option("--max-duration", parser=seconds, metavar="S", help="Only files of at most S seconds, or M:SS.")
]
PathOption = Annotated[str | None, typer.Option("--path", metavar="GLOB", help="Only files whose path fits, such as '*/field/*'.")]
FormatOption = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME", help="Only files of this format, such as wav or flac; may be given several times."),
]
NoFoldOption = Annotated[bool, typer.Option("--no-fold", help="Show near-duplicates as hits of their own.")]
JobsOption = Annotated[int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes to use. Default: one for each core.")]
