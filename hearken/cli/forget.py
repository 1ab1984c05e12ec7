"""`hearken forget`: take folders out of the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption, LibraryOption
from hearken.errors import show


def forget(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders (or single files); they need not exist any more.")],
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """Take folders out of the library.

    The sounds themselves are not touched.
    """
    from hearken.search.library import Library

    with Library(library) as opened:
        paths = dict.fromkeys(os.path.abspath(folder) for folder in folders)
        removed = {path: opened.remove(path) for path in paths}
        place = str(opened.path)
    if json:
        forgotten = [{"path": path, "num_files": count} for path, count in removed.items()]
        output.print_json({"library": place, "forgotten": forgotten})
        return
    for path, count in removed.items():
        said = f"{output.plural(count, 'file')} forgotten" if count else "the library holds no file there"
        output.console().print(f"{show(path)}: {said}")
