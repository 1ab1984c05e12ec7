"""`hearken libraries`: names for libraries, so that they need not be given by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption
from hearken.errors import InputError, LibraryNotFoundError, StoreError, show

if TYPE_CHECKING:
    from hearken.search.library import LibraryInfo


def libraries(
    name: Annotated[str | None, typer.Argument(metavar="[NAME", help="A name for a library, for --library NAME.")] = None,
    path: Annotated[Path | None, typer.Argument(metavar="PATH]", help="Its folder.")] = None,
    forget: Annotated[str | None, typer.Option("--forget", metavar="NAME", help="Forget a name; the library itself stays.")] = None,
    json: JsonOption = False,
) -> None:
    """List libraries by name, or name one.

    hearken libraries field ~/field-library; then hearken search "wind" --library field
    """
    from hearken.library.register import forget_name, put_name

    if (name is None) != (path is None) or (forget is not None and name is not None):
        raise InputError("A name needs a path: hearken libraries NAME PATH.", "--forget NAME stands alone.")
    if name is not None and path is not None:
        output.note(f"{show(name)} is {show(put_name(name, path))}")
    if forget is not None:
        output.note(f"{show(forget)} was {show(forget_name(forget))}")
    if name is None and forget is None:
        _list(as_json=json)


def _list(*, as_json: bool) -> None:
    from hearken.library.register import named_libraries
    from hearken.search.library import default_path

    places = {"": default_path(), **named_libraries()}
    found = [(name, path, _info(path)) for name, path in places.items()]
    if as_json:
        output.print_json({"libraries": [_json(*each) for each in found]})
        return
    rows = [(name or "(default)", str(path), *_facts(about)) for name, path, about in found]
    output.console().print(output.table(("name", "folder", "files", "model"), rows, folding=("folder",)))


def _info(path: Path) -> LibraryInfo | str:
    """Return what the library is, or why it cannot be opened."""
    from hearken.search.library import Library

    try:
        with Library(path) as opened:
            return opened.info()
    except LibraryNotFoundError:
        return "not there"
    except StoreError as error:
        return error.message


def _facts(about: LibraryInfo | str) -> tuple[str, str]:
    return (about, "") if isinstance(about, str) else (output.number(about.stats.num_files), about.model.name)


def _json(name: str, path: Path, about: LibraryInfo | str) -> dict[str, Any]:
    """Return one library as JSON: `name` (null for the default), `path`, `num_files`, `model`, `problem`; what is not known is null."""
    problem = about if isinstance(about, str) else None
    known = None if isinstance(about, str) else about
    return {
        "name": name or None, "path": str(path), "num_files": known and known.stats.num_files, "model": known and known.model.name,
        "problem": problem,
    }  # fmt: skip
