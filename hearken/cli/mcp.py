"""`hearken mcp`: search as a tool for assistants, by the Model Context Protocol over stdin and stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hearken.cli import completing
from hearken.cli.options import library_folder
from hearken.errors import MissingExtraError, extra_hint


def mcp(
    library: Annotated[
        list[Path] | None,
        typer.Option(
            "--library",
            metavar="PATH",
            parser=library_folder,
            autocompletion=completing.library_names,
            help="A library's folder, or its name; may be given several times. Default: as of all commands.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Allow excerpts to be cut out into this folder. Without it nothing is written."),
    ] = None,
) -> None:
    """Let assistants search your sounds: they start this program and talk to it (Model Context Protocol).

    Everything stays on this machine but what the assistant itself passes on: names, times and notes of the sounds that it asks for.
    """
    try:
        from hearken.server.mcp import make_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "hearken":
            raise
        raise MissingExtraError("Tools for assistants need packages that are not installed.", extra_hint("mcp")) from error
    from hearken.audio import viewing
    from hearken.search.library import default_path
    from hearken.server.desk import Desk, cut_isolated, open_libraries
    from hearken.server.settings import slug

    paths = [Path(os.path.abspath(path.expanduser())) for path in library or [default_path()]]
    desk = Desk(open_libraries([(slug(path.name), path) for path in paths]), out and Path(os.path.abspath(out.expanduser())), cut_isolated)
    if sys.stdin.isatty():
        sys.stderr.write("An assistant should start this; it speaks the Model Context Protocol on stdin and stdout. Ctrl-C ends it.\n")
    try:
        make_server(desk).run("stdio")
    finally:
        viewing.close()
        desk.close()
