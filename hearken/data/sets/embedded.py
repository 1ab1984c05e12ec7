"""Sound that lies inside a table or a data set, not beside it: kept once as a file, named by its content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path, PurePath

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.data.home import data_home

_FOLDER = "embedded"


def keep_sound(content: bytes, name: str) -> str:
    """Write `content` below `data_home()/embedded`, unless it is there, and return its absolute path with `/`.

    The file is called by the SHA-256 of its content and has the suffix of `name`, if that is one of a sound. Raises OSError.
    """
    digest = hashlib.sha256(content).hexdigest()
    suffix = PurePath(name).suffix.lower()
    path = (data_home() / _FOLDER / digest[:2] / (digest + (suffix if suffix in AUDIO_SUFFIXES else ".audio"))).absolute()
    if not path.is_file() or path.stat().st_size != len(content):
        _write_whole(path, content)
    return path.as_posix()


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(path)
