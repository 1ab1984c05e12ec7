"""What the shell offers behind options, when Tab is pressed: names of libraries, models, collections, labels and saved searches.

A press of Tab starts the program anew, so nothing here loads a model or an array: a few reads of small files. What cannot be read is not
offered; completion never says why.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import typer

_MODEL_CARD = "config.json"


def library_names(incomplete: str) -> list[str]:
    """Return the names of libraries (`hearken libraries`) that begin so; paths are the shell's own business."""
    from hearken.errors import HearkenError
    from hearken.library.register import named_libraries

    with contextlib.suppress(HearkenError):
        return _beginning(named_libraries(), incomplete)
    return []


def model_names(incomplete: str) -> list[str]:
    """Return the names of the models that are here and begin so, by the folders that they lie in."""
    import hearken

    home = os.environ.get("HEARKEN_MODELS")
    if home is None:
        import platformdirs

        home = str(platformdirs.user_data_path("hearken-models", appauthor=False))
    inside, installed = Path(hearken.__file__).parent / "assets", Path(home).expanduser()
    cards = [*inside.glob(f"*/{_MODEL_CARD}"), *installed.glob(f"*/{_MODEL_CARD}"), *installed.glob(f"*/*/{_MODEL_CARD}")]
    names = [card.parent.relative_to(base).as_posix() for card in cards for base in (inside, installed) if card.is_relative_to(base)]
    return _beginning((name for name in names if name != "captioner"), incomplete)


def saved_searches(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of saved searches of the library in question that begin so."""
    return _in_notebook(context, "SELECT name FROM searches ORDER BY id", incomplete)


def collections(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of its collections that begin so."""
    return _in_notebook(context, "SELECT name FROM collections ORDER BY id", incomplete)


def labels(context: typer.Context, incomplete: str) -> list[str]:
    """Return its labels that begin so."""
    return _in_notebook(context, "SELECT DISTINCT label FROM labels ORDER BY label", incomplete)


def _in_notebook(context: typer.Context, sql: str, incomplete: str) -> list[str]:
    """Ask the notebook beside the library that the line names so far, reading only. `library/notebook.py` would take numpy along."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error, OSError, ValueError):
        place = _library(context) / "notebook.sqlite"
        if place.is_file():
            with contextlib.closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)) as database:
                return _in_bash(_beginning((str(row[0]) for row in database.execute(sql)), incomplete))
    return []


def _library(context: typer.Context) -> Path:
    from hearken.errors import HearkenError

    given = context.params.get("library")
    if given is None:
        home = os.environ.get("HEARKEN_HOME")
        if home:
            return Path(home).expanduser()
        import platformdirs

        return platformdirs.user_data_path("hearken", appauthor=False)
    with contextlib.suppress(HearkenError):
        from hearken.library.register import library_path

        return library_path(given).expanduser()
    return Path(given)


def _in_bash(names: list[str]) -> list[str]:
    """Return names as they must stand on the line: bash takes what is offered as it is, so that "long rain" would be two words."""
    if os.environ.get("_HEARKEN_COMPLETE") != "complete_bash":
        return names
    import re
    import shlex

    try:
        shlex.split(os.environ.get("COMP_WORDS", ""))
    except ValueError:
        return names  # a quotation has begun
    return [re.sub(r"([^\w@%+=:,./-])", r"\\\1", name) for name in names]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    begin = incomplete.casefold()
    return [name for name in dict.fromkeys(names) if name.casefold().startswith(begin)]
