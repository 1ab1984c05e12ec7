"""The options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hearken.limits import MAX_HITS

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", metavar="PATH", help="The library's folder. Default: $HEARKEN_HOME, or else your user-data folder."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="The model, by name or folder. Default: the library's own, 'pocket' for a new one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
CountOption = Annotated[int, typer.Option("-k", min=1, max=MAX_HITS, metavar="N", help="How many hits to show.")]
MomentsOption = Annotated[bool, typer.Option("--moments", help="Show every fitting moment, not just the best one of each file.")]
MinDurationOption = Annotated[float | None, typer.Option("--min-duration", min=0.0, metavar="S", help="Only files of at least S seconds.")]
MaxDurationOption = Annotated[float | None, typer.Option("--max-duration", min=0.0, metavar="S", help="Only files of at most S seconds.")]
PathOption = Annotated[str | None, typer.Option("--path", metavar="GLOB", help="Only files whose path fits, such as '*/field/*'.")]
FormatOption = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME", help="Only files of this format, such as wav or flac; may be given several times."),
]
NoFoldOption = Annotated[bool, typer.Option("--no-fold", help="Show near-duplicates as hits of their own.")]
JobsOption = Annotated[int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes to use. Default: one for each core.")]
