"""Names for libraries, kept in the user's configuration folder, so that `--library field` need not be a path.

One small JSON file, `libraries.json`: name to absolute path. What is not there is an empty register.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from hearken.errors import InputError, StoreError, show
from hearken.files import write_whole

_NAME = re.compile(r"[\w][\w .+-]{0,63}")
_FILE = "libraries.json"


def register_path() -> Path:
    """Return where the names are: in `$HEARKEN_CONFIG`, or else Hearken's user-configuration folder on this platform."""
    home = os.environ.get("HEARKEN_CONFIG")
    if home:
        return Path(home).expanduser().absolute() / _FILE
    import platformdirs

    return platformdirs.user_config_path("hearken", appauthor=False) / _FILE


def named_libraries() -> dict[str, Path]:
    """Return the libraries that have a name, by name. Raises StoreError for a register that cannot be read."""
    place = register_path()
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not all(isinstance(each, str) for pair in found.items() for each in pair):
            raise ValueError("it is no table of names and paths")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"The names of libraries in {show(place)} cannot be read: {reason}.", "Mend that file, or delete it.") from error
    return {name: Path(found[name]) for name in sorted(found)}


def put_name(name: str, path: str | os.PathLike[str]) -> Path:
    """Give the library at `path`, which may be still to be made, a name in place of what the name stood for; return the absolute path.

    Raises InputError for a name that could be taken for a path or an option, StoreError where the register cannot be written.
    """
    if not _NAME.fullmatch(name) or name != name.strip():
        raise InputError(
            f"{show(name)!r} is no name for a library.", "Use letters, digits, blanks, dots and hyphens, and begin with a letter or digit."
        )
    place = Path(os.path.abspath(os.path.expanduser(path)))
    _write({**named_libraries(), name: place})
    return place


def forget_name(name: str) -> Path:
    """Forget a name and return the path that it stood for; the library itself stays. Raises InputError for a name that is not there."""
    known = named_libraries()
    if name not in known:
        raise InputError(f"No library is called {show(name)!r}.", f"Names: {', '.join(map(show, known)) or 'none'}.")
    path = known.pop(name)
    _write(known)
    return path


def library_path(named: str | os.PathLike[str]) -> Path:
    """Return the path that is meant by `--library`: that of a name, else what is given is a path. `./field` is never a name.

    Raises StoreError for a register that cannot be read, where what is given may be a name.
    """
    text = os.fspath(named)
    if _NAME.fullmatch(text):
        return named_libraries().get(text, Path(text))
    return Path(text)


def _write(known: dict[str, Path]) -> None:
    place = register_path()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, (json.dumps({name: os.fspath(path) for name, path in sorted(known.items())}, indent=2) + "\n").encode())
    except OSError as error:
        raise StoreError(
            f"The names of libraries in {show(place)} cannot be written: {error.strerror or error}.", "Check the permissions there."
        ) from error
